"""Finding a text in the list of traces, in threads: a million lines are looked through, too."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from textual import on, work

from replay.errors import ReplayError
from tui.rows.trace_search import all_with, next_with
from tui.rows.traces import TraceList
from tui.screens.searching import SEARCH_KEYS
from tui.screens.trace_seeking import SeekingTraces
from tui.views.parts import Part, printable
from tui.widgets.lines import Lines

_QUICK_S: Final = 0.15
"""A search that takes longer is told of."""


@dataclass(slots=True, eq=False)
class _Search:
    """One text in one list: asked for once, counted once."""

    traces: TraceList
    needle: str
    matches: array[int] | None = field(default=None, repr=False)
    """The places of all lines that hold it, ascending; None: not counted yet."""


class SearchedTraces(SeekingTraces):
    """What `/`, `n` and `N` do in the list of traces."""

    _looking: tuple[_Search, int, int] | None = None
    """The search that runs, from where, and which way."""
    _searched: _Search | None = None
    """What was looked for last."""
    _match = -1
    """The line that was found, until the cursor is there."""

    def action_search(self) -> None:
        """Find a text in the lines of the list."""

        def done(text: str | None) -> None:
            self.table.focus()
            if text is None:  # never mind: as it was
                return
            self.table.needle = text
            self.table.refresh()
            self._say_position()
            if text:
                self._look(0)

        self.prompt.ask(
            "find",
            self.table.needle,
            on_done=done,
            placeholder="id, app, model, asked",
            typed=self.replay.typed["find"],
            is_selected=True,
        )

    def action_match(self, direction: int) -> None:
        """Go to the next match, or the one before."""
        if self.table.needle:
            self._look(direction)
        else:
            self.app.bell()
            self.say(("nothing is searched for: / finds a text", "warn"))

    def _look(self, direction: int) -> None:
        """Look in a thread for the trace to go to."""
        traces, needle = self.table.traces, self.table.needle
        if traces is None:
            return
        known = self._searched
        if known is None or known.traces is not traces or known.needle != needle:
            known = self._searched = _Search(traces, needle)
        looking = self._looking = (known, self.table.cursor + direction, direction or 1)
        self.set_timer(_QUICK_S, partial(self._say_looking, looking))
        self._run_look(looking)

    def _say_looking(self, looking: tuple[_Search, int, int]) -> None:
        if looking is self._looking:
            said = f"/{printable(looking[0].needle)}"
            self.say((said, "accent"), ("   searching…   esc stops", "dim"))

    @work(thread=True, description="a thread", group="look")
    def _run_look(self, looking: tuple[_Search, int, int]) -> None:
        """Find the next match, and when that is shown count all of them, once."""
        search, start, direction = looking

        def tell(act: Callable[[], None]) -> None:
            if self.app.is_running:
                self.app.call_from_thread(act)

        try:
            traces, needle = search.traces, search.needle
            index = next_with(
                traces, needle, start, direction, lambda: self._looking is not looking
            )
            tell(partial(self._looked, looking, index))
            if index is not None and search.matches is None:
                found = all_with(traces, needle, lambda: self._searched is not search)
                search.matches = found
                tell(partial(self._say_found, search))
        except ReplayError as error:
            tell(partial(self.complain, error))

    def _looked(self, looking: tuple[_Search, int, int], index: int | None) -> None:
        if looking is not self._looking or not self.is_ready:
            return
        self._looking = None
        search = looking[0]
        if index is None:
            self.app.bell()
            self.say((f"no trace here holds {printable(search.needle)!r}", "warn"))
            return
        self._match = index
        if self.table.cursor == index:
            self._say_found(search)
        self.table.cursor = index

    @on(Lines.Moved)
    def _moved_to_match(self, event: Lines.Moved) -> None:
        """After what is said of each line: that this one is a match, and which."""
        match, self._match = self._match, -1
        if self._searched is not None and event.index == match:
            self.call_later(self._say_found, self._searched)

    def _say_found(self, search: _Search) -> None:
        """Say what is searched for, and, once they are counted, which of the matches one is on."""
        if search is not self._searched or not self.is_ready or self.table.needle != search.needle:
            return
        parts: list[Part] = [(f"/{printable(search.needle)}", "accent")]
        if search.matches:
            at = bisect_right(search.matches, self.table.cursor)
            parts.append((f"   {at:,} of {len(search.matches):,}", ""))
        self.say(*parts, (f"   {SEARCH_KEYS}", "dim"))

    def stop_search(self) -> bool:
        """End a search that runs; say whether one did."""
        is_running, self._looking = self._looking is not None, None
        return is_running

    def on_unmount(self) -> None:
        """End what runs."""
        self._looking = self._searched = None
        super().on_unmount()
