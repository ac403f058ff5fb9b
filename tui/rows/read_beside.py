"""JSON that is read beside a value that it mostly repeats: what is equal is held once at once.

Read whole first, five megabytes that nest deeply take fifty more until they are shared.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from replay.records import JsonObject, JsonValue
from tui.rows.shared import share_equal

_MEMBERS_MAX: Final = 64
"""An object of more has small ones: it is read as a whole."""
_DEPTH_MAX: Final = 6
_SPACE: Final = re.compile(r"[ \t\n\r]*+")
_DECODER: Final[Any] = json.JSONDecoder()
_SCAN: Final = _DECODER.scan_once
"""Reads one value, and says where it ends; written in C."""
_ABSENT: Final[Any] = object()
"""Stands against a member that the other side has not; it is equal to nothing."""


def read_beside(text: str, recorded: JsonValue) -> JsonValue:
    """Return what ``text`` says; what is equal in it, as `share_equal` has it, is ``recorded``'s.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it nests too deeply to be read.
    """
    try:
        value, at = _value(text, _after_space(text, 0), recorded, 0)
    except StopIteration as stopped:  # so the scanner says where there is no value
        raise ValueError(f"no JSON at {stopped.value}") from None
    if _after_space(text, at) != len(text):
        raise ValueError(f"no end of JSON at {at}")
    return value


def _value(text: str, at: int, recorded: JsonValue, depth: int) -> tuple[JsonValue, int]:
    if (
        depth < _DEPTH_MAX
        and isinstance(recorded, dict)
        and len(recorded) <= _MEMBERS_MAX
        and text.startswith("{", at)
    ):
        return _object(text, at + 1, recorded, depth)
    value, end = _SCAN(text, at)
    return share_equal(recorded, value, depth=depth), end


def _object(text: str, at: int, recorded: JsonObject, depth: int) -> tuple[JsonValue, int]:
    members: JsonObject = {}
    at = _after_space(text, at)
    if not text.startswith("}", at):
        while True:
            _after(text, '"', at)
            key, at = _SCAN(text, at)
            at = _after_space(text, _after(text, ":", _after_space(text, at)))
            members[key], at = _value(text, at, recorded.get(key, _ABSENT), depth + 1)
            at = _after_space(text, at)
            if not text.startswith(",", at):
                break
            at = _after_space(text, at + 1)
    is_same = len(members) == len(recorded) and all(
        recorded.get(key, _ABSENT) is value for key, value in members.items()
    )
    return (recorded if is_same else members), _after(text, "}", at)


def _after(text: str, sign: str, at: int) -> int:
    if not text.startswith(sign, at):
        raise ValueError(f"no {sign} at {at}")
    return at + 1


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # it may be none
    return found.end()
