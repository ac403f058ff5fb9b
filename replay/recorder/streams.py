"""Server-sent events put together: the body that the call would have had unstreamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from replay.recorder.wire import CHAT, parse_json
from replay.records import JsonObject

_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")


def is_terminal(api: str, chunk: bytes) -> bool:
    """Whether ``chunk`` holds the event after which the model says nothing more.

    Clients stop reading there, some without closing the stream. A false alarm (a model that writes
    these words) only makes the call be written twice.
    """
    if api == CHAT:
        return b"data: [DONE]" in chunk or b"data:[DONE]" in chunk
    return any(event.encode() in chunk for event in _LAST_EVENTS)


def reassemble(api: str, raw: bytes) -> JsonObject | None:
    """Return the whole answer that the events in ``raw`` add up to; None when there is none yet."""
    events = [event for event in _events(raw) if isinstance(event, dict)]
    if not events:
        return None
    return _chat(events) if api == CHAT else _response(events)


def _events(raw: bytes) -> Iterator[Any]:
    lines: list[bytes] = []
    for line in [*raw.replace(b"\r\n", b"\n").split(b"\n"), b""]:
        if line.startswith(b"data:"):
            lines.append(line[5:])
        elif not line and lines:
            text = b"\n".join(lines).strip()
            lines = []
            if text != b"[DONE]":
                try:
                    yield parse_json(text)
                except ValueError:
                    continue  # an event that was cut off half way: what came before it counts


def _response(events: list[JsonObject]) -> JsonObject | None:
    body: JsonObject = {}
    items: dict[int, JsonObject] = {}
    for event in events:
        kind = event.get("type")
        if kind in _LAST_EVENTS:
            whole = event.get("response")
            return whole if isinstance(whole, dict) else None
        if kind == "response.created" and isinstance(event.get("response"), dict):
            body = dict(event["response"])
        elif kind == "error":
            body["error"] = event.get("error") or event
        else:
            _add_event(items, event)
    body["output"] = [items[index] for index in sorted(items)]
    return body


def _add_event(items: dict[int, JsonObject], event: JsonObject) -> None:
    """Bring the unfinished items of a response up to ``event``."""
    kind, index = event.get("type"), event.get("output_index", len(items))
    if kind in ("response.output_item.added", "response.output_item.done"):
        items[index] = dict(event.get("item") or {})
    elif index not in items:
        return
    elif kind == "response.function_call_arguments.delta":
        items[index]["arguments"] = items[index].get("arguments", "") + event.get("delta", "")
    elif kind == "response.function_call_arguments.done":
        items[index]["arguments"] = event.get("arguments", "")
    elif kind == "response.output_text.delta":
        part = {"type": "output_text", "text": ""}
        parts = items[index]["content"] = items[index].get("content") or [part]
        parts[-1] = {**parts[-1], "text": parts[-1].get("text", "") + event.get("delta", "")}


def _chat(events: list[JsonObject]) -> JsonObject:
    body: JsonObject = {}
    choices: dict[int, JsonObject] = {}
    for event in events:
        body |= {k: v for k, v in event.items() if k != "choices" and v is not None}
        for said in event.get("choices") or []:
            choice = choices.setdefault(
                said.get("index", 0), {"index": said.get("index", 0), "message": {}}
            )
            _add_delta(choice["message"], said.get("delta") or {})
            _add_logprobs(choice, said.get("logprobs"))
            if said.get("finish_reason"):
                choice["finish_reason"] = said["finish_reason"]
    for choice in choices.values():
        calls = choice["message"].get("tool_calls")
        if calls is not None:
            choice["message"]["tool_calls"] = [calls[index] for index in sorted(calls)]
    body["choices"] = [choices[index] for index in sorted(choices)]
    body["object"] = "chat.completion"
    return body


def _add_logprobs(choice: JsonObject, said: Any) -> None:
    tokens = said.get("content") if isinstance(said, dict) else None
    if isinstance(tokens, list):
        choice.setdefault("logprobs", {"content": []})["content"] += tokens


def _add_delta(message: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            calls = message.setdefault("tool_calls", {})
            for piece in value or []:
                # By index, never by id: only the first piece of a call has one.
                _add_call(calls.setdefault(piece.get("index", len(calls)), {}), piece)
        elif key == "function_call" and isinstance(value, dict):
            _add_call(message.setdefault("function_call", {}), value)
        elif isinstance(value, str) and key != "role":
            message[key] = (message.get(key) or "") + value
        elif value is not None or key not in message:
            message[key] = value


def _add_call(call: JsonObject, piece: JsonObject) -> None:
    for key, value in piece.items():
        if key == "index" or value is None:
            continue
        if isinstance(value, dict):
            _add_call(call.setdefault(key, {}), value)
        elif key in ("name", "arguments", "input") and isinstance(value, str):
            call[key] = call.get(key, "") + value
        else:
            call[key] = value
