"""A pane of differences: one below the other, or recorded on the left and today on the right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from tui.views.beside import Pair, beside, column_width, pair_parts
from tui.views.entries import Entry, Row, lay_out
from tui.views.parts import Part, parts_text
from tui.widgets.outline import GUTTER, Outline

BESIDE_MIN = 60
"""Columns from which on two sides fit beside each other."""


class Differences(Outline):
    """An outline of ``-`` and ``+`` lines that can stand side by side."""

    def __init__(self, *, id: str | None = None) -> None:
        """One below the other."""
        super().__init__(id=id)
        self.is_beside = False
        self._pairs: list[Pair] = []

    @property
    def stands_beside(self) -> bool:
        """Whether it is side by side: it was asked for, and there is room."""
        return self.is_beside and self.line_width >= BESIDE_MIN

    def turn(self) -> None:
        """Change between the two forms; the cursor stays on its entry."""
        self.is_beside = not self.is_beside
        self._lay_out(at=self.rows[self.cursor].entry if self.rows else None)

    def replace(self, entries: list[Entry]) -> None:
        """Show the same difference otherwise; the cursor stays at its place in the values."""
        changes = self.changes()
        at = sum(index <= self.cursor for index in changes)
        self.entries = entries
        self._lay_out()
        changes = self.changes()
        if at and changes:
            self.cursor = changes[min(at, len(changes)) - 1]

    def changes(self) -> list[int]:
        """Return the lines that next and previous change stop at."""
        return [
            index for index, row in enumerate(self.rows) if row.is_first and row.entry.is_change
        ]

    def lay_out_rows(self) -> list[Row]:
        """Return the lines; side by side each of them stands for a pair."""
        if not self.stands_beside:
            self._pairs = []
            return super().lay_out_rows()
        self._pairs = []
        for is_two_sided, entries in groupby(self.entries, lambda entry: entry.is_two_sided):
            width = column_width(self.line_width) if is_two_sided else self.line_width
            rows = lay_out(entries, width - GUTTER)
            self._pairs += beside(rows) if is_two_sided else [Pair(row, None) for row in rows]
        return [pair.row for pair in self._pairs]

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one line, or one pair."""
        if not self._pairs:
            return super().line_parts(index, width)
        pair = self._pairs[index]
        if pair.right is None and not pair.row.entry.mark:
            return self.row_parts(pair.row)
        left = self.row_parts(pair.left) if pair.left is not None else ()
        right = self.row_parts(pair.right) if pair.right is not None else ()
        return pair_parts(pair, left, right, width, is_here=index == self.cursor)

    def line_role(self, index: int) -> str:
        """Return the background of a whole line; side by side each half has its own."""
        return "" if self._pairs else super().line_role(index)

    def line_text(self, index: int) -> str:
        """Return the words of a line, of both sides."""
        if not self._pairs:
            return super().line_text(index)
        pair = self._pairs[index]
        both = [parts_text(row.parts) for row in (pair.left, pair.right) if row is not None]
        return "  ".join(dict.fromkeys(both))
