"""What a trace holds before a step, in order: where a value of that step may have come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.records import Interaction, ModelCall, ToolCall
from replay.verdicts.origins import Place, Source
from tui.rows.database import Database
from tui.rows.steps import StepDetail, StepList

_BEFORE: Final[dict[str, tuple[Place, ...]]] = {
    "Payload": (),
    "Outside": ("payload",),
    "Response": ("payload", "outside"),
}
"""By tab: what of the step itself came before the value."""


def sources_before(
    database: Database, steps: StepList, detail: StepDetail, tab: str
) -> Iterator[Source]:
    """Give everything that was there before a value in ``tab`` of the step ``detail``, in order.

    What people and the application told the model comes from the prompt that the step's model call
    had; what the model said, what tools were given, asked and told, from the steps before.
    """
    number = detail.row.number
    with database.reading():
        records = database.records
        model_calls: list[ModelCall] = records.records(
            "model_call",
            "r.trace = ? AND r.step_number < ?",
            [steps.key, number],
            left_out=frozenset(("messages", "tools")),
        )
        tool_calls: list[ToolCall] = records.records(
            "tool_call", "r.trace = ? AND r.step_number <= ?", [steps.key, number]
        )
        interactions: list[Interaction] = records.records(
            "interaction",
            "r.tool_call IN (SELECT c.key FROM tool_call_rows c WHERE c.trace = ? "
            "AND c.step_number <= ?)",
            [steps.key, number],
            "r.tool_call, r.interaction_index",
        )
    asked: dict[str, list[Interaction]] = {}
    for interaction in interactions:
        asked.setdefault(interaction.tool_call_id, []).append(interaction)
    yield from _told(detail.model_call)
    before: list[ModelCall | ToolCall] = [*model_calls, *tool_calls]
    for step in sorted(before, key=lambda one: one.step_number):
        if isinstance(step, ModelCall):
            yield Source(step.step_number, "output", _words_of(step.output), "model")
        elif step.step_number < number:
            yield from _of_call(step, asked.get(step.id, []), ("payload", "outside", "response"))
        elif step.id == detail.row.id:
            yield from _of_call(step, asked.get(step.id, []), _BEFORE.get(tab, ()))


def _told(call: ModelCall | None) -> Iterator[Source]:
    """What others than the model and the tools told the model, in its whole prompt."""
    for message in [] if call is None else call.messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role in ("user", "system", "developer") and call is not None:
            yield Source(call.step_number, "prompt", _without_results(message), str(role))


def _without_results(message: dict[str, object]) -> object:
    """Anthropic gives tool results in the user's messages: they are the tools' responses."""
    content = message.get("content")
    if not isinstance(content, list):
        return content
    return [
        block
        for block in content
        if not (isinstance(block, dict) and block.get("type") == "tool_result")
    ]


def _words_of(output: object) -> object:
    """What the model said, without the calls it asked for: those are payloads of their own."""
    if isinstance(output, list):
        return [_words_of(item) for item in output]
    if isinstance(output, dict):
        if output.get("type") in ("tool_use", "function_call"):
            return None
        return {key: value for key, value in output.items() if key != "tool_calls"}
    return output


def _of_call(
    call: ToolCall, asked: list[Interaction], places: tuple[Place, ...]
) -> Iterator[Source]:
    if "payload" in places:
        yield Source(call.step_number, "payload", call.arguments, call.tool)
    if "outside" in places:
        for interaction in asked:
            yield Source(call.step_number, "outside", interaction.exchange, call.tool)
    if "response" in places and call.response is not None:
        yield Source(call.step_number, "response", call.response, call.tool)
