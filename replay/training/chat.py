"""Chat messages as fine-tuning takes them: no unknown field, and an answer to every call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from replay.records import JsonObject

_FIELDS: Final = {
    "system": ("role", "content", "name"),
    "developer": ("role", "content", "name"),
    "user": ("role", "content", "name"),
    "assistant": ("role", "content", "name", "tool_calls", "refusal", "weight"),
    "tool": ("role", "content", "tool_call_id"),
}


def clean_messages(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """Return chat messages with the fields that fine-tuning knows, and no others.

    The form of 2023 (``function_call``, ``function`` messages) becomes that of today; calls without
    an id get one by their position.
    """
    cleaned: list[JsonObject] = []
    open_ids: list[str] = []
    for place, message in enumerate(messages):
        role = message.get("role")
        if role == "assistant":
            message = _assistant(message, place)
            open_ids = [call["id"] for call in message.get("tool_calls") or ()]
        elif role in ("tool", "function"):
            asked = message.get("tool_call_id") or (open_ids[0] if open_ids else None)
            if asked in open_ids:
                open_ids.remove(asked)
            message = {**message, "role": "tool", "tool_call_id": asked}
        known = _FIELDS.get(str(message.get("role")), ())
        cleaned.append({name: message[name] for name in known if name in message})
    return cleaned


def _assistant(message: JsonObject, place: int) -> JsonObject:
    calls = list(message.get("tool_calls") or ())
    if message.get("function_call"):
        calls.append({"function": message["function_call"]})
    rest = {name: value for name, value in message.items() if name != "tool_calls"}
    if not calls:
        return {**rest, "content": rest.get("content") or ""}
    return {
        **rest,
        "content": rest.get("content"),
        "tool_calls": [_call(call, place, index) for index, call in enumerate(calls)],
    }


def _call(call: JsonObject, place: int, index: int) -> JsonObject:
    asked = call.get("function") or {}
    function = {"name": asked.get("name"), "arguments": asked.get("arguments") or "{}"}
    return {
        "id": call.get("id") or f"call_{place}_{index}",
        "type": "function",
        "function": function,
    }


def with_own_ids(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """Return messages in which no two calls have one id.

    Some servers count from 0 in every answer. Anthropic refuses such a conversation, and who learns
    from it cannot tell whose answer is whose.
    """
    given: Counter[str] = Counter()
    waiting: dict[str, list[str]] = {}
    found: list[JsonObject] = []
    for message in messages:
        if message.get("tool_calls"):
            waiting, calls = {}, []
            for call in message["tool_calls"]:
                given[call["id"]] += 1
                number = given[call["id"]]
                name = call["id"] if number == 1 else f"{call['id']}_{number}"
                waiting.setdefault(call["id"], []).append(name)
                calls.append({**call, "id": name})
            message = {**message, "tool_calls": calls}
        elif message.get("role") == "tool" and waiting.get(message.get("tool_call_id") or ""):
            message = {**message, "tool_call_id": waiting[message["tool_call_id"]].pop(0)}
        found.append(message)
    return found


def joined_output(messages: Sequence[JsonObject]) -> JsonObject | None:
    """Return a model's answer as one message; None when it gave none.

    Some APIs answer with several items: their texts are joined, their calls put together.
    """
    if not messages:
        return None
    texts = [message["content"] for message in messages if message.get("content")]
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    whole: JsonObject = {**messages[0], "content": _one_text(texts)}
    if calls:
        whole["tool_calls"] = calls
    (cleaned,) = clean_messages([whole])
    if not calls and not cleaned["content"]:
        return None
    return cleaned


def _one_text(texts: list[object]) -> object:
    if len(texts) > 1 and all(isinstance(text, str) for text in texts):
        return "\n".join(str(text) for text in texts)
    return texts[0] if texts else None


def chat_problem(messages: Sequence[JsonObject]) -> str | None:
    """Return why providers refuse these messages, in words; None when they take them."""
    waiting: list[str] = []
    for message in messages:
        role = message.get("role")
        if role == "tool":
            if message.get("tool_call_id") not in waiting:
                return "an answer without its call"
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return "a call without its answer"
        elif role == "assistant":
            waiting = [call["id"] for call in message.get("tool_calls") or ()]
        elif role not in _FIELDS:
            return "a message with no role of chat"
        if role != "assistant" and message.get("content") is None:
            return "a message without content"
    return "a call without its answer" if waiting else None
