"""JSON values as JSON Schema tells them apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, TypeGuard

from replay.records import JsonValue

_SHOWN_CHARS_MAX: Final = 40
_SHOWN_COUNT_MAX: Final = 6


def is_number(value: JsonValue) -> TypeGuard[int | float]:
    """Return whether ``value`` is a number of JSON's: not true, not false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same_value(one: JsonValue, other: JsonValue) -> bool:
    """Return whether both are one JSON value: 1 is 1.0, and neither is true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    try:
        if isinstance(one, list) and isinstance(other, list):
            return len(one) == len(other) and all(map(same_value, one, other))
        if isinstance(one, dict) and isinstance(other, dict):
            return one.keys() == other.keys() and all(
                same_value(value, other[key]) for key, value in one.items()
            )
    except RecursionError:
        return False  # deeper than Python can look: taken for different, never for the same
    return bool(one == other)


def written(schema: JsonValue) -> str | None:
    """Return a schema's text without the order of its keys, but for properties: a model sees it.

    None: it is deeper than Python can look.
    """
    try:
        return json.dumps(_in_order(schema), ensure_ascii=False)
    except RecursionError:
        return None


def _in_order(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        ordered: dict[str, JsonValue] = {}
        for key in sorted(value):
            part = value[key]
            if key == "properties" and isinstance(part, dict):
                ordered[key] = [[name, _in_order(one)] for name, one in part.items()]
            else:
                ordered[key] = _in_order(part)
        return ordered
    return [_in_order(one) for one in value] if isinstance(value, list) else value


def kind_of(value: JsonValue) -> str:
    """Return the kind of ``value``: a JSON type, with ``fraction`` for numbers that are not whole.

    ``number`` is then two kinds, ``integer`` and ``fraction``, and sets of kinds compare as sets.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, float):
        return "fraction"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def shown(value: JsonValue) -> str:
    """Return ``value`` as JSON for a sentence, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = "…"
    return text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + "…"


def listed(values: Sequence[JsonValue]) -> str:
    """Return ``values`` for a sentence, the first few of many."""
    said = ", ".join(shown(value) for value in values[:_SHOWN_COUNT_MAX])
    more = len(values) - _SHOWN_COUNT_MAX
    return f"{said} and {more} more" if more > 0 else said


def shown_apart(old: JsonValue, new: JsonValue) -> tuple[str, str]:
    """Return both for a sentence; of long texts only where they begin to differ."""
    if not isinstance(old, str) or not isinstance(new, str):
        return shown(old), shown(new)
    if max(len(old), len(new)) <= _SHOWN_CHARS_MAX - 2:
        return shown(old), shown(new)
    pairs = zip(old, new, strict=False)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
    start = max(same - 12, 0)
    start = old.rfind(" ", 0, start) + 1 if start else 0
    lead = "…" if start else ""
    return shown(lead + old[start:]), shown(lead + new[start:])
