"""The frame of the list of traces: finding them, showing what is found, following what comes."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.timer import Timer

from replay.errors import ReplayError
from tui.actions import TRACES
from tui.paths import shown_path
from tui.rows.filters import TraceFilter
from tui.rows.sorting import TraceSort
from tui.rows.traces import TraceLine, TraceList, call_count, trace_count
from tui.screens.base import BaseScreen
from tui.views.parts import count
from tui.views.table_lines import trace_header_words
from tui.views.trace_words import filter_parts, line_words, position_words
from tui.widgets.bars import ClickBar, KeyBar
from tui.widgets.lines import Lines
from tui.widgets.tables import TraceTable

_REFRESH_S = 1.0
"""At most so often, and never more than a tenth of the time is spent on it."""


class TraceListScreen(BaseScreen):
    """Shows the traces that a filter selects; what the keys do is added by its subclass."""

    PLACES: ClassVar[tuple[str, ...]] = (TRACES,)

    def __init__(self) -> None:
        """Filled when mounted."""
        super().__init__()
        self.wanted = TraceFilter()
        self.sort = TraceSort()
        self.is_following = False
        self._finding: TraceList | None = None
        self._refreshing: Timer | None = None
        self._found_in_s = 0.0
        self._is_complaining = False
        self._total = 0
        self._goes_to: int | None = None
        """The row of the trace to stand on once it is found: where one was."""

    def compose_body(self) -> ComposeResult:
        """Column names and the list."""
        yield ClickBar(id="columns")
        table = TraceTable(id="traces")
        table.add_class("pane")
        table.border_title = "Traces"
        yield table

    @property
    def table(self) -> TraceTable:
        """The list."""
        return self.query_one(TraceTable)

    def on_mount(self) -> None:
        """Find what there is, in the order and at the place where one was."""
        self.table.focus()
        self.sort, self._goes_to = self.replay.place_in_traces()
        self._say_columns()
        self._say_head()
        self._find(self.wanted)

    def on_unmount(self) -> None:
        """Leave no question open: the program would wait for its answer before it ends."""
        if self._finding is not None:
            self._finding.stop()

    def on_screen_resume(self) -> None:
        """Take in what changed while another screen was in front."""
        self._refresh_soon()

    def _say_head(self) -> None:
        with self.telling_errors():
            database = self.replay.the_database
            self._total, calls = trace_count(database), call_count(database)
            self.say_head(
                [
                    (shown_path(database.path, max(12, self.size.width - 42)), "strong"),
                    (f"   {count(self._total, 'trace')} · {count(calls, 'tool call')}", "dim"),
                ]
            )

    def complain(self, error: ReplayError) -> None:
        """Tell a mistake, until somebody does something else."""
        self._is_complaining = True
        super().complain(error)

    def action_cancel(self) -> None:
        """Take what was wrong as read first; then as everywhere."""
        if self._is_complaining or self.replay.news:
            self._is_complaining, self.replay.news = False, ""
            self._say_position()
        else:
            super().action_cancel()

    # -- finding ----------------------------------------------------------------------------------

    def _find(self, wanted: TraceFilter, *, quiet: bool = False) -> None:
        """Find the traces of ``wanted``; what is shown stays until the first are there."""
        self._is_complaining = self._is_complaining and quiet
        if wanted:
            self.replay.news = ""
        if self._finding is not None:
            self._finding.stop()
        self._finding = TraceList(self.replay.the_database, wanted, self.sort)
        self._run_find(self._finding, quiet=quiet)
        if not quiet and wanted:
            self.set_timer(0.2, self._say_searching)

    @work(thread=True, description="a thread", group="find")
    def _run_find(self, traces: TraceList, *, quiet: bool) -> None:
        began = time.perf_counter()

        def on_progress() -> None:
            if not quiet and self.app.is_running:
                self.app.call_from_thread(self._show_found, traces)

        try:
            traces.find(on_progress)
        except ReplayError as error:
            if self.app.is_running:
                self.app.call_from_thread(self._could_not_find, error, traces)
            return
        self._found_in_s = time.perf_counter() - began
        if self.app.is_running:
            self.app.call_from_thread(self._show_found, traces)

    def _could_not_find(self, error: ReplayError, traces: TraceList) -> None:
        if traces is self._finding:
            self._finding = None
            self.complain(error)

    def _say_searching(self) -> None:
        """Say that it takes a while, as long as nothing is found yet."""
        finding = self._finding
        if finding is not None and finding is not self.table.traces and not self._is_complaining:
            self.say(*filter_parts(finding, is_new=True))

    def _show_found(self, traces: TraceList) -> None:
        """Show what is found so far, keeping the cursor on its trace."""
        if not self.is_ready or (traces is not self._finding and traces is not self.table.traces):
            return
        table = self.table
        if table.traces is not traces:
            here = self._key_here() if self._goes_to is None else self._goes_to
            table.traces = traces
            index = None
            if here is not None and not self.is_following:
                index = traces.index_of(here, near=table.cursor)
            table.set_reactive(TraceTable.cursor, 0 if index is None else index)
            self.wanted = traces.wanted
        elif self._goes_to is not None and table.cursor == 0:
            index = traces.index_of(self._goes_to)
            table.set_reactive(TraceTable.cursor, 0 if index is None else index)
        table.lines_changed()
        if traces.is_complete or traces.is_stopped:
            self._finding = self._goes_to = None
        self._say_position()

    def _key_here(self) -> int | None:
        table = self.table
        if table.traces is None or not len(table.traces):
            return None
        return int(table.traces.keys[min(table.cursor, len(table.traces) - 1)])

    # -- what it says -----------------------------------------------------------------------------

    def _say_position(self) -> None:
        table = self.table
        line = self.line_here()
        if line is not None:
            self.replay.place.trace = line.id
        traces = table.traces
        if traces is None:
            return
        table.border_subtitle = position_words(
            table.cursor, traces, self._total, self.sort, is_following=self.is_following
        )
        searched = "end search" if table.needle else ""
        self.query_one(KeyBar).name_back(searched or ("clear filter" if self.wanted else "quit"))
        is_none = self.wanted and not traces and traces.is_complete
        table.nothing = "No trace fits: f changes the filter, esc clears it." if is_none else ""
        if self._is_complaining:
            return
        if self.replay.news:
            self.say((self.replay.news, "accent"))
        elif self.wanted:
            self.say(*filter_parts(traces))
        else:
            self.say(*line_words(line) if line is not None else ())

    def _say_columns(self) -> None:
        words = trace_header_words(
            self.table.line_width, self.sort.name, is_falling=self.sort.is_falling
        )
        self.query_one("#columns", ClickBar).say_words(
            [(parts, f"sort_column({name!r})" if name else "") for parts, name in words]
        )

    def line_here(self) -> TraceLine | None:
        """Return the trace under the cursor."""
        table = self.table
        line: TraceLine | None = None
        with self.telling_errors():
            line = table.traces.line(table.cursor) if table.traces is not None else None
        return line

    @on(Lines.Moved)
    def _moved(self) -> None:
        self._is_complaining, self.replay.news = False, ""
        self._say_position()

    def on_resize(self, event: object) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self._say_columns()

    # -- changes ----------------------------------------------------------------------------------

    def database_changed(self) -> None:
        """Show what was recorded, soon."""
        self._refresh_soon()

    def show_anew(self) -> None:
        """Show the same list, read once more."""
        self._find(self.wanted, quiet=True)

    def _refresh_soon(self) -> None:
        if self._refreshing is None:
            wait = max(_REFRESH_S, 10 * self._found_in_s) if self.table.traces else 0.01
            self._refreshing = self.set_timer(min(wait, 30), self._refresh_now)

    def _refresh_now(self) -> None:
        self._refreshing = None
        traces = self.table.traces
        if self._finding is None and not (traces is not None and traces.is_stopped):
            # A search that runs sees what is new by itself; one that was ended stays ended.
            self._say_head()
            self._find(self.wanted, quiet=True)
