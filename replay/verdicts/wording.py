"""Values and texts as titles show them."""

from __future__ import annotations

from typing import Final

from replay.records import JsonValue

_VALUE_CHARS_MAX: Final = 24
_TIMES: Final = {1: "once", 2: "twice"}


def times(count: JsonValue) -> str:
    """Return ``once``, ``twice``, ``3 times``."""
    return _TIMES.get(count, f"{count:,} times") if isinstance(count, int) else f"{count} times"


def shown_value(value: JsonValue) -> str | None:
    """Return ``value`` as a title shows it; None where it is too long or not a single value."""
    if isinstance(value, dict | list):
        return None
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _VALUE_CHARS_MAX else None


def cut_text(text: str, chars_max: int) -> str:
    """Return ``text`` in at most ``chars_max`` characters, with ``…`` where it was cut."""
    return text if len(text) <= chars_max else text[: chars_max - 1].rstrip() + "…"
