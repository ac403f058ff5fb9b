"""What a trace holds before one of its values, in order: where it may have come from.

What people and the application told the model comes from the prompt that the step's model call had;
what the model said, what tools were given, asked and told, from the steps before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from replay.records import Interaction, ModelCall, ToolCall
from replay.verdicts.origins import Place, Source

PLACES_BEFORE: Final[dict[Place, tuple[Place, ...]]] = {
    "payload": (),
    "outside": ("payload",),
    "response": ("payload", "outside"),
}
"""By where a value stands: what of the step itself came before it."""


def told_sources(call: ModelCall | None) -> Iterator[Source]:
    """Give what others than the model and the tools told the model, in its whole prompt."""
    for message in [] if call is None else call.messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role in ("user", "system", "developer") and call is not None:
            yield Source(call.step_number, "prompt", _without_results(message), str(role))


def step_sources(step: ModelCall | ToolCall, asked: Sequence[Interaction]) -> Iterator[Source]:
    """Give what an earlier step holds."""
    if isinstance(step, ModelCall):
        yield Source(step.step_number, "output", _words_of(step.output), "model")
    else:
        yield from call_sources(step, asked, ("payload", "outside", "response"))


def call_sources(
    call: ToolCall, asked: Sequence[Interaction], places: tuple[Place, ...]
) -> Iterator[Source]:
    """Give these parts of a tool call; ``asked``: its outside calls."""
    if "payload" in places:
        yield Source(call.step_number, "payload", call.arguments, call.tool)
    if "outside" in places:
        for interaction in asked:
            yield Source(call.step_number, "outside", interaction.exchange, call.tool)
    if "response" in places and call.response is not None:
        yield Source(call.step_number, "response", call.response, call.tool)


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
