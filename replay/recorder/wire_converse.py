"""Bedrock's wire format: Converse. Its tools stand here as MCP has them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from replay.recorder.wire_values import (
    CONVERSE,
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

_RAW_INPUT = "input_json"


def _question(body: JsonObject, messages: list[Any] | None) -> Question | None:
    if messages is None:
        return None
    system = body.pop("system", None)
    if system:
        messages = [{"role": "system", "content": system}, *messages]
    config = dict_or_none(body.get("toolConfig")) or {}
    return Question(
        api=CONVERSE,
        model=None,
        messages=messages,
        tools=[_definition(tool) for tool in list_of(config.get("tools"))],
        parameters=body,
        streamed=False,
    )


def _definition(tool: Any) -> Any:
    spec = tool.get("toolSpec") if isinstance(tool, dict) else None
    if not isinstance(spec, dict):
        return tool
    schema = dict_or_none(spec.get("inputSchema")) or {}
    return {**spec, "inputSchema": schema.get("json", schema)}


def _reply(body: JsonObject) -> Reply:
    output = dict_or_none(body.get("output")) or {}
    message = dict_or_none(output.get("message"))
    blocks = list_of((message or {}).get("content"))
    raw = {
        index: block["toolUse"].pop(_RAW_INPUT)
        for index, block in enumerate(blocks)
        if isinstance(block.get("toolUse"), dict) and _RAW_INPUT in block["toolUse"]
    }
    return Reply(
        output=message,
        finish_reason=text_or_none(body.get("stopReason")),
        usage=dict_or_none(body.get("usage")),
        calls=_calls(blocks, raw),
        error=error_in(body.get("error")),
    )


def _calls(blocks: list[Any], raw: dict[int, str] | None = None) -> list[AskedCall]:
    calls = []
    for index, block in enumerate(blocks):
        use = block.get("toolUse") if isinstance(block, dict) else None
        if isinstance(use, dict):
            written = (raw or {}).get(index)
            text = raw_arguments(use.get("input") or {}) if written is None else written
            name, call_id = str(use.get("name")), text_or_none(use.get("toolUseId"))
            calls.append(AskedCall(name, text, call_id))
    return calls


def _asked(entry: JsonObject) -> list[AskedCall]:
    return _calls(list_of(entry.get("content"))) if entry.get("role") == "assistant" else []


def _told(entry: JsonObject) -> list[Told]:
    results = (b.get("toolResult") for b in list_of(entry.get("content")) if isinstance(b, dict))
    return [
        Told(
            text_or_none(result.get("toolUseId")),
            _result_text(result.get("content")),
            True if result.get("status") == "error" else None,
        )
        for result in results
        if isinstance(result, dict)
    ]


def _result_text(content: JsonValue) -> str:
    blocks = list_of(content)
    if len(blocks) == 1 and isinstance(blocks[0], dict) and "json" in blocks[0]:
        return json.dumps(blocks[0]["json"], ensure_ascii=False)
    return content_text(content)


def _said(entry: JsonObject) -> str:
    if entry.get("role") != "assistant":
        return ""
    words = (
        block.get("text") for block in list_of(entry.get("content")) if isinstance(block, dict)
    )
    return "".join(text for text in words if isinstance(text, str))


def _entries(output: JsonValue) -> list[Any]:
    return [output]


def _reassemble(events: Iterable[JsonObject]) -> JsonObject | None:
    body: JsonObject = {}
    blocks: dict[int, JsonObject] = {}
    role = "assistant"
    for event in events:
        for kind, said in event.items():
            if not isinstance(said, dict):
                continue
            index = said.get("contentBlockIndex", 0)
            if kind == "messageStart":
                role = said.get("role", role)
            elif kind == "contentBlockStart":
                blocks[index] = {name: dict(v) for name, v in (said.get("start") or {}).items()}
            elif kind == "contentBlockDelta":
                _add_delta(blocks.setdefault(index, {}), said.get("delta") or {})
            elif kind == "messageStop":
                body["stopReason"] = said.get("stopReason")
            elif kind == "metadata":
                body |= said
            elif kind.endswith("Exception"):
                body["error"] = {"type": kind, "message": said.get("message")}
    content = [_whole(blocks[index]) for index in sorted(blocks)]
    if content or "error" not in body:
        body["output"] = {"message": {"role": role, "content": content}}
    return body


def _add_delta(block: JsonObject, delta: JsonObject) -> None:
    for key, value in delta.items():
        if key == "toolUse":
            use = block.setdefault("toolUse", {})
            use[_RAW_INPUT] = use.get(_RAW_INPUT, "") + value.get("input", "")
        elif key == "reasoningContent" and isinstance(value, dict):
            text = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
            for name, piece in value.items():
                text[name] = text.get(name, "") + piece if isinstance(piece, str) else piece
        elif isinstance(value, str):
            block[key] = block.get(key, "") + value
        else:
            block[key] = value


def _whole(block: JsonObject) -> JsonObject:
    use = block.get("toolUse")
    written = use.get(_RAW_INPUT) if isinstance(use, dict) else None
    if use is not None and written is not None:
        try:
            use["input"] = json.loads(written) if written else {}
        except ValueError:
            use["input"] = {}  # cut off: the call keeps what was written
    return block


CONVERSE_FORMAT = WireFormat(
    question=_question,
    reply=_reply,
    asked=_asked,
    told=_told,
    entries=_entries,
    said=_said,
    # Usage comes after the stop reason.
    is_terminal=lambda chunk: b"metadata" in chunk,
    reassemble=_reassemble,
)
