"""Google's and Bedrock's messages in the blocks that everyone else can read: those of Anthropic."""

from __future__ import annotations

import json
from typing import Any

from replay.records.base import JsonObject, JsonValue


def as_blocks(message: JsonObject) -> JsonObject:
    """Return a message of ``generateContent`` or of Converse with blocks as its content.

    Any other message comes back as it is. Calls without an id get none.
    """
    parts = message.get("parts")
    if isinstance(parts, list) and "content" not in message:
        role = "assistant" if message.get("role") == "model" else message.get("role")
        return {"role": role, "content": [_from_part(part) for part in parts]}
    content = message.get("content")
    if isinstance(content, list) and any(_is_bedrock(block) for block in content):
        return {**message, "content": [_from_bedrock(block) for block in content]}
    return message


def _is_bedrock(block: Any) -> bool:
    return isinstance(block, dict) and "type" not in block


def _from_part(part: Any) -> JsonValue:
    if not isinstance(part, dict):
        return part
    call, answer = part.get("functionCall"), part.get("functionResponse")
    if isinstance(call, dict):
        return _use(call.get("id"), call.get("name"), call.get("args"))
    if isinstance(answer, dict):
        text = json.dumps(answer.get("response"), ensure_ascii=False)
        return {"type": "tool_result", "tool_use_id": answer.get("id"), "content": text}
    if isinstance(part.get("text"), str):
        kind = "thinking" if part.get("thought") else "text"
        return {"type": kind, kind: part["text"]}
    return {"type": next(iter(part), "empty"), **part}


def _from_bedrock(block: Any) -> JsonValue:
    if not _is_bedrock(block):
        return block
    use, result = block.get("toolUse"), block.get("toolResult")
    if isinstance(use, dict):
        return _use(use.get("toolUseId"), use.get("name"), use.get("input"))
    if isinstance(result, dict):
        told = {"tool_use_id": result.get("toolUseId"), "content": _told(result.get("content"))}
        is_error = {"is_error": True} if result.get("status") == "error" else {}
        return {"type": "tool_result", **told, **is_error}
    if isinstance(block.get("text"), str):
        return {"type": "text", "text": block["text"]}
    return {"type": next(iter(block), "empty"), **block}


def _told(content: JsonValue) -> str:
    blocks = content if isinstance(content, list) else []
    pieces = [block for block in blocks if isinstance(block, dict)]
    texts = [
        piece["text"]
        if isinstance(piece.get("text"), str)
        else json.dumps(piece.get("json", piece), ensure_ascii=False)
        for piece in pieces
    ]
    return "".join(texts)


def _use(identity: Any, name: Any, arguments: Any) -> JsonObject:
    return {"type": "tool_use", "id": identity, "name": str(name), "input": arguments or {}}
