"""One call recorded against today, on the whole screen: below each other or side by side."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult

from replay.errors import ReplayError
from tui.actions import COMPARISON, OUTLINE
from tui.memory import reading_much
from tui.rows.comparisons import Compared, Comparisons
from tui.screens.base import BaseScreen
from tui.screens.searching import Searching
from tui.views.comparison_view import comparison_entries, headline
from tui.views.entries import Entry
from tui.views.parts import Part, count
from tui.views.sames import CONTEXTS, context_words
from tui.widgets.differences import BESIDE_MIN, Differences
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines

_QUICK_MAX: Final = 200_000
"""Characters of a response that are compared anew before the next key."""


class ComparisonScreen(Searching, BaseScreen):
    """Payload, outside calls, response and state of a call, then and today."""

    BINDINGS = bindings(COMPARISON)
    PLACES: ClassVar[tuple[str, ...]] = (COMPARISON, OUTLINE)

    def __init__(self, calls: Comparisons, index: int = 0) -> None:
        """``calls`` to step through, from the one at ``index``."""
        super().__init__()
        self.calls = calls
        self.index = index
        self.compared: Compared | None = None
        self.context = 0
        """Where in `CONTEXTS`."""
        self._made: tuple[Compared, list[Entry], int] | None = None
        """What a thread made. It is not handed on: workers and futures are rings, which would keep
        megabytes until the collector comes by."""

    def compose_body(self) -> ComposeResult:
        """One pane."""
        pane = Differences(id="comparison")
        pane.add_class("pane")
        pane.border_title = "Recorded and today"
        yield pane

    @property
    def pane(self) -> Differences:
        """The pane."""
        return self.query_one(Differences)

    def on_mount(self) -> None:
        """Read the call."""
        self.pane.focus()
        self.call_after_refresh(self._read)

    def on_unmount(self) -> None:
        """Let go of the call: a screen is a ring that the collector may find much later."""
        self.compared = self._made = None

    def _read(self) -> None:
        self.pane.needle = ""
        if not 0 <= self.index < len(self.calls):
            self.pane.show([Entry(((f"There is no {self.calls.noun} to compare.", "dim"),))])
            return
        self.pane.show([Entry((("◐ comparing", "accent"),))])
        self._compare(self.index)

    @work(thread=True, exclusive=True, description="a thread", group="compare")
    def _compare(self, index: int) -> None:
        """Read and compare without keeping the keys waiting: a call may have megabytes."""
        try:
            with reading_much():
                compared = self.calls.read(index)
        except ReplayError as error:
            self.app.call_from_thread(self._could_not_read, index, error)
            return
        self._made = (compared, *self._entries_of(compared))
        self.app.call_from_thread(self._show, index)

    def _entries_of(self, compared: Compared) -> tuple[list[Entry], int]:
        context = self.context
        entries = comparison_entries(compared, context=CONTEXTS[context])
        for entry in entries:
            if entry.is_open:
                entry.made()
        return entries, context

    def _could_not_read(self, index: int, error: ReplayError) -> None:
        if index == self.index and self.is_ready:
            self.pane.show([Entry((("× ", "bad"), (str(error), "")))])
            self.complain(error)

    def _show(self, index: int) -> None:
        made, self._made = self._made, None
        if index != self.index or made is None or not self.is_ready:
            return
        self.compared, entries, _ = made
        self.say_head(headline(self.compared))
        self.pane.show(entries, at_change=True, is_headed=True)
        self._say_place()

    def on_lines_moved(self, event: Lines.Moved) -> None:
        """Say which change the cursor is at."""
        if not self.pane.needle:
            self._say_place()

    def _say_place(self) -> None:
        pane = self.pane
        changes = pane.changes()
        at = sum(index <= pane.cursor for index in changes)
        many = len(self.calls)
        pane.border_subtitle = f"{self.calls.noun} {self.index + 1:,} of {many:,}"
        if not changes:
            said: list[Part] = [("✓ nothing differs that counts", "good")]
            if self.compared is not None and self.compared.verdict is None:
                said = [("not replayed", "warn")]
            self.say(*said)
            return
        first = f"change {at:,} of {len(changes):,}" if at else count(len(changes), "change")
        form = "side by side" if pane.stands_beside else "unified"
        self.say((first, "strong"), (f"   {form}, {context_words(self.context)}", "dim"))

    # -- actions ----------------------------------------------------------------------------------

    def action_change(self, direction: int) -> None:
        """Go to the next change; while a search is on: to the next match."""
        if not self.search_step(direction):
            self.pane.action_change(direction)

    def action_call(self, direction: int) -> None:
        """Compare the next call that differs."""
        index = self.index + direction
        while 0 <= index < len(self.calls):
            if self.calls.is_different(index):
                self.index = index
                self._read()
                return
            index += direction
        self.app.bell()
        where = "after" if direction > 0 else "before"
        self.say((f"no {self.calls.noun} that differs {where} this one", "warn"))

    def action_beside(self) -> None:
        """Stand side by side, or one below the other."""
        self.pane.turn()
        if self.pane.is_beside and not self.pane.stands_beside:
            self.say((f"side by side needs {BESIDE_MIN} columns", "warn"))
        else:
            self._say_place()

    def action_more(self, direction: int) -> None:
        """Show more of what is equal, or less."""
        wanted = self.context + direction
        if self.compared is None or not 0 <= wanted < len(CONTEXTS):
            self.app.bell()
            self.say((f"already: {context_words(self.context)}", "warn"))
            return
        self.context = wanted
        if len(self.compared.call.response or "") > _QUICK_MAX:
            self.say(("◐ comparing", "accent"))
            self._compare_again()
        else:
            self._made = (self.compared, *self._entries_of(self.compared))
            self._show_again()

    @work(thread=True, exclusive=True, description="a thread", group="compare")
    def _compare_again(self) -> None:
        compared = self.compared
        if compared is not None:
            self._made = (compared, *self._entries_of(compared))
            self.app.call_from_thread(self._show_again)

    def _show_again(self) -> None:
        made, self._made = self._made, None
        if made is not None and self.is_ready:
            compared, entries, context = made
            if compared is self.compared and context == self.context:
                self.pane.replace(entries)
                self._say_place()

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        self.copy(self.pane.value_here(), "this")

    def action_copy_all(self) -> None:
        """Copy the verdict with both sides."""
        if self.compared is not None:
            self.copy_made(partial(self.calls.whole, self.index), "both sides")

    def action_back(self) -> None:
        """End a search; else leave."""
        if self.is_searching:
            self.stop_search()
        else:
            super().action_back()
