"""A JSON value as entries. Colour comes from knowing the value: no lexer, no worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from replay.records import JsonValue
from replay.verdicts.paths import PathPart
from tui.views.entries import Entry, Way
from tui.views.parts import Part, Parts, printable

LINES_MAX: Final = 4_000
"""A value is opened as far as it fits this many lines; the rest starts folded."""
_OPENED_MAX: Final = 1_000
"""The same of a value that somebody opens: a key waits for that."""
GROUP_SIZE: Final = 500
"""Longer lists and objects are shown as groups of so many members."""
_INLINE_MAX: Final = 60
"""Small lists of plain values stay on one line up to this many characters."""


class _Budget:
    """Lines that may still be opened."""

    def __init__(self, lines: int) -> None:
        self.left = lines


def json_entries(
    value: JsonValue, *, label: str = "", depth: int = 0, lines_max: int = LINES_MAX
) -> list[Entry]:
    """Return ``value`` as entries, opened as far as it fits ``lines_max`` lines."""
    lead: Parts = ((label, "strong"), (": ", "dim")) if label else ()
    return [_entry(lead, value, depth, _Budget(lines_max), comma="", mark="", way=(None, label))]


def marked_entries(
    lead: Parts, value: JsonValue, depth: int, *, mark: str, comma: str = "", is_open: bool = True
) -> Entry:
    """Return a value that stands on one side of a diff, or that is the same on both."""
    entry = _entry(lead, value, depth, _Budget(LINES_MAX if is_open else 0), comma, mark)
    return entry


def json_text(value: Any) -> str:
    """Return ``value`` as JSON on one line."""
    return printable(json.dumps(value, ensure_ascii=False, default=repr))


def size_words(value: JsonValue) -> str:
    """Return what a folded container says of itself."""
    if isinstance(value, dict):
        return f"{{ {len(value):,} {'key' if len(value) == 1 else 'keys'} }}"
    if isinstance(value, list):
        return f"[ {len(value):,} {'item' if len(value) == 1 else 'items'} ]"
    return ""


def key_parts(key: str) -> Parts:
    """Return the lead of an object's member."""
    return ((printable(json.dumps(key, ensure_ascii=False)), "key"), (": ", "dim"))


def _entry(
    lead: Parts,
    value: JsonValue,
    depth: int,
    budget: _Budget,
    comma: str,
    mark: str,
    way: Way | None = None,
) -> Entry:
    role = {"-": "removed", "+": "added"}.get(mark, "")
    budget.left -= 1
    if isinstance(value, str):
        return Entry(
            _painted(lead, role),
            depth,
            text=value,
            quoted=True,
            role=role or "string",
            tail=comma,
            mark=mark,
            value=value,
            way=way,
        )
    if not isinstance(value, (dict, list)) or not value:
        said: Part = (json_text(value), role or _role(value))
        parts = (*_painted(lead, role), said, (comma, "dim"))
        return Entry(parts, depth, mark=mark, value=value, way=way)
    inline = _inline(value)
    if inline is not None:
        said = (inline, role or "number")
        parts = (*_painted(lead, role), said, (comma, "dim"))
        return Entry(parts, depth, mark=mark, value=value, way=way)
    opening, ending = ("{", "}") if isinstance(value, dict) else ("[", "]")
    entry = Entry(
        (*_painted(lead, role), (opening, role or "dim")),
        depth,
        children=lambda: _members(value, depth + 1, _Budget(_OPENED_MAX), mark, way),
        closing=((ending + comma, role or "dim"),),
        folded=((size_words(value)[1:] + comma, role or "dim"),),
        mark=mark,
        value=value,
        way=way,
    )
    if _lines(value, budget.left + 1) <= budget.left:
        entry.is_open = True
        entry._made = _members(value, depth + 1, budget, mark, way)
    elif budget.left > 0 and depth == 0:
        entry.is_open = True  # the outermost is always open: its members fold instead
        entry._made = _members(value, depth + 1, budget, mark, way)
    return entry


def _members(
    value: JsonValue, depth: int, budget: _Budget, mark: str, way: Way | None
) -> list[Entry]:
    last = len(value) - 1
    keys: Sequence[PathPart] = list(value) if isinstance(value, dict) else range(len(value))

    def made(start: int, stop: int) -> list[Entry]:
        lines = budget if len(keys) <= GROUP_SIZE else _Budget(_OPENED_MAX)
        return [
            _entry(
                key_parts(part) if isinstance(part, str) else (),
                value[part],
                depth,
                lines,
                "," if at < last else "",
                mark,
                None if way is None else (way, part),
            )
            for at, part in enumerate(keys[start:stop], start)
        ]

    return grouped(len(keys), made, depth)


def grouped(
    number: int, made: Callable[[int, int], list[Entry]], depth: int, noun: str = ""
) -> list[Entry]:
    """Return ``made(0, number)``; of very many, folded groups that are made when one is opened."""
    if number <= GROUP_SIZE:
        return made(0, number)
    size = max(GROUP_SIZE, -(-number // GROUP_SIZE))
    return [
        Entry(
            ((f"{noun}{start:,} … {min(start + size, number) - 1:,}", "dim"),),
            depth,
            children=partial(made, start, min(start + size, number)),
        )
        for start in range(0, number, size)
    ]


def _painted(lead: Parts, role: str) -> Parts:
    return tuple((text, role) for text, _ in lead) if role else lead


def _role(value: JsonValue) -> str:
    if value is None or value is True or value is False:
        return "literal"
    return "number" if isinstance(value, (int, float)) else "dim"


def _inline(value: JsonValue) -> str | None:
    """Return a short list of numbers on one line, or None."""
    if not isinstance(value, list) or len(value) > 16:
        return None
    if any(isinstance(item, (dict, list, str)) for item in value):
        return None
    text = json_text(value)
    return text if len(text) <= _INLINE_MAX else None


def _lines(value: JsonValue, most: int) -> int:
    """Count the lines of ``value``, stopping at ``most``."""
    lines = 0
    waiting: list[Any] = [value]
    while waiting and lines < most:
        held = waiting.pop()
        lines += 1
        if isinstance(held, dict):
            lines += 1
            waiting.extend(held.values())
        elif isinstance(held, list):
            lines += 1
            waiting.extend(held)
    return lines
