"""What an answer asks of tools, and what a prompt tells of them, in the shape of each API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from replay.interchange.shapes import block_text
from replay.interchange.told import CHAT, GENERATE, MESSAGES, RESPONSES
from replay.recorder.wire import asked_in, said_in, told_in
from replay.recorder.wire_openai import chat_calls, item_calls
from replay.recorder.wire_values import AskedCall, Told, text_or_none
from replay.records import JsonObject, JsonValue
from replay.tools.arguments import raw_arguments


def asked_by(api: str, output: JsonValue) -> list[AskedCall]:
    """Return the tool calls that a model's output asks for, in order."""
    if api == CHAT:
        return chat_calls(output) if isinstance(output, dict) else []
    if api == GENERATE:
        return asked_in(api, output)
    entries = [entry for entry in output or [] if isinstance(entry, dict)]
    if api == RESPONSES:
        return item_calls(entries)
    return [
        AskedCall(
            str(block.get("name")), raw_arguments(block.get("input")), text_or_none(block.get("id"))
        )
        for block in entries
        if block.get("type") == "tool_use"
    ]


def told_by(api: str, entry: Any) -> list[Told]:
    """Return what one entry of a prompt tells the model of its calls, in order."""
    if api != MESSAGES:
        return told_in(api, entry)
    content = entry.get("content") if isinstance(entry, dict) else None
    return [
        Told(
            block.get("tool_use_id"),
            block_text(block.get("content")) or "",
            True if block.get("is_error") else None,
        )
        for block in (content if isinstance(content, list) else [])
        if isinstance(block, dict) and block.get("type") == "tool_result"
    ]


def as_prompt(api: str, output: JsonValue) -> list[JsonValue]:
    """Return a model's output as entries of the next prompt."""
    if output is None:
        return []
    if api in (CHAT, GENERATE):
        return [output]
    if api == MESSAGES:
        return [{"role": "assistant", "content": output}]
    return list(output) if isinstance(output, list) else []


def text_of_output(api: str, output: JsonValue) -> str:
    """Return the words of a model's output, without its calls."""
    return "".join(_texts(api, output)).strip()


def _texts(api: str, output: JsonValue) -> Iterator[str]:
    if api == CHAT:
        content = output.get("content") if isinstance(output, dict) else None
        yield block_text(content) or ""
        return
    if api == GENERATE:
        yield said_in(api, output)
        return
    for entry in output if isinstance(output, list) else []:
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("text"), str):
            yield entry["text"]
        elif entry.get("type") == "message":
            yield block_text(entry.get("content")) or ""


def same_arguments(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same arguments, however they are spelled."""
    if one == other:
        return True
    try:
        return bool(json.loads(one or "{}") == json.loads(other or "{}"))
    except ValueError:
        return False


def plain_entry(entry: JsonValue) -> JsonValue:
    """Return an entry of a prompt in the form in which two are compared.

    System messages are all alike, for agents change them as they go; empty fields are left out.
    """
    if not isinstance(entry, dict):
        return entry
    if entry.get("role") in ("system", "developer"):
        return "system"
    return _without_empty(entry)


def _without_empty(entry: JsonObject) -> JsonObject:
    return {name: value for name, value in entry.items() if value not in (None, "", [])}
