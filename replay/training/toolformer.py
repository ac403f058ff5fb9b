"""Calls inside running text, as Toolformer (Schick et al., 2023) writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from replay.records import JsonObject
from replay.training.conversations import Taught, conversations_to_learn
from replay.training.formats import Context, Conversation, Example
from replay.training.judging import parsed

_SPEAKERS: Final = {"user": "User", "assistant": "Assistant"}


def inline_texts(conversation: Conversation, context: Context) -> Iterator[Example]:
    """Yield ``{"text": ..., "tools": [...]}``, one for each conversation with a call in it.

    Toolformer keeps a call where it makes the following words likelier to the model; that needs the
    model, so here every call that is to be learned stays.
    """
    for taught in conversations_to_learn(conversation, context):
        example = taught.example({"text": _text(taught), "tools": taught.last.tools})
        if example.tools:
            yield example
        else:
            context.left_out["conversations without a call"] += 1


def _text(taught: Taught) -> str:
    messages = [*taught.last.prompt, taught.output]
    answers = {
        (place, message.get("tool_call_id")): message.get("content")
        for place, message in enumerate(messages)
        if message["role"] == "tool"
    }
    lines: list[str] = []
    for place, message in enumerate(messages):
        speaker = _SPEAKERS.get(message["role"])
        if speaker and isinstance(message.get("content"), str) and message["content"]:
            lines.append(f"{speaker}: {message['content']}")
        for call in message.get("tool_calls") or ():
            found = [
                text for (at, name), text in answers.items() if name == call["id"] and at > place
            ]
            lines.append(_call(call, found[0] if found else None))
    return "\n".join(lines)


def _call(call: JsonObject, answer: object) -> str:
    function = call["function"]
    arguments = parsed(function["arguments"])
    inside = function["arguments"]
    if isinstance(arguments, dict):
        inside = ", ".join(
            f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items()
        )
    result = "" if answer is None else f" → {answer}"
    return f"[{function['name']}({inside}){result}]"
