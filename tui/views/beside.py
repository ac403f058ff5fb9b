"""The rows of a difference as two columns: recorded on the left, today on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tui.views.entries import Row
from tui.views.parts import Part, fit_parts

SEPARATOR = " │ "


@dataclass(frozen=True, slots=True)
class Pair:
    """One line of two columns."""

    left: Row | None
    right: Row | None

    @property
    def row(self) -> Row:
        """The row that the line stands for: what is changed, else today's."""
        row = self.left or self.right
        assert row is not None
        return row


def beside(rows: Sequence[Row]) -> list[Pair]:
    """Return the pairs: what was removed beside what was added in its place."""
    pairs: list[Pair] = []
    removed: list[Row] = []
    added: list[Row] = []

    def flush() -> None:
        pairs.extend(Pair(old, new) for old, new in zip_longest(removed, added))
        removed.clear()
        added.clear()

    for row in rows:
        mark = row.entry.mark
        if mark == "-":
            if added:
                flush()
            removed.append(row)
        elif mark == "+":
            added.append(row)
        else:
            flush()
            pairs.append(Pair(row, row))
    flush()
    return pairs


def column_width(width: int) -> int:
    """Return the columns of one side where both have ``width``."""
    return max(1, (width - len(SEPARATOR)) // 2)


def pair_parts(
    pair: Pair, left: Sequence[Part], right: Sequence[Part], width: int, *, is_here: bool
) -> list[Part]:
    """Return one line of two columns; what is on one side only has that side's background."""
    column = column_width(width)
    shown = fit_parts(left, column), fit_parts(right, column)
    if pair.left is pair.right:
        return [*shown[0], (SEPARATOR, "dim"), *shown[1]]
    roles = (
        ("" if is_here or pair.left is None else "removed-line"),
        ("" if is_here or pair.right is None else "added-line"),
    )
    return [
        *((text, f"{role} {roles[0]}") for text, role in shown[0]),
        (SEPARATOR, "dim"),
        *((text, f"{role} {roles[1]}") for text, role in shown[1]),
    ]
