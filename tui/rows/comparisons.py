"""The calls that a comparison steps through: of one trace, or of one finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from replay.records import CallVerdict, Finding, Interaction, JsonValue, ToolCall
from tui.rows.both import Both
from tui.rows.calls import read_payload, read_tool_call
from tui.rows.database import Database
from tui.rows.replays import FoundCalls, RunFindings, read_found_call, read_whole_verdict
from tui.rows.steps import StepList, StepRow, read_detail
from tui.rows.verdict_parts import read_payloads, verdict_texts

_BIG_SIZE: Final = 300_000
"""A payload of more characters that is the same today is read again when it is opened."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One call, with what a replay run says of it."""

    trace_id: str
    step_number: int
    call: ToolCall
    verdict: CallVerdict | None
    """None: no replay run has judged it."""
    interactions: Sequence[Interaction]
    payloads: Both | None = None
    """Where they are read already; of a big one that is the same only its keys, or its length."""
    told: Both | None = None
    """What the model was told, and would be told today, where that is read already."""
    payload_again: Callable[[], JsonValue] | None = None
    """Reads the payload, where ``payloads`` has only its outline."""


class Comparisons(Protocol):
    """Calls in an order, each read when it is looked at."""

    @property
    def noun(self) -> str:
        """What they are: ``tool call``."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> Compared:
        """Return one of them.

        Raises:
            StoreError: the database cannot be read.
        """
        ...

    def whole(self, index: int) -> dict[str, JsonValue]:
        """Return one of them with all its values, recorded and today's.

        Raises:
            StoreError: the database cannot be read.
        """
        ...

    def is_different(self, index: int) -> bool:
        """Say whether somebody stepping through differences stops here."""
        ...


class StepComparisons:
    """The tool calls of a trace."""

    noun = "tool call"

    def __init__(self, database: Database, steps: StepList) -> None:
        """``steps`` come with their verdicts."""
        self._database = database
        self._steps = steps
        self._rows = [row for row in steps.steps if row.kind == "tool"]

    def __len__(self) -> int:
        return len(self._rows)

    def index_of(self, row: StepRow) -> int | None:
        """Return where a step is; None: it is no tool call."""
        return next((at for at, one in enumerate(self._rows) if one.key == row.key), None)

    def read(self, index: int) -> Compared:
        """Return one of them."""
        row = self._rows[index]
        detail = read_detail(self._database, self._steps, row)
        texts = detail.call_texts
        assert texts is not None
        said = self._steps.verdicts.get(row.key)
        verdict = said and verdict_texts(self._database, self._steps.run_key, row.key)
        if said is None or verdict is None:
            return Compared(self._steps.trace.id, row.number, texts, None, ())
        verdict = verdict.model_copy(update={"approved": said.approved})
        key = (self._steps.run_key, row.key)
        return _compared(self._database, key, texts, verdict, detail.interactions)

    def whole(self, index: int) -> dict[str, JsonValue]:
        """Return one of them with all its values, recorded and today's."""
        detail = read_detail(self._database, self._steps, self._rows[index])
        return _whole(detail.tool_call, detail.judged())

    def is_different(self, index: int) -> bool:
        """Say whether today differs."""
        said = self._steps.verdicts.get(self._rows[index].key)
        return said is not None and said.is_divergence


class FindingComparisons:
    """The calls of a finding."""

    noun = "call with this cause"

    def __init__(
        self, database: Database, found: RunFindings, finding: Finding, calls: FoundCalls
    ) -> None:
        """``calls`` of ``finding``."""
        self._database = database
        self._found = found
        self._finding = finding
        self._calls = calls

    def __len__(self) -> int:
        return len(self._calls)

    def read(self, index: int) -> Compared:
        """Return one of them."""
        at = self._calls[index]
        verdict, texts, interactions = read_found_call(
            self._database, self._found, self._finding, at, has_payload=False
        )
        key = (self._found.run_key, at.tool_call)
        return _compared(self._database, key, texts, verdict, interactions)

    def whole(self, index: int) -> dict[str, JsonValue]:
        """Return one of them with all its values, recorded and today's."""
        at = self._calls[index]
        verdict = read_whole_verdict(self._database, self._found, self._finding, at)
        return _whole(read_tool_call(self._database, at.tool_call), verdict)

    def is_different(self, index: int) -> bool:
        """All of them are."""
        return True


def _compared(
    database: Database,
    key: tuple[int | None, int],
    texts: ToolCall,
    verdict: CallVerdict,
    interactions: Sequence[Interaction],
) -> Compared:
    """Return a call; ``key``: its run and its row, ``texts``, ``verdict``: it without its values.

    What is not needed any more must go before more is read, for each may be megabytes.
    """
    payloads = read_payloads(database, *key)
    is_big = len(texts.arguments) > _BIG_SIZE
    if payloads.is_same and is_big:
        outline = _outline(payloads.recorded)
        payloads = Both(outline, outline, is_same=True)
    again = partial(read_payload, database, key[1])
    told = database.told(key, verdict, texts)
    return Compared(
        texts.trace_id,
        texts.step_number,
        texts,
        verdict,
        interactions,
        payloads,
        told,
        again if payloads.is_same and is_big else None,
    )


def _outline(value: JsonValue) -> JsonValue:
    """Return the keys of an object, or as many items as a list has."""
    if isinstance(value, dict):
        return dict.fromkeys(value)
    return [None] * len(value) if isinstance(value, list) else value


def _whole(call: ToolCall | None, verdict: CallVerdict | None) -> dict[str, JsonValue]:
    return {
        "recorded": None if call is None else call.model_dump(mode="json"),
        "today": None if verdict is None else verdict.model_dump(mode="json"),
    }
