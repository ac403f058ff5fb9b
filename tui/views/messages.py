"""A prompt and a model output as a person reads them, whatever provider's form they have."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from replay.records import JsonValue, ModelCall
from replay.records.blocks import as_blocks
from tui.views.entries import Entry
from tui.views.json_entries import grouped, json_entries, json_text, key_parts, marked_entries
from tui.views.parts import count, cut, printable

_TEXT_TYPES: Final = frozenset({"text", "input_text", "output_text", "refusal"})
_EARLIER_MAX: Final = 60
_EARLIER_SHOWN: Final = 10
"""Of more earlier messages than the former, the latter are shown, and a line for the others."""
_OPEN_MAX: Final = 100
"""New messages that are open at once."""
_PARSED_MAX: Final = 10_000
"""Longer arguments are read when they are opened."""
_ROLES: Final = {
    "user": "user",
    "assistant": "assistant",
    "system": "strong",
    "developer": "strong",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model was sent; its messages are read when they are shown."""

    count: int
    """How many messages."""
    before: int
    """How many of them the prompt before had already."""
    messages: Callable[[int, int], list[JsonValue]]
    """Some of them, from one place to before another."""
    tools: list[JsonValue]


def prompt_entries(prompt: Prompt, call: ModelCall) -> list[Entry]:
    """Return what the model saw: new messages open, those of earlier prompts folded."""
    entries = _earlier(prompt)
    new = prompt.count - prompt.before
    if prompt.before:
        entries.append(_rule(f"new in this prompt ({new})"))
    first = open_from(prompt.count, prompt.before)
    entries += _folded_messages(prompt, prompt.before, first)
    entries += _some(prompt, first, prompt.count, is_open=True)
    if not prompt.count:
        entries.append(Entry((("The recording has no prompt.", "dim"),)))
    entries.append(_rule("also sent"))
    tools = prompt.tools
    if tools:
        entries.append(
            Entry(
                (("tools ", "strong"), (str(len(tools)), "")),
                folded=((f"  {_tool_names(tools)}", "dim"),),
                children=lambda: [_tool(tool) for tool in tools],
                value=tools,
            )
        )
    if call.parameters:
        entries.append(_folded("parameters", call.parameters))
    return entries


def open_from(number: int, before: int) -> int:
    """Return the first message that is open, of ``number``; so many the prompt before had."""
    return max(before, number - _OPEN_MAX)


def _earlier(prompt: Prompt) -> list[Entry]:
    """What earlier prompts had too: of a long conversation the last of it, the rest in groups."""
    first = prompt.before if prompt.before > _EARLIER_MAX else 0
    first = max(0, first - _EARLIER_SHOWN)
    return [
        *_folded_messages(prompt, 0, first),
        *_some(prompt, first, prompt.before, is_open=False),
    ]


def _folded_messages(prompt: Prompt, start: int, stop: int) -> list[Entry]:
    """One line for many messages; opened, groups of them."""
    if stop <= start:
        return []

    def made(first: int, last: int) -> list[Entry]:
        return _some(prompt, start + first, start + last, is_open=False)

    return [
        Entry(
            ((f"… {count(stop - start, 'message')} before these", "dim"),),
            children=lambda: grouped(stop - start, made, 1, "messages "),
        )
    ]


def _some(prompt: Prompt, start: int, stop: int, *, is_open: bool) -> list[Entry]:
    return [
        _message(message, index + 1, is_open=is_open)
        for index, message in enumerate(prompt.messages(start, stop), start)
    ]


def output_entries(call: ModelCall, wanted: str | None = None) -> list[Entry]:
    """Return what the model answered; ``wanted`` is the provider id of the call looked at."""
    if call.error is not None:
        return [
            Entry((("× ", "bad"), (printable(call.error.type), "bad")), text=call.error.message)
        ]
    if call.output is None:
        return [Entry((("The model never answered.", "unsure"),))]
    entries = [_message(item, None, is_open=True, wanted=wanted) for item in _items(call.output)]
    entries.append(_folded("as it was received", call.output))
    return entries


def tool_name(definition: JsonValue) -> str:
    """Return the name in a tool definition of any provider's form."""
    if not isinstance(definition, dict):
        return "?"
    function = definition.get("function")
    held = function if isinstance(function, dict) else definition
    return str(held.get("name") or definition.get("type") or "?")


def _items(output: JsonValue) -> list[JsonValue]:
    if isinstance(output, list):
        items: list[JsonValue] = []
        blocks: list[JsonValue] = []
        for item in output:
            is_block = isinstance(item, dict) and item.get("type") in (
                "text",
                "tool_use",
                "thinking",
            )
            (blocks if is_block else items).append(item)
        return [{"role": "assistant", "content": blocks}, *items] if blocks else items
    return [output]


