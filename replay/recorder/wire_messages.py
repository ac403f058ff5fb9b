"""Anthropic's wire format: messages, also through Bedrock and Vertex.

The system prompt stands beside the messages in a request; here it is the first of them, as in
every other format. With ``thread`` a request only adds to what the server holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from replay.recorder.wire_values import (
    MESSAGES,
    AskedCall,
    Question,
    Reply,
    Told,
    WireFormat,
    content_text,
    dict_or_none,
    error_in,
    list_of,
    text_or_none,
)
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments

RAW_INPUT = "input_json"
"""Of a block in a stream: the arguments as the model wrote them; ``input`` is read from it."""


def _question(body: JsonObject, messages: list[Any] | None) -> Question | None:
    if messages is None or ("max_tokens" not in body and "anthropic_version" not in body):
        return None  # many an API has a path that ends in /messages
    thread = body.get("thread")
    previous = thread.get("previous_message_id") if isinstance(thread, dict) else None
    if previous is None and (system := body.pop("system", None)):
        messages = [{"role": "system", "content": system}, *messages]
    return Question(
        api=MESSAGES,
        model=text_or_none(body.pop("model", None)),
        messages=messages,
        tools=list_of(body.pop("tools", None)),
        parameters=body,
        streamed=bool(body.get("stream")),
        previous_response_id=text_or_none(previous),
    )


def _reply(body: JsonObject) -> Reply:
    content = body.get("content")
    blocks = list_of(content)
    raw = {index: block.pop(RAW_INPUT) for index, block in enumerate(blocks) if RAW_INPUT in block}
    return Reply(
        output=content,
        finish_reason=text_or_none(body.get("stop_reason")),
        usage=dict_or_none(body.get("usage")),
        response_id=text_or_none(body.get("id")),
        response_model=text_or_none(body.get("model")),
        calls=_calls(blocks, raw),
        error=error_in(body.get("error")),
    )


def _calls(blocks: list[Any], raw: dict[int, str] | None = None) -> list[AskedCall]:
    calls = []
    for index, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") == "tool_use":
            written = (raw or {}).get(index)
            text = raw_arguments(block.get("input") or {}) if written is None else written
            name, call_id = str(block.get("name")), text_or_none(block.get("id"))
            calls.append(AskedCall(name, text, call_id))
    return calls


def _asked(entry: JsonObject) -> list[AskedCall]:
    return _calls(list_of(entry.get("content"))) if entry.get("role") == "assistant" else []


def _told(entry: JsonObject) -> list[Told]:
    return [
        Told(
            text_or_none(block.get("tool_use_id")),
            content_text(block.get("content") or ""),
            # Only failures are flagged, and not by every framework.
            True if block.get("is_error") is True else None,
        )
        for block in list_of(entry.get("content"))
        if isinstance(block, dict) and block.get("type") == "tool_result"
    ]


def _entries(output: JsonValue) -> list[Any]:
    return [{"role": "assistant", "content": output}]


def _said(entry: JsonObject) -> str:
    if entry.get("role") != "assistant":
        return ""
    content = entry.get("content")
    if isinstance(content, str):
        return content
    words = (b.get("text") for b in list_of(content) if isinstance(b, dict))
    return "".join(text for text in words if isinstance(text, str))


def _ends(chunk: bytes) -> bool:
    # The event before message_stop has all there is: some readers stop at it and never close.
    return b"message_stop" in chunk or b'"stop_reason":"' in chunk or b'"stop_reason": "' in chunk


def _reassemble(events: Iterable[JsonObject]) -> JsonObject | None:
    message: JsonObject | None = None
    blocks: dict[int, JsonObject] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            message = dict(event.get("message") or {})
        elif message is None:
            message = {"error": event.get("error") or event} if kind == "error" else None
        elif kind == "content_block_start":
            blocks[event.get("index", len(blocks))] = dict(event.get("content_block") or {})
        elif kind == "content_block_delta":
            _add_delta(blocks.setdefault(event.get("index", 0), {}), event.get("delta") or {})
        elif kind == "message_delta":
            message |= event.get("delta") or {}
            message["usage"] = {**(message.get("usage") or {}), **(event.get("usage") or {})}
        elif kind == "error":
            message["error"] = event.get("error") or event
    if blocks or (message is not None and "error" not in message):
        message = {**(message or {}), "content": [_whole(blocks[i]) for i in sorted(blocks)]}
    return message


def _add_delta(block: JsonObject, delta: JsonObject) -> None:
    kind = delta.get("type")
    if kind == "input_json_delta":
        block[RAW_INPUT] = block.get(RAW_INPUT, "") + delta.get("partial_json", "")
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or []), delta.get("citation")]
    else:
        for key, value in delta.items():
            if key != "type":
                is_more = isinstance(value, str) and isinstance(block.get(key), str)
                block[key] = block[key] + value if is_more else value


def _whole(block: JsonObject) -> JsonObject:
    written = block.get(RAW_INPUT)
    if written is None:
        return block
    if not written:
        del block[RAW_INPUT]  # a tool without arguments: its input is what the block began with
        return block
    try:
        block["input"] = json.loads(written)
    except ValueError:
        block["input"] = {}  # cut off, or no JSON: the call keeps what was written
    if block.get("type") != "tool_use":
        del block[RAW_INPUT]
    return block


MESSAGES_FORMAT = WireFormat(
    question=_question,
    reply=_reply,
    asked=_asked,
    told=_told,
    entries=_entries,
    said=_said,
    is_terminal=_ends,
    reassemble=_reassemble,
)
