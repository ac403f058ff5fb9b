"""Where in a value it changed, on one line: two long values that begin alike say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replay.records import JsonValue
from replay.verdicts.canonical import same_value
from replay.verdicts.paths import PathPart, written
from tui.views.json_entries import json_text
from tui.views.parts import cut

_LONG: Final = 18
"""Values up to this are told whole, side by side."""
_PART_CHARS_MAX: Final = 48


def value_change(before: Sequence[JsonValue] | None, after: Sequence[JsonValue] | None) -> str:
    """Return ``[2]: + {"title": ...}``, ``.price: 3 → 4``: the one place that changed.

    Empty: the values are short, there are several of them, or several places changed.
    """
    if before is None or after is None or len(before) != 1 or len(after) != 1:
        return ""
    if max(len(json_text(before[0])), len(json_text(after[0]))) <= _LONG:
        return ""
    return _change(before[0], after[0], [])


def _change(old: JsonValue, new: JsonValue, path: list[PathPart]) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        return _in_object(old, new, path)
    if isinstance(old, list) and isinstance(new, list):
        return _in_list(old, new, path)
    if not path:
        return ""
    return f"{_place(path)}{_short(old, 24)} → {_short(new, 24)}"


def _in_object(old: dict[str, JsonValue], new: dict[str, JsonValue], path: list[PathPart]) -> str:
    keys = [key for key in {**old, **new} if not _is_same(old, new, key)]
    if len(keys) != 1:
        return f"{_place(path)}{', '.join(keys[:3])} differ" if 1 < len(keys) <= 3 else ""
    key = keys[0]
    if key in old and key in new:
        return _change(old[key], new[key], [*path, key])
    sign, value = ("+", new[key]) if key in new else ("-", old[key])
    return f"{_place([*path, key])}{sign} {_short(value)}"


def _is_same(old: dict[str, JsonValue], new: dict[str, JsonValue], key: str) -> bool:
    return key in old and key in new and same_value(old[key], new[key])


def _in_list(old: list[JsonValue], new: list[JsonValue], path: list[PathPart]) -> str:
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if not same_value(old[at], new[at])), shorter)
    tail = 0
    while tail < shorter - head and same_value(old[-1 - tail], new[-1 - tail]):
        tail += 1
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(gone) == len(come) == 1:
        return _change(gone[0], come[0], [*path, head])
    if gone and come:
        return ""
    sign, members = ("+", come) if come else ("-", gone)
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    return f"{_place([*path, head])}{sign} {_short(members[0])}{more}" if members else ""


def _short(value: JsonValue, room: int = _PART_CHARS_MAX) -> str:
    return cut(json_text(value), room)


def _place(path: list[PathPart]) -> str:
    return f"{written(path)}: " if path else ""
