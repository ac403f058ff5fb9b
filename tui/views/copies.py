"""The forms of a step that can be copied."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from replay.report.copies import (
    command_of,
    curl_of,
    curl_of_model_call,
    json_of,
    pytest_of,
    request_ids,
)
from tui.copies import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from replay.records import ModelCall, ToolCall
    from tui.rows.steps import StepDetail

Form = tuple[str, "Callable[[], str]"]
"""Its name, and what makes it; that raises ReplayError where there is none."""


def forms_of(
    detail: StepDetail, *, pane: Any, tab: str, database: str, options: Sequence[str]
) -> Iterator[Form]:
    """Give the forms of a step; ``pane``: what is shown, ``options``: today's tools."""
    call: ToolCall | ModelCall | None = detail.call_texts or detail.answer
    if call is None:
        return
    command = partial(
        command_of, database=database, trace_id=call.trace_id, step_number=call.step_number
    )
    yield f"this pane ({tab.lower()}) as JSON", partial(spelled, pane)
    yield f"step {call.step_number} as JSON", partial(_step, detail)
    for number, one in enumerate(detail.interactions, 1):
        many = len(detail.interactions) > 1
        yield f"curl: outside call{f' {number}' if many else ''}", partial(curl_of, one)
    if detail.has_model_call:
        whose = "the model call" if detail.call_texts is None else "its model call"
        yield f"curl: {whose}", partial(_curl, detail)
    if detail.call_texts is not None:
        yield (
            "a pytest test of this call",
            partial(pytest_of, detail.call_texts, database=database, options=options),
        )
    for name, value in request_ids(call).items():
        yield name, partial(str, value)
    yield "replay show, as a command", partial(command, "show")
    if detail.call_texts is not None:
        yield "replay debug, as a command", partial(command, "debug")


def _step(detail: StepDetail) -> str:
    step = detail.tool_call or detail.model_call
    assert step is not None
    return json_of(step)


def _curl(detail: StepDetail) -> str:
    assert detail.model_call is not None
    return curl_of_model_call(detail.model_call)
