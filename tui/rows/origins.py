"""What a trace holds before a step, read some dozens of steps at once: meant for a thread.

Between two reads the database is free for what is on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from replay.records import Interaction, ModelCall, ToolCall
from replay.verdicts.origin_sources import (
    PLACES_BEFORE,
    call_sources,
    step_sources,
    told_sources,
)
from replay.verdicts.origins import Place, Source
from tui.rows.database import Database
from tui.rows.steps import StepDetail, StepList

_AT_ONCE: Final = 100
_PLACES: Final[dict[str, Place]] = {
    "Payload": "payload",
    "Outside": "outside",
    "Response": "response",
}


def sources_before(
    database: Database,
    steps: StepList,
    detail: StepDetail,
    tab: str,
    *,
    on_step: Callable[[int], None] = lambda number: None,
) -> Iterator[Source]:
    """Give everything that was there before a value in ``tab`` of the step ``detail``, in order.

    ``on_step`` is told the number of a step now and then; what it raises ends the reading.
    """
    number = detail.row.number
    yield from told_sources(detail.model_call)
    for first in range(0, number, _AT_ONCE):
        on_step(first)
        last = min(first + _AT_ONCE, number)
        for step, asked in _read(database, steps.key, first, last):
            yield from step_sources(step, asked)
    own = PLACES_BEFORE.get(_PLACES[tab], ()) if tab in _PLACES else ()
    if detail.call_texts is not None and own:  # texts only: values say the same, in more memory
        yield from call_sources(detail.call_texts, detail.interactions, own)


def _read(
    database: Database, trace: int, first: int, last: int
) -> list[tuple[ModelCall | ToolCall, list[Interaction]]]:
    """Return the steps from ``first`` to before ``last``, each with its outside calls."""
    between = "r.trace = ? AND r.step_number >= ? AND r.step_number < ?"
    with database.reading():
        records = database.records
        steps: list[ModelCall | ToolCall] = [
            *records.records(
                "model_call",
                between,
                [trace, first, last],
                left_out=frozenset(("messages", "tools")),
            ),
            *records.records(
                "tool_call",
                between,
                [trace, first, last],
                left_out=frozenset(("payload", "result")),
            ),
        ]
        interactions: list[Interaction] = records.records(
            "interaction",
            "r.tool_call IN (SELECT c.key FROM tool_call_rows c WHERE c.trace = ? "
            "AND c.step_number >= ? AND c.step_number < ?)",
            [trace, first, last],
            "r.tool_call, r.interaction_index",
        )
    asked: dict[str, list[Interaction]] = {}
    for interaction in interactions:
        asked.setdefault(interaction.tool_call_id, []).append(interaction)
    return [
        (step, asked.get(step.id, [])) for step in sorted(steps, key=lambda one: one.step_number)
    ]
