"""Foldable entries, and their lines at a given width.

A pane is a list of entries. `lay_out` turns them into rows, as many as are open; folding and
resizing lay out anew. A long text is shown wrapped beneath its label, and cut until it is opened.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from rich.cells import cell_len

from replay.verdicts.paths import PathPart, written
from tui.views.parts import Part, Parts, cut, printable

ROWS_MAX: Final = 200_000
"""A pane stops here and says so."""
TEXT_CHARS_MAX: Final = 2_000
"""Characters of a long text that are shown before it is opened."""
_SLICED_MIN: Final = 20_000
"""Texts from this size on are cut at the column, not between words: a hundred times faster."""


Way: TypeAlias = tuple[Any, PathPart]
"""The way to what holds a value (None: nothing does), and its own part; made in no time."""


@dataclass(slots=True, eq=False)
class Entry:
    """One thing of a pane: a line, and what is beneath it when it is open."""

    parts: Parts
    depth: int = 0
    children: Callable[[], list[Entry]] | None = None
    """None: nothing to fold."""
    closing: Parts = ()
    """The line after the children (``}``), or nothing."""
    folded: Parts = ()
    """What follows ``parts`` while folded: ``{ 3 keys }``."""
    is_open: bool = False
    text: str | None = None
    """A text that belongs to the line: behind it when short, else wrapped beneath it."""
    quoted: bool = False
    """The text is a JSON string: in quotes when it is on the line."""
    role: str = ""
    """The role of ``text``."""
    tail: str = ""
    """What follows a text on the line: a comma."""
    mark: str = ""
    """``-`` recorded, ``+`` today, ``~`` both: in front of the line."""
    is_change: bool = False
    """A place that next and previous change stop at."""
    is_two_sided: bool = False
    """It and what is beneath it has a recorded and a today's side, which may stand side by side."""
    value: Any = None
    """What copying gives; None: the text of the line."""
    value_made: Callable[[], Any] | None = None
    """Makes that value when it is wanted: of what is big, or put together."""
    way: Way | None = None
    """The way to the value in its step; None: it has none."""
    _made: list[Entry] | None = field(default=None, repr=False)

    def made(self) -> list[Entry]:
        """Return the children, made when first asked for."""
        if self._made is None:
            self._made = self.children() if self.children is not None else []
        return self._made

    def copied(self) -> Any:
        """Return what copying gives; None: the text of the line."""
        return self.value if self.value_made is None else self.value_made()

    @property
    def path(self) -> str:
        """The way as conditions write it: ``response.items[0]``; empty: there is none."""
        parts: list[PathPart] = []
        way = self.way
        while way is not None:
            way, part = way
            parts.append(part)
        return written(parts[::-1]) if parts and parts[-1] else ""

    @property
    def folds(self) -> bool:
        """Whether there is something to open or close."""
        return self.children is not None or (
            self.text is not None and len(self.text) > TEXT_CHARS_MAX
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line on the screen."""

    entry: Entry
    parts: Parts
    is_first: bool
    """The entry's own line; False: a wrapped or closing one."""


def lay_out(entries: Iterable[Entry], width: int) -> list[Row]:
    """Return the lines of ``entries`` in ``width`` columns."""
    rows: list[Row] = []
    for row in _rows(entries, max(width, 12)):
        rows.append(row)
        if len(rows) >= ROWS_MAX:
            end = (("… more than fits; `replay show` prints everything", "dim"),)
            rows.append(Row(Entry(end), end, True))
            break
    return rows


def _rows(entries: Iterable[Entry], width: int) -> Iterator[Row]:
    stack: list[Iterator[Entry | Row]] = [iter(entries)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif isinstance(item, Row):
            yield item
        elif item.children is not None and item.is_open:
            yield from _line(item, item.parts, width)
            closing = [Row(item, _indented(item, item.closing, width), False)]
            closing = closing if item.closing else []
            stack.append(iter([*item.made(), *closing]))
        else:
            yield from _leaf(item, width)


def _leaf(entry: Entry, width: int) -> Iterator[Row]:
    if entry.text is None:
        room = width - len(_indent(entry.depth, width))
        room -= sum(cell_len(text) for text, _ in entry.parts)
        folded = tuple((cut(text, room), role) for text, role in entry.folded)
        yield from _line(entry, entry.parts + folded, width)
        return
    text = entry.text
    on_line = _on_one_line(entry)
    used = len(_indent(entry.depth, width)) + sum(cell_len(part[0]) for part in entry.parts)
    if "\n" not in text and len(text) < width and used + cell_len(on_line) <= width:
        parts = (*entry.parts, (on_line, entry.role), (entry.tail, "dim"))
        yield Row(entry, _indented(entry, parts, width), True)
        return
    rest = len(text) - TEXT_CHARS_MAX
    is_cut = rest > 0 and not entry.is_open
    has_label = bool(entry.parts)
    if has_label:
        about = f"({len(text):,} characters)" if rest > 0 else ""
        yield Row(entry, _indented(entry, (*entry.parts, (about, "dim")), width), True)
    indent = _indent(entry.depth + (1 if has_label else 0), width)
    shown = text[:TEXT_CHARS_MAX] if is_cut else text
    for number, line in enumerate(wrapped(shown, width - len(indent))):
        yield Row(entry, ((indent + line, entry.role),), not has_label and number == 0)
    if is_cut:
        yield Row(entry, ((f"{indent}… {rest:,} more characters: enter", "accent"),), False)


def _line(entry: Entry, parts: Parts, width: int) -> Iterator[Row]:
    """One line, or several where it is too long."""
    indent = _indent(entry.depth, width)
    used = len(indent) + sum(cell_len(part[0]) for part in parts)
    if used <= width:
        yield Row(entry, _indented(entry, parts, width), True)
        return
    lines = _broken(parts, max(12, width - len(indent)))
    for number, line in enumerate(lines):
        hang = indent + ("    " if number else "")
        yield Row(entry, ((hang, ""), *line), number == 0)


def _broken(parts: Parts, width: int) -> list[Parts]:
    lines: list[list[Part]] = [[]]
    left = width
    for text, role in parts:
        while text:
            piece, text = _split_at(text, left)
            if piece:
                lines[-1].append((piece, role))
                left -= cell_len(piece)
            if text:
                lines.append([])
                left = width - 4
    return [tuple(line) for line in lines]


def _split_at(text: str, width: int) -> tuple[str, str]:
    if cell_len(text) <= width:
        return text, ""
    size, used = 0, 0
    for char in text:
        used += cell_len(char)
        if used > width:
            break
        size += 1
    space = text.rfind(" ", max(0, size - 24), size)
    size = space + 1 if space > 0 else size
    return text[:size], text[size:]


def _on_one_line(entry: Entry) -> str:
    assert entry.text is not None
    text = json.dumps(entry.text[:4000], ensure_ascii=False) if entry.quoted else entry.text[:4000]
    return printable(text)


def _indented(entry: Entry, parts: Parts, width: int) -> Parts:
    return ((_indent(entry.depth, width), ""), *parts) if entry.depth else parts


def _indent(depth: int, width: int) -> str:
    """Return what stands before a line: two spaces for each level, at most half of the width.

    What nests deeper begins at the left again, with a ``›`` for each time that it did.
    """
    used, half = 2 * depth, max(8, width // 2)
    return " " * used if used <= half else "›" * (used // half) + " " * (used % half)


def wrapped(text: str, width: int) -> Iterator[str]:
    """Return the lines of ``text`` in ``width`` columns; its own line ends and indents stay."""
    width = max(width, 8)
    wide = not text.isascii()
    for line in text.splitlines() or [""]:
        line = printable(line)
        if len(line) <= width and (not wide or cell_len(line) <= width):
            yield line
        elif len(line) > _SLICED_MIN or (wide and cell_len(line) != len(line)):
            yield from _sliced(line, width)
        else:
            indent = line[: len(line) - len(line.lstrip())][: width // 2]
            yield from textwrap.wrap(
                line,
                width,
                initial_indent="",
                subsequent_indent=indent,
                drop_whitespace=True,
                break_on_hyphens=False,
            ) or [""]


def _sliced(line: str, width: int) -> Iterator[str]:
    if line.isascii():
        for start in range(0, len(line), width):
            yield line[start : start + width]
        return
    start, used = 0, 0
    for at, char in enumerate(line):
        size = cell_len(char)
        if used + size > width:
            yield line[start:at]
            start, used = at, 0
        used += size
    yield line[start:]