def _message(
    message: JsonValue, number: int | None, *, is_open: bool, wanted: str | None = None
) -> Entry:
    if not isinstance(message, dict):
        return json_entries(message)[0]
    message = as_blocks(message)
    role = str(message.get("role") or message.get("type") or "message")
    label = f"{number:>2} {role}" if number is not None else role
    return Entry(
        ((printable(label), _ROLES.get(role, "accent")),),
        children=lambda: _beneath(message, wanted),
        folded=((f"  {_first_words(message)}", "dim"),),
        is_open=is_open,
        value=message,
    )


def _beneath(message: dict[str, Any], wanted: str | None) -> list[Entry]:
    entries = _content(message.get("content"), wanted)
    for call in message.get("tool_calls") or []:
        entries.append(_call(call, wanted))
    if message.get("type") == "function_call":
        entries.append(_call({"id": message.get("call_id"), "function": message}, wanted))
    if message.get("type") == "function_call_output":
        entries += _told(message.get("output"))
    for key in ("refusal", "name", "tool_call_id", "call_id"):
        if isinstance(message.get(key), str) and message.get("type") != "function_call":
            entries.append(Entry(((f"{key} ", "dim"), (printable(message[key]), "dim")), 1))
    return entries or json_entries(message, depth=1)


def _content(content: JsonValue, wanted: str | None) -> list[Entry]:
    if isinstance(content, str):
        return _told(content) if content else []
    entries: list[Entry] = []
    for block in content if isinstance(content, list) else []:
        if isinstance(block, dict) and block.get("type") in _TEXT_TYPES:
            entries += _told(str(block.get("text") or block.get("refusal") or ""))
        elif isinstance(block, dict) and block.get("type") == "tool_use":
            call = {"name": block.get("name"), "arguments": block.get("input")}
            entries.append(_call({"id": block.get("id"), "function": call}, wanted))
        elif isinstance(block, dict) and block.get("type") == "tool_result":
            entries.append(Entry(((f"tool_result {block.get('tool_use_id', '')}", "dim"),), 1))
            entries += _content(block.get("content"), wanted)
        else:
            entries += json_entries(block, depth=1)
    return entries


def _told(text: JsonValue) -> list[Entry]:
    """A text; as JSON where it is an object or a list."""
    if not isinstance(text, str):
        return json_entries(text, depth=1)
    value = parsed(text)
    if isinstance(value, (dict, list)):
        return json_entries(value, depth=1)
    return [Entry((), 1, text=text, value=text)]


def parsed(text: str | None) -> JsonValue:
    """Return the object or list that ``text`` is the JSON of; else None."""
    if text is None or text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _call(call: JsonValue, wanted: str | None) -> Entry:
    if not isinstance(call, dict) or not isinstance(call.get("function"), dict):
        return json_entries(call, depth=1)[0]
    function = call["function"]
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else json_text(arguments)
    here = wanted is not None and call.get("id") == wanted
    lead = (
        ("» " if here else "→ ", "accent"),
        (printable(str(function.get("name"))), "strong"),
    )
    if text[:1] != "{" or (len(text) < _PARSED_MAX and not isinstance(parsed(text), dict)):
        return Entry((*lead, (" ", "")), 1, text=str(arguments or ""), value=call)
    return Entry(
        (*lead, (" ", "")),
        1,
        children=lambda: _arguments(arguments),
        folded=((cut(printable(text[:200]), 70), "dim"),),
        is_open=len(text) > 60,
        value=call,
    )


def _arguments(arguments: JsonValue) -> list[Entry]:
    value = parsed(arguments) if isinstance(arguments, str) else arguments
    if not isinstance(value, dict):
        return [Entry((), 2, text=str(arguments), value=arguments)]
    return [marked_entries(key_parts(key), item, 2, mark="") for key, item in value.items()]


def _first_words(message: dict[str, Any]) -> str:
    content = message.get("content") or message.get("output") or ""
    if isinstance(content, list):
        texts = [str(block.get("text", "")) for block in content if isinstance(block, dict)]
        content = " ".join(texts)
    names = [
        str(call["function"].get("name"))
        for call in message.get("tool_calls") or []
        if isinstance(call, dict) and isinstance(call.get("function"), dict)
    ]
    if names and not content:
        return "→ " + ", ".join(names)
    text = content if isinstance(content, str) else json_text(content)
    return cut(printable(" ".join(text[:200].split())), 60)


def _tool_names(tools: list[JsonValue]) -> str:
    return printable(", ".join(tool_name(tool) for tool in tools[:50]))


def _tool(definition: JsonValue) -> Entry:
    return Entry(
        ((printable(tool_name(definition)), "key"),),
        1,
        children=lambda: json_entries(definition, depth=2),
        value=definition,
    )


def _folded(label: str, value: JsonValue) -> Entry:
    words = count(len(value), "field") if isinstance(value, dict) else ""
    return Entry(
        ((label, "strong"),),
        children=lambda: json_entries(value, depth=1),
        folded=((f"  {words}", "dim"),),
        value=value,
    )


def _rule(words: str) -> Entry:
    return Entry(((f"── {words} ", "dim"),))
