"""An imported trace back to the messages of its line, exactly as the file had them."""

from __future__ import annotations

from collections.abc import Callable

from replay.records import JsonObject, JsonValue, ModelCall, ToolCall, Transcript

LINE = "line"
"""The attribute of a trace that marks it as imported from a line, and holds the line's fields."""

VERBATIM = "verbatim"
"""The attribute with the whole line, for the rare one that its records alone cannot give back."""


def is_imported(transcript: Transcript, source: str) -> bool:
    """Return whether the trace came from a line of the format ``source``."""
    return transcript.trace.source == source and LINE in transcript.trace.attributes


def line_of(
    transcript: Transcript,
    *,
    as_message: Callable[[ModelCall], JsonObject],
    reply_fields: Callable[[ModelCall], JsonObject],
) -> JsonObject:
    """Return the line's own fields, the model, the start and the messages; no tools.

    ``as_message``: a model's output as a message of the format; ``reply_fields``: what the file
    says of a model's message and the records hold in fields of their own.
    """
    trace, calls = transcript.trace, _model_calls(transcript)
    line: JsonObject = {**trace.attributes[LINE]}
    if calls and calls[0].model is not None:
        line["model"] = calls[0].model
    if isinstance(trace.start, dict):
        line.update(trace.start)
    fields = _fields_by_index(transcript, reply_fields)
    line["messages"] = _woven(transcript, _shown(transcript, as_message), fields)
    return line


def _model_calls(transcript: Transcript) -> list[ModelCall]:
    return [step for step in transcript.steps if isinstance(step, ModelCall)]


def _shown(
    transcript: Transcript, as_message: Callable[[ModelCall], JsonObject]
) -> list[JsonObject]:
    attributes, calls = transcript.trace.attributes, _model_calls(transcript)
    after: list[JsonObject] = attributes.get("after", [])
    prefix_count: int = attributes.get("prefix_count", 0)
    if not calls:
        return after[prefix_count:]
    return [*calls[-1].messages[prefix_count:], as_message(calls[-1]), *after]


def _woven(
    transcript: Transcript, shown: list[JsonObject], fields: dict[int, JsonObject]
) -> list[JsonValue]:
    kept = transcript.trace.attributes.get("messages", {})
    hidden = {int(index): entry["hidden"] for index, entry in kept.items() if "hidden" in entry}
    call_fields = _call_fields(transcript)
    messages: list[JsonValue] = []
    rest = iter(shown)
    for index in range(len(shown) + len(hidden)):
        if index in hidden:
            messages.append(hidden[index])
            continue
        message = {**next(rest), **fields.get(index, {})}
        if index in call_fields:
            message["tool_calls"] = [
                {**call, **call_fields[index].get(call_index, {})}
                for call_index, call in enumerate(message["tool_calls"])
            ]
        messages.append(message)
    return messages


def _fields_by_index(
    transcript: Transcript, reply_fields: Callable[[ModelCall], JsonObject]
) -> dict[int, JsonObject]:
    kept = transcript.trace.attributes.get("messages", {})
    fields: dict[int, JsonObject] = {
        int(index): entry["fields"] for index, entry in kept.items() if "fields" in entry
    }
    for step in transcript.steps:
        if isinstance(step, ModelCall):
            own = {**step.attributes.get("message", {}), **reply_fields(step)}
            fields[step.attributes["message_index"]] = own
        elif "answer" in step.attributes:
            fields[step.attributes["answer_index"]] = step.attributes["answer"]
    return fields


def _call_fields(transcript: Transcript) -> dict[int, dict[int, JsonObject]]:
    """Fields of single calls that the model's message does not hold: message, then call index."""
    message_of = {call.id: call.attributes["message_index"] for call in _model_calls(transcript)}
    found: dict[int, dict[int, JsonObject]] = {}
    for step in transcript.steps:
        if not isinstance(step, ToolCall) or step.model_call_id is None:
            continue
        own: JsonObject = {**step.attributes.get("call", {})}
        if step.positional is not None:
            own["positional"] = step.positional
        if own:
            found.setdefault(message_of[step.model_call_id], {})[step.call_index] = own
    return found
