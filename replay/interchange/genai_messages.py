"""Messages as OpenTelemetry's GenAI conventions write them, said as chat messages."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from replay.interchange.shapes import block_text
from replay.interchange.spans import Span, objects, parsed
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

PARSED: Final = "raw argument texts: the source has them parsed"
_EVENTS: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE: Final = "gen_ai.choice"
_WORDS: Final = ("text", "reasoning", "thinking")


def chat_messages(prompt: list[JsonObject], notes: Counter[str]) -> list[JsonObject]:
    """Return a prompt as chat messages; each answer to a call is one of its own."""
    return [one for message in prompt for one in _chat(message, notes, count=False)]


def chat_answer(said: list[JsonObject], notes: Counter[str]) -> JsonObject | None:
    """Return a model's answer as one chat message, or None where there is none."""
    for message in said:
        found = _chat({"role": "assistant", **(message.get("message") or message)}, notes)
        if found:
            return found[0]
    return None


def finish_reason(said: list[JsonObject]) -> str | None:
    """Return why the model stopped, where its answer says so; else None."""
    reasons = (message.get("finish_reason") for message in said)
    return next((str(reason) for reason in reasons if reason), None)


def from_events(span: Span) -> tuple[list[JsonObject], list[JsonObject]]:
    """Return prompt and answers from the events of a span, one a message."""
    prompt: list[JsonObject] = []
    said: list[JsonObject] = []
    whole = objects(span.attributes.get("events"))  # pydantic-ai, version 1: as an attribute
    told = [(e.name, _body(e.body, e.attributes)) for e in span.events]
    told += [(str(e.get("event.name")), e) for e in whole]
    for name, body in told:
        if name == _CHOICE:
            message = parsed(body.get("message"))
            message = message if isinstance(message, dict) else body
            said.append({**message, "finish_reason": body.get("finish_reason")})
        elif name in _EVENTS:
            prompt.append({**body, "role": body.get("role") or _EVENTS[name]})
    return prompt, said


def _body(body: JsonValue, attributes: JsonObject) -> JsonObject:
    body = parsed(body)
    said = body if isinstance(body, dict) else {"content": body} if body is not None else {}
    return {**attributes, **said}


def _chat(message: JsonObject, notes: Counter[str], *, count: bool = True) -> list[JsonObject]:
    if "parts" not in message:
        return [_old_style(message, notes, count=count)]
    parts = [part for part in message.get("parts") or [] if isinstance(part, dict)]
    answers = [_answer(part) for part in parts if part.get("type") == "tool_call_response"]
    calls = [_call(part, notes, count=count) for part in parts if part.get("type") == "tool_call"]
    others = [part for part in parts if part.get("type") not in ("tool_call", "tool_call_response")]
    name = {"name": message["name"]} if isinstance(message.get("name"), str) else {}
    if answers and not calls and not others:
        return [{**answer, **name} for answer in answers]
    role = str(message.get("role") or "user")
    whole: JsonObject = {"role": role, **name, "content": _content(others)}
    if any(part.get("type") in ("reasoning", "thinking") for part in others):
        whole["reasoning"] = _words(others, ("reasoning", "thinking"))
    if calls:
        whole["tool_calls"] = calls
    return [*answers, whole]


def _content(parts: list[JsonObject]) -> JsonValue:
    if not parts:
        return None
    if all(part.get("type") in _WORDS for part in parts):
        return _words(parts, ("text",)) or None
    return parts


def _words(parts: list[JsonObject], kinds: tuple[str, ...]) -> str:
    texts = (part.get("content", part.get("text")) for part in parts if part.get("type") in kinds)
    return "".join(str(text) for text in texts if text is not None)


def _call(part: JsonObject, notes: Counter[str], *, count: bool) -> JsonObject:
    arguments = part.get("arguments")
    if count and not isinstance(arguments, str):
        notes[PARSED] += 1
    function = {"name": str(part.get("name")), "arguments": raw_arguments(arguments)}
    return {"id": part.get("id"), "type": "function", "function": function}


def _answer(part: JsonObject) -> JsonObject:
    told = part.get("response", part.get("result", part.get("content")))
    return {"role": "tool", "tool_call_id": part.get("id"), "content": result_text(told)}


def result_text(told: JsonValue) -> str:
    """Return an answer to a call as the text that the model was told."""
    said = parsed(told) if isinstance(told, str) and told[:2] == "[{" else told
    if isinstance(said, list) and said and all(_is_text_block(one) for one in said):
        return "".join(one.get("text", one.get("content")) for one in said)
    return told if isinstance(told, str) else block_text(told) or ""


def _is_text_block(one: Any) -> bool:
    return (
        isinstance(one, dict)
        and one.get("type") == "text"
        and isinstance(one.get("text", one.get("content")), str)
    )


def _old_style(message: JsonObject, notes: Counter[str], *, count: bool) -> JsonObject:
    """Messages in the shape of chat completions, or spread over attributes."""
    role = str(message.get("role") or "user")
    content = parsed_content(message.get("content"))
    if role == "tool":
        call_id = message.get("tool_call_id") or message.get("id")
        return {"role": "tool", "tool_call_id": call_id, "content": result_text(content)}
    whole: JsonObject = {"role": role, "content": content}
    calls = []
    for call in objects(message.get("tool_calls")):
        function = call.get("function") or call
        arguments = function.get("arguments")
        if count and not isinstance(arguments, str):
            notes[PARSED] += 1
        said = {"name": str(function.get("name")), "arguments": raw_arguments(arguments)}
        calls.append({"id": call.get("id"), "type": "function", "function": said})
    if calls:
        whole["tool_calls"] = calls
    return whole


def parsed_content(content: JsonValue) -> JsonValue:
    """Return content that was written as JSON text as its parts: text blocks are one text."""
    said = parsed(content) if isinstance(content, str) and content[:2] == "[{" else content
    if isinstance(said, list) and said and all(_is_text_block(one) for one in said):
        return "".join(one.get("text", one.get("content")) for one in said)
    return content


def chat_tool(tool: JsonObject) -> JsonObject:
    """Return a tool's definition as chat completions have it."""
    if "function" in tool or "input_schema" in tool:
        return tool
    function = {k: tool[k] for k in ("name", "description", "parameters", "strict") if k in tool}
    function["parameters"] = parsed(function.get("parameters")) or {}
    return {"type": "function", "function": function}
