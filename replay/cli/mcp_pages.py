"""Answers cut to what a model's context can hold: lists come in pages, long texts shortened.

A row is a line of JSON; what is left out is told at the end, with how to ask for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from replay.records import JsonObject, JsonValue

TEXT_MAX: Final = 20_000
"""Characters of one answer."""
ROWS_MAX: Final = 200
"""Rows of one answer."""
VALUE_MAX: Final = 300
"""Characters of one text inside a row."""


def cut(text: str, start: int = 0) -> str:
    """Return what fits of ``text`` from ``start`` on, and where to go on."""
    piece = text[start : start + TEXT_MAX]
    left = len(text) - start - len(piece)
    if left <= 0:
        return piece
    return f"{piece}\n[{left:,} characters more: ask again with start={start + len(piece)}]"


def limit_of(limit: int) -> int:
    """Return how many rows are given, of how many were asked for."""
    return min(max(limit, 1), ROWS_MAX)


def page(rows: Sequence[JsonValue], start: int, limit: int, *, value_max: int = VALUE_MAX) -> str:
    """Return the rows from ``start`` on, one a line, as many as fit; and where to go on.

    ``rows``: all there are, or at least one more than is asked for.
    """
    start, size = max(start, 0), 0
    lines: list[str] = []
    for row in rows[start : start + limit_of(limit)]:
        line = compact(shortened(row, value_max))
        size += len(line) + 1
        if lines and size > TEXT_MAX:
            break
        lines.append(line[:TEXT_MAX])
    if not lines:
        return "Nothing was found." if start == 0 else f"There is nothing from start={start} on."
    if len(rows) > start + len(lines):
        lines.append(f"[there is more: ask again with start={start + len(lines)}]")
    return "\n".join(lines)


def paged(whole: JsonObject, key: str, start: int, limit: int) -> str:
    """Return an object on a line of its own, and then the list in it, ``key``, in pages."""
    rest = {name: value for name, value in whole.items() if name != key}
    head = compact(shortened(rest, VALUE_MAX))[:TEXT_MAX]
    return f"{head}\n{key}:\n{page(whole[key], start, limit)}" if whole.get(key) else head


def compact(value: JsonValue) -> str:
    """Return JSON without spaces that say nothing."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def shortened(value: Any, value_max: int) -> Any:
    """Return ``value`` with the texts in it cut, and long lists too."""
    if isinstance(value, str) and len(value) > value_max:
        return f"{value[:value_max]}… ({len(value):,} characters)"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, dict):
        return {name: shortened(one, value_max) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        few = [shortened(one, value_max) for one in value[:ROWS_MAX]]
        return few + ([f"… ({len(value):,} in all)"] if len(value) > ROWS_MAX else [])
    return value
