"""What tracing tools keep as the input and output of a model call: JSON in whatever shape it had.

A provider's own request and answer, messages of OpenAI, of Anthropic or of LangChain, bare or in an
object that names them.
"""

from __future__ import annotations

from typing import Any, Final

from replay.interchange.exchanges import exchange_in
from replay.interchange.genai_messages import chat_tool, result_text
from replay.interchange.shapes import block_text
from replay.interchange.spans import parsed
from replay.interchange.told import CHAT, ToldModelCall
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

_ROLES: Final = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_ANSWERS: Final = ("choices", "output", "content")


def model_call_in(given: JsonValue, came: JsonValue) -> ToldModelCall | None:
    """Return the model call that an input and an output tell; None where they are no such.

    It has no id, no times and no model but what the two say.
    """
    given, came = parsed(given), parsed(came)
    if isinstance(came, dict) and any(isinstance(came.get(name), list) for name in _ANSWERS):
        call = exchange_in(given, came)
        if call is not None and call.output is not None:
            return call
    messages, tools = _prompt(given)
    output = _answer(came)
    if not messages and output is None:
        return None
    chat = [one for message in messages for one in chat_message(message)]
    return ToldModelCall("", CHAT, messages=chat, tools=tools, output=output)


def _prompt(given: JsonValue) -> tuple[list[Any], list[JsonValue]]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}], []
    if isinstance(given, dict):
        tools = [chat_tool(one) for one in given.get("tools") or [] if isinstance(one, dict)]
        for name in ("messages", "input", "history"):
            if isinstance(given.get(name), (list, str)):
                return _prompt(given[name])[0], tools
        return ([given], tools) if is_message(given) else ([], tools)
    if isinstance(given, list):
        # LangChain gives a list of prompts; there is one.
        return (given[0] if given and isinstance(given[0], list) else given), []
    return [], []


def _answer(came: JsonValue) -> JsonObject | None:
    if isinstance(came, str):
        return {"role": "assistant", "content": came}
    if isinstance(came, list):
        said = [one for message in came for one in chat_message(message)]
        return _joined([one for one in said if one.get("role") == "assistant"])
    if not isinstance(came, dict):
        return None
    generations = came.get("generations")
    if isinstance(generations, list) and generations:
        first = generations[0][0] if isinstance(generations[0], list) else generations[0]
        return _answer(first.get("message") or first.get("text"))
    choices = came.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _answer(choices[0].get("message"))
    for name in ("messages", "message"):
        if isinstance(came.get(name), (list, dict)):
            return _answer(came[name])
    found = chat_message(came)
    return {**found[0], "role": "assistant"} if found else None


def _joined(said: list[JsonObject]) -> JsonObject | None:
    if not said:
        return None
    whole = dict(said[0])
    for more in said[1:]:
        whole["content"] = (whole.get("content") or "") + (block_text(more.get("content")) or "")
        if calls := [*whole.get("tool_calls", []), *more.get("tool_calls", [])]:
            whole["tool_calls"] = calls
    return whole


def is_message(value: JsonValue) -> bool:
    """Return whether ``value`` is a message of any shape that is read here."""
    return isinstance(value, dict) and (
        "role" in value or ("kwargs" in value and "lc" in value) or value.get("type") in _ROLES
    )


def chat_message(message: Any) -> list[JsonObject]:
    """Return one message as chat messages: one, or none where it is none."""
    if not isinstance(message, dict):
        return [{"role": "user", "content": message}] if isinstance(message, str) else []
    said = _fields(message)
    role = said.get("role") or _ROLES.get(str(said.get("type")), said.get("type"))
    if not isinstance(role, str) or ("content" not in said and "tool_calls" not in said):
        return []
    role = _ROLES.get(role, role)
    if role == "tool":
        answer: JsonObject = {
            "role": "tool",
            "tool_call_id": said.get("tool_call_id"),
            "content": result_text(said.get("content")),
        }
        return [{**answer, "status": "error"} if said.get("status") == "error" else answer]
    whole: JsonObject = {"role": role, "content": said.get("content")}
    calls = [_call(call) for call in said.get("tool_calls") or [] if isinstance(call, dict)]
    calls += [_call(call) for call in said.get("invalid_tool_calls") or []]
    if calls:
        whole["tool_calls"] = calls
    return [whole]


def _fields(message: JsonObject) -> JsonObject:
    """The fields of a message: LangChain's own form has them one level down."""
    for name in ("kwargs", "data"):
        below = message.get(name)
        if isinstance(below, dict) and ("content" in below or "tool_calls" in below):
            return {"type": message.get("type"), **below}
    return message


def _call(call: JsonObject) -> JsonObject:
    """A call: OpenAI's keeps its raw text, LangChain's has its arguments parsed as ``args``."""
    said = call.get("function")
    if isinstance(said, dict):
        function = {"name": str(said.get("name")), "arguments": raw_arguments(said["arguments"])}
    else:
        arguments = call.get("args", call.get("arguments"))
        function = {"name": str(call.get("name")), "arguments": raw_arguments(arguments)}
    return {"id": call.get("id"), "type": "function", "function": function}
