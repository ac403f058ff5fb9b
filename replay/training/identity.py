"""What makes two examples the same, and two traces alike: hashes of normal forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from replay.records import JsonObject, JsonValue
from replay.training.judging import parsed


def digest(*parts: JsonValue) -> bytes:
    """Return 16 bytes that are equal for equal JSON, whatever the order of its keys."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def normal(messages: Sequence[JsonObject]) -> list[JsonObject]:
    """Return messages in which nothing is left that differs between two equal conversations.

    Ids of calls become their position; arguments are compared as values, not as text.
    """
    names: dict[str, str] = {}
    found = []
    for message in messages:
        one: dict[str, Any] = {name: message[name] for name in message if name != "weight"}
        if one.get("tool_calls"):
            one["tool_calls"] = [_call(call, names) for call in one["tool_calls"]]
        if "tool_call_id" in one:
            one["tool_call_id"] = names.get(one["tool_call_id"], "?")
        found.append(one)
    return found


def _call(call: JsonObject, names: dict[str, str]) -> JsonObject:
    names[call["id"]] = str(len(names))
    function = call["function"]
    arguments = parsed(function["arguments"])
    if arguments is None:
        arguments = function["arguments"]
    return {"id": names[call["id"]], "name": function["name"], "arguments": arguments}


def prompt_digest(prompt: Sequence[JsonObject], tools: Sequence[JsonObject]) -> bytes:
    """Return the identity of what a model was shown."""
    return digest(normal(prompt), list(tools))


def beginning(prompt: Sequence[JsonObject]) -> bytes | None:
    """Return the identity of how a conversation begins: what was said before the first answer.

    System prompts and greetings do not count: every conversation of an application has the same.
    None: nothing was said.
    """
    said: list[JsonValue] = []
    for message in prompt:
        if message["role"] == "assistant" and said:
            break
        if message["role"] in ("user", "tool"):
            content = message.get("content")
            said.append(
                " ".join(content.split()).casefold() if isinstance(content, str) else content
            )
    return digest(said) if said else None


def share(seed: int, name: bytes) -> float:
    """Return a number from 0 to 1 that only ``seed`` and ``name`` decide."""
    taken = blake2b(name, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(taken) / 2**64
