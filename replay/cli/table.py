"""Tables for a terminal: one line per row, ids whole, only running text is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from replay.report.ink import cells as cell_count
from replay.report.ink import cut, plain

GAP = "  "
Item = TypeVar("Item")


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    title: str
    right: bool = False
    """True for numbers."""
    flexible: bool = False
    """True: may be cut to make the line fit. Ids and numbers never are: they are to be copied."""
    width_min: int = 8
    """What a flexible column keeps at least."""
    left_out: int = 0
    """Where the line is too narrow still, columns are left out: highest number first, 0 never."""


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int
) -> list[str]:
    """Return the header and one line per row, none wider than ``width`` where cuts allow it."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = _widths(columns, cells, width)
    while _line_width(widths) > width and any(column.left_out for column in columns):
        index = max(range(len(columns)), key=lambda index: columns[index].left_out)
        columns = _without(columns, index)
        cells = [_without(row, index) for row in cells]
        widths = _widths(columns, cells, width)
    header = [column.title for column in columns]
    return [_line(columns, widths, row) for row in [header, *cells]]


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    widths = [
        max([cell_count(column.title), *(cell_count(row[index]) for row in cells)])
        for index, column in enumerate(columns)
    ]
    excess = _line_width(widths) - width
    while excess > 0:
        index = _widest_flexible(columns, widths)
        if index is None:
            break
        widths[index] -= 1
        excess -= 1
    return widths


def _line_width(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _without(items: Sequence[Item], index: int) -> list[Item]:
    return [*items[:index], *items[index + 1 :]]


def _widest_flexible(columns: Sequence[Column], widths: Sequence[int]) -> int | None:
    shrinkable = [
        index
        for index, column in enumerate(columns)
        if column.flexible and widths[index] > max(column.width_min, len(column.title))
    ]
    return max(shrinkable, key=lambda index: widths[index], default=None)


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    parts = []
    for column, size, cell in zip(columns, widths, row, strict=True):
        text = cut(cell, size)
        padding = " " * (size - cell_count(text))
        parts.append(padding + text if column.right else text + padding)
    return GAP.join(parts).rstrip()
