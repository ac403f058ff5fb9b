"""Entries as plain lines, as the screen shows them: for a pipe, a file, a mail."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from tui.rows.comparisons import Compared
from tui.views.beside import Pair, beside, column_width, pair_parts
from tui.views.comparison_view import comparison_entries, headline
from tui.views.entries import Entry, Row, lay_out
from tui.views.parts import Part, parts_text
from tui.views.sames import ALL

_GUTTER: Final = 2
_CODES: Final = {
    "strong": "1",
    "dim": "2",
    "removed": "31",
    "bad": "31",
    "added": "32",
    "good": "32",
    "string": "32",
    "warn": "33",
    "accent": "33",
    "key": "34",
    "unsure": "36",
}


def comparison_text(
    compared: Compared,
    *,
    width: int,
    is_beside: bool = False,
    context: int = 0,
    colored: bool = False,
) -> str:
    """Return one call recorded against today: what the screen of a comparison shows.

    ``context``: equal members beside each change; -1 unfolds everything.
    """
    entries = comparison_entries(compared, context=context)
    if context == ALL:
        _unfold(entries)
    lines = [headline(compared)]
    for is_two_sided, held in groupby(entries, lambda entry: entry.is_two_sided):
        if is_beside and is_two_sided:
            rows = lay_out(held, column_width(width) - _GUTTER)
            lines += [_pair_parts(pair, width) for pair in beside(rows)]
        else:
            lines += [_row_parts(row) for row in lay_out(held, width - _GUTTER)]
    return "\n".join(_painted(line, colored) for line in lines)


def _unfold(entries: Sequence[Entry]) -> None:
    for entry in entries:
        entry.is_open = True
        if entry.children is not None:
            _unfold(entry.made())


def _row_parts(row: Row) -> list[Part]:
    role = {"-": "removed", "+": "added"}.get(row.entry.mark, "warn")
    return [(row.entry.mark.ljust(_GUTTER), role), *row.parts]


def _pair_parts(pair: Pair, width: int) -> list[Part]:
    left = _row_parts(pair.left) if pair.left is not None else []
    right = _row_parts(pair.right) if pair.right is not None else []
    return pair_parts(pair, left, right, width, is_here=True)


def _painted(parts: Sequence[Part], colored: bool) -> str:
    if not colored:
        return parts_text(parts).rstrip()
    said = []
    for text, roles in parts:
        codes = [_CODES[role] for role in roles.split() if role in _CODES]
        blank = not codes or not text.strip()
        said.append(text if blank else f"\x1b[{';'.join(codes)}m{text}\x1b[0m")
    return "".join(said).rstrip()
