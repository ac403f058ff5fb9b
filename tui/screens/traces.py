"""The list of traces: filter, page, follow a recording, open one."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.timer import Timer

from replay.errors import ReplayError
from tui.actions import TRACES
from tui.rows.filters import TraceFilter, parse_filter
from tui.rows.traces import TraceLine, TraceList, call_count, trace_count
from tui.screens.trace_seeking import SeekingTraces
from tui.views.parts import count, printable
from tui.views.table_lines import trace_header
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import TraceTable

_REFRESH_S = 1.0
"""At most so often, and never more than a tenth of the time is spent on it."""


class TracesScreen(SeekingTraces):
    """Everything that was recorded, newest first."""

    BINDINGS = bindings(TRACES)
    PLACES: ClassVar[tuple[str, ...]] = (TRACES,)

    def __init__(self) -> None:
        """Filled when mounted."""
        super().__init__()
        self.wanted = TraceFilter()
        self.is_following = False
        self._finding: TraceList | None = None
        self._typing: Timer | None = None
        self._refreshing: Timer | None = None
        self._found_in_s = 0.0
        self._is_complaining = False

    def compose_body(self) -> ComposeResult:
        """Column names and the list."""
        yield Bar(id="columns", markup=False)
        table = TraceTable(id="traces")
        table.add_class("pane")
        table.border_title = "Traces"
        yield table

    @property
    def table(self) -> TraceTable:
        """The list."""
        return self.query_one(TraceTable)

    def on_mount(self) -> None:
        """Find what there is."""
        self.table.focus()
        self._say_head()
        self._find(self.wanted)

    def on_screen_resume(self) -> None:
        """Take in what changed while another screen was in front."""
        self._refresh_soon()

    def _say_head(self) -> None:
        with self.telling_errors():
            database = self.replay.the_database
            traces, calls = trace_count(database), call_count(database)
            self.say_head(
                [
                    (printable(database.path.name), "strong"),
                    (f"   {count(traces, 'trace')} · {count(calls, 'tool call')}", "dim"),
                ]
            )

    def complain(self, error: ReplayError) -> None:
        """Tell a mistake, until somebody does something else."""
        self._is_complaining = True
        super().complain(error)

    # -- finding ----------------------------------------------------------------------------------

    def _find(self, wanted: TraceFilter, *, quiet: bool = False) -> None:
        """Find the traces of ``wanted``; what is shown stays until the first are there."""
        self._is_complaining = self._is_complaining and quiet
        if self._finding is not None:
            self._finding.stop()
        self._finding = TraceList(self.replay.the_database, wanted)
        self._run_find(self._finding, quiet=quiet)

    @work(thread=True, group="find")
    def _run_find(self, traces: TraceList, *, quiet: bool) -> None:
        began = time.perf_counter()

        def on_progress() -> None:
            if not quiet:
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

    def _show_found(self, traces: TraceList) -> None:
        """Show what is found so far, keeping the cursor on its trace."""
        if traces is not self._finding and traces is not self.table.traces:
            return
        table = self.table
        if table.traces is not traces:
            here = self._key_here()
            table.traces = traces
            index = None
            if here is not None and not self.is_following:
                index = traces.index_of(here, near=table.cursor)
            table.set_reactive(TraceTable.cursor, 0 if index is None else index)
            self.wanted = traces.wanted
        table.lines_changed()
        if traces.is_complete:
            self._finding = None
        self._say_position()

    def _key_here(self) -> int | None:
        table = self.table
        if table.traces is None or not len(table.traces):
            return None
        return int(table.traces.keys[min(table.cursor, len(table.traces) - 1)])

    def _say_position(self) -> None:
        table = self.table
        traces = table.traces
        if traces is None:
            return
        found = len(traces)
        more = "" if traces.is_complete else "…"
        place = f"{table.cursor + 1:,} / {found:,}{more}" if found else f"0{more}"
        table.border_subtitle = place + ("  follow" if self.is_following else "")
        if self._is_complaining:
            return
        if self.wanted:
            said = f"searching… {found:,} so far" if more else count(found, "trace")
            self.say(
                ("filter ", "dim"),
                (printable(self.wanted.text), "accent"),
                (f"   {said}", "" if found or more else "warn"),
                ("   / changes it, esc clears it", "dim"),
            )
        else:
            self._say_line(self.line_here())

    def _say_line(self, line: TraceLine | None) -> None:
        if line is None:
            return
        verdicts = "  ".join(f"{name} {number}" for name, number in line.verdicts.items())
        outcomes = "  ".join(
            f"{name} {number}" for name, number in line.outcome_counts.items() if name != "ok"
        )
        self.say(
            (printable(line.id), "strong"),
            (f"  {count(line.model_call_count, 'model call')}", "dim"),
            (f"  {outcomes.replace('_', ' ')}" if outcomes else "", "bad"),
            (f"   today: {verdicts.replace('_', ' ')}" if verdicts else "   not replayed", "dim"),
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
        self._is_complaining = False
        self._say_position()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def on_resize(self, event: object) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self.query_one("#columns", Bar).say(trace_header(self.table.line_width))

    # -- changes ----------------------------------------------------------------------------------

    def database_changed(self) -> None:
        """Show what was recorded, soon."""
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        if self._refreshing is None:
            wait = max(_REFRESH_S, 10 * self._found_in_s) if self.table.traces else 0.01
            self._refreshing = self.set_timer(min(wait, 30), self._refresh_now)

    def _refresh_now(self) -> None:
        self._refreshing = None
        if self._finding is None:  # a search that runs sees what is new by itself
            self._say_head()
            self._find(self.wanted, quiet=True)

    # -- actions ----------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter; the list follows what is typed."""
        before = self.wanted

        def typed(text: str) -> None:
            if self._typing is not None:
                self._typing.stop()
            self._typing = self.set_timer(0.15, lambda: self._apply(text, is_typing=True))

        def done(text: str | None) -> None:
            if self._typing is not None:
                self._typing.stop()
            if text is None:
                self._find(before)
            else:
                self._apply(text)
            self.table.focus()

        self.prompt.ask(
            "filter",
            self.wanted.text,
            on_done=done,
            on_change=typed,
            placeholder="words  tool:NAME  outcome:failed  verdict:changed  model:gpt*  since:7d",
        )

    def _apply(self, text: str, *, is_typing: bool = False) -> None:
        try:
            wanted = parse_filter(text)
        except ReplayError as error:
            if not is_typing:  # half a word is no mistake yet
                self.complain(error)
            return
        if wanted.text.strip() != self.wanted.text.strip() or self._finding is not None:
            self._find(wanted)

    def action_back(self) -> None:
        """Clear the filter; without one: leave."""
        if self.wanted and not self.is_seeking:
            self._find(TraceFilter())
        else:
            super().action_back()

    def action_runs(self) -> None:
        """Show the replay runs."""
        from tui.screens.runs import RunsScreen

        self.app.push_screen(RunsScreen())

    def show_filter(self, text: str) -> None:
        """Show the traces that a filter selects."""
        self._apply(text)

    def action_metrics(self) -> None:
        """Show calls counted and timed."""
        from tui.screens.metrics import MetricsScreen

        self.app.push_screen(MetricsScreen())

    def action_schemas(self) -> None:
        """Show the versions of tools' schemas."""
        from tui.screens.schemas import SchemasScreen

        self.app.push_screen(SchemasScreen())

    def action_follow(self) -> None:
        """Stay on the newest trace, or stop that."""
        self.is_following = not self.is_following
        if self.is_following:
            self.table.cursor = 0
        self._say_position()

    def action_copy(self) -> None:
        """Copy the trace as JSON."""
        line = self.line_here()
        if line is not None:
            from dataclasses import asdict

            self.copy(asdict(line), f"trace {printable(line.id)}")
