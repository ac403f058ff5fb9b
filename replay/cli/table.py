"""Tables for a terminal: one line per row, ids whole, only running text is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "


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


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int
) -> list[str]:
    """Return the header and one line per row, none wider than ``width`` where cuts allow it."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = _widths(columns, cells, width)
    header = [column.title for column in columns]
    return [_line(columns, widths, row) for row in [header, *cells]]


def one_line(text: str) -> str:
    """Return ``text`` on one line without control characters: recorded text is not trusted."""
    text = " ".join(text.split())
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def cut(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` terminal cells, ending in ``…`` when cut."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…"


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    from rich.cells import cell_len

    widths = [
        max([cell_len(column.title), *(cell_len(row[index]) for row in cells)])
        for index, column in enumerate(columns)
    ]
    excess = sum(widths) + len(GAP) * (len(columns) - 1) - width
    while excess > 0:
        index = _widest_flexible(columns, widths)
        if index is None:
            break
        widths[index] -= 1
        excess -= 1
    return widths


def _widest_flexible(columns: Sequence[Column], widths: Sequence[int]) -> int | None:
    shrinkable = [
        index
        for index, column in enumerate(columns)
        if column.flexible and widths[index] > max(column.width_min, len(column.title))
    ]
    return max(shrinkable, key=lambda index: widths[index], default=None)


def _line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    from rich.cells import cell_len

    parts = []
    for column, size, cell in zip(columns, widths, row, strict=True):
        text = cut(cell, size)
        padding = " " * (size - cell_len(text))
        parts.append(padding + text if column.right else text + padding)
    return GAP.join(parts).rstrip()
