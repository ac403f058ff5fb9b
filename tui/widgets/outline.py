"""A pane of foldable entries: JSON, prompts, differences, tracebacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import events
from textual.message import Message

from tui.actions import OUTLINE
from tui.views.entries import Entry, Row, lay_out
from tui.views.parts import Part, parts_text
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines

GUTTER = 2
_HIDDEN_MAX = 8
"""A pane of so few columns is not shown."""
_USUAL_WIDTH = 78
_AFTER_CHANGE = 3
"""Lines of a change that are seen with its first one."""
_LEAD = 3
"""Lines before it that are seen with it, where there is room."""
_UNFOLDED_MAX = 1_000
"""Lines that are opened at once: more takes longer than somebody waits for a key."""


class Outline(Lines):
    """Shows entries; a sign in the gutter says what is folded and what changed."""

    BINDINGS = bindings(OUTLINE)

    @dataclass
    class Cut(Message):
        """Not everything was unfolded: what is left is opened by the next such key."""

        lines: Outline

        @property
        def control(self) -> Outline:
            """The pane it happened in."""
            return self.lines

    def __init__(self, *, id: str | None = None) -> None:
        """Starts empty."""
        super().__init__(id=id)
        self.entries: list[Entry] = []
        self.rows: list[Row] = []
        self._laid_out_width = 0
        self._fixed = 0
        self._is_headed = False
        self._is_at_change = False
        """Stands at the first change because it was shown so, not because somebody went there."""

    def on_unmount(self) -> None:
        """Let go of the values: a screen is a ring that the collector may find much later."""
        self.entries, self.rows = [], []

    def show(
        self, entries: list[Entry], *, at_change: bool = False, is_headed: bool = False
    ) -> None:
        """Show other entries from their top, or from their first change.

        ``is_headed``: what comes before the first gap, a verdict and its cause, stays in sight.
        """
        self.entries = entries
        self._is_headed = is_headed
        self.scroll_to(y=0, animate=False, immediate=True)
        self.set_reactive(Outline.cursor, 0)
        self._lay_out()
        self._is_at_change = at_change
        if at_change:
            self._show_first_change()

    def replace_keeping(self, entries: list[Entry]) -> None:
        """Show entries that are known better now: neither cursor nor view moves."""
        self.entries = entries
        self._lay_out()

    def lay_out_rows(self) -> list[Row]:
        """Return the lines that are open, at this width; hidden, at a usual one.

        A text of megabytes has a million lines at a width of one.
        """
        width = self.line_width if self.line_width > _HIDDEN_MAX else _USUAL_WIDTH
        return lay_out(self.entries, width - GUTTER)

    @property
    def fixed_height(self) -> int:
        """The lines of the head and the gap after it: at most half of what there is room for."""
        return min(self._fixed, self.page_height // 2)

    @property
    def passed_count(self) -> int:
        """The gap is no loss; where the head is cut, a line of it stands in its place."""
        return super().passed_count + (self.fixed_height < self._fixed)

    def line_count(self) -> int:
        """Return how many lines are open."""
        return len(self.rows)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one line with its sign."""
        return self.row_parts(self.rows[index])

    def row_parts(self, row: Row) -> list[Part]:
        """Return a row with its sign."""
        entry = row.entry
        if entry.mark:
            role = {"-": "removed", "+": "added"}.get(entry.mark, "warn")
            sign: Part = (entry.mark.ljust(GUTTER), role)
        elif entry.folds and row.is_first and entry.children is not None:
            sign = ("▼ " if entry.is_open else "▶ ", "dim")
        else:
            sign = (" " * GUTTER, "")
        return [sign, *row.parts]

    def line_role(self, index: int) -> str:
        """Return whether the line is on one side only."""
        mark = self.rows[index].entry.mark
        return {"-": "removed-line", "+": "added-line"}.get(mark, "")

    def line_text(self, index: int) -> str:
        """Return the words of a line."""
        return parts_text(self.rows[index].parts)

    def watch_show_vertical_scrollbar(self) -> None:
        """The bar takes a column, and Textual need not call that a resize."""
        self.call_after_refresh(self._wrap_anew)

    def _wrap_anew(self) -> None:
        if self.line_width != self._laid_out_width:
            self._lay_out()

    def on_resize(self) -> None:
        """Wrap anew when the width is another."""
        self._wrap_anew()
        super().on_resize()
        if self._is_at_change:
            self._show_first_change()

    def watch_cursor(self, old: int, new: int) -> None:
        """Somebody moved."""
        self._is_at_change = False
        super().watch_cursor(old, new)

    def value_here(self) -> Any:
        """Return what the line under the cursor stands for, as JSON; None on an empty pane."""
        if not self.rows:
            return None
        row = self.rows[self.cursor]
        value = row.entry.copied()
        if value is not None or row.entry.parts[:1] == ():
            return value
        return row.entry.text or parts_text(row.parts).strip()

    def path_here(self) -> str:
        """Return the way to the value under the cursor in its step; empty: it has none."""
        return self.rows[self.cursor].entry.path if self.rows else ""

    def values(self) -> Any:
        """Return everything in the pane as JSON: one value, or a list of them."""
        found = [value for entry in self.entries if (value := entry.copied()) is not None]
        if found:
            return found[0] if len(found) == 1 else found
        return [parts_text(entry.parts) for entry in self.entries]

    # -- folding ----------------------------------------------------------------------------------

    def action_fold(self, way: str) -> None:
        """Open or close the entry under the cursor."""
        if not self.rows:
            return
        entry = self.rows[self.cursor].entry
        wanted = {"open": True, "close": False}.get(way, not entry.is_open)
        if entry.folds and entry.is_open != wanted:
            entry.is_open = wanted
            self._lay_out(at=entry)
        elif way == "close":
            self._go_to_holder(entry)

    def action_fold_all(self, is_open: bool) -> None:
        """Open or close everything; of very much the first that is closed, and then the next."""
        here = self.rows[self.cursor].entry if self.rows else None
        if is_open:
            self._open_all()
        else:
            self._close_all()
        self._lay_out(at=here)

    def _open_all(self) -> None:
        left = _UNFOLDED_MAX
        waiting = [(entry, False) for entry in reversed(self.entries)]
        while waiting and left > 0:
            entry, is_new = waiting.pop()
            if entry.children is None:
                continue
            is_new = is_new or not entry.is_open
            entry.is_open = True
            children = entry.made()
            left -= len(children) if is_new else 0
            waiting += [(child, is_new) for child in reversed(children)]
        if any(entry.children is not None and not entry.is_open for entry, _ in waiting):
            self.post_message(self.Cut(self))

    def _close_all(self) -> None:
        waiting = list(self.entries)
        while waiting:
            entry = waiting.pop()
            if entry.children is not None and entry.is_open:
                waiting += entry.made()
                entry.is_open = entry.depth == 0 and len(self.entries) == 1

    def action_change(self, direction: int) -> None:
        """Go to the next place that differs, or the one before."""
        index = self.cursor + direction
        while 0 <= index < len(self.rows):
            row = self.rows[index]
            if row.entry.is_change and row.is_first:
                self.cursor = index
                return
            index += direction
        self.app.bell()

    def on_click(self, event: events.Click) -> None:
        """A click on the sign folds, a double click anywhere on the line."""
        super().on_click(event)
        offset = event.get_content_offset(self)
        if offset is not None and (offset.x < GUTTER or event.chain == 2):
            self.action_fold("toggle")

    def _lay_out(self, at: Entry | None = None) -> None:
        self._laid_out_width = self.line_width
        self.rows = self.lay_out_rows()
        gaps = (index for index, row in enumerate(self.rows) if not parts_text(row.parts))
        self._fixed = next(gaps, -1) + 1 if self._is_headed else 0
        if at is not None:
            index = next((i for i, row in enumerate(self.rows) if row.entry is at), None)
            if index is not None:
                self.set_reactive(Outline.cursor, index)
        self.lines_changed()

    def _go_to_holder(self, entry: Entry) -> None:
        for index in range(self.cursor - 1, -1, -1):
            row = self.rows[index]
            if row.is_first and row.entry.depth < entry.depth and row.entry.children is not None:
                self.cursor = index
                return

    def _show_first_change(self) -> None:
        """Let the first change be seen, with what leads to it above it where that fits."""
        for index, row in enumerate(self.rows):
            if row.entry.is_change:
                last = min(index + _AFTER_CHANGE, len(self.rows) - 1)
                top = max(0, last + 1 - self.page_height)
                if top:
                    room = self.page_height - self.fixed_height
                    top = max(0, index - self.fixed_height - min(_LEAD, room // 3))
                # force: the bar that allows it may not be there yet
                self.scroll_to(y=top, animate=False, immediate=True, force=True)
                self.set_reactive(Outline.cursor, index if top else 0)
                return
