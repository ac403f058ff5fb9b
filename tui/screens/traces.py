"""The list of traces: filter, sort, search, page, follow a recording, open one."""

from __future__ import annotations

from textual import on
from textual.timer import Timer

from replay.errors import ReplayError
from tui.actions import TRACES
from tui.rows.filters import TraceFilter, parse_filter
from tui.rows.sorting import TraceSort
from tui.screens.trace_searching import SearchedTraces
from tui.views.parts import printable
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines


class TracesScreen(SearchedTraces):
    """Everything that was recorded, newest first."""

    BINDINGS = bindings(TRACES)

    def __init__(self) -> None:
        """Filled when mounted."""
        super().__init__()
        self._typing: Timer | None = None

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    # -- which traces -----------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter; the list follows what is typed."""
        self._ask_filter(self.wanted.text, before=self.wanted)

    def _ask_filter(self, value: str, *, before: TraceFilter) -> None:
        """Ask until it can be read, or nobody wants it any more: then ``before`` holds again."""

        def typed(text: str) -> None:
            if self._typing is not None:
                self._typing.stop()
            self._typing = self.set_timer(0.15, lambda: self._apply(text, is_typing=True))

        def done(text: str | None) -> None:
            if self._typing is not None:
                self._typing.stop()
            self.table.focus()
            if text is None:
                self._find(before)
            elif not self._apply(text):
                self._find(before, quiet=True)
                self._ask_filter(text, before=before)

        self.prompt.ask(
            "filter",
            value,
            on_done=done,
            on_change=typed,
            placeholder="words  tool:NAME  outcome:not-ok  verdict:differs  model:gpt*  since:7d",
            typed=self.replay.typed["filter"],
        )

    def _apply(self, text: str, *, is_typing: bool = False) -> bool:
        """Show what the filter ``text`` selects; say whether it could be read."""
        try:
            wanted = parse_filter(text)
        except ReplayError as error:
            if not is_typing:  # half a word is no mistake yet
                self.complain(error)
            return False
        if wanted.text.strip() != self.wanted.text.strip() or self._finding is not None:
            self._find(wanted)
        return True

    def action_facets(self) -> None:
        """Choose from what there is: tools, models, outcomes, verdicts, apps, labels."""
        from tui.screens.facets import FacetsScreen

        traces = self.table.traces
        if traces is not None:
            self.app.push_screen(FacetsScreen(traces, self._apply))

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort_by(self.sort.following())

    def action_turn_round(self) -> None:
        """Sort the other way round."""
        self._sort_by(self.sort.reversed())

    def action_sort_column(self, name: str) -> None:
        """Sort by the column whose name was clicked; once more: the other way round."""
        self._sort_by(self.sort.reversed() if name == self.sort.name else TraceSort(name))

    def _sort_by(self, sort: TraceSort) -> None:
        self.sort = sort
        self.is_following = self.is_following and sort.is_newest_first
        self.replay.place.sort = (sort.name, sort.is_reversed)
        self._say_columns()
        self.table.set_reactive(type(self.table).cursor, 0)
        self.table.traces = None  # its first is to be seen, not where the trace is now
        self._find(self.wanted)
        self.set_timer(0.2, self._say_sorting)

    def _say_sorting(self) -> None:
        """Say what takes a while: the list is empty meanwhile."""
        if self._finding is not None and self.table.traces is None:
            self.say((f"sorting {self.sort.words}…", "accent"))

    def end_something(self) -> bool:
        """End what runs, then the search, then the filter; say whether there was any."""
        finding = self._finding
        if self.stop_search():
            self.say(("search stopped", "warn"))
        elif finding is not None and finding.wanted and not finding.is_complete:
            finding.stop()
        elif self.table.needle:
            self.table.needle = ""
            self.table.refresh()
            self._say_position()
        elif self.wanted and not self.is_seeking:
            self._find(TraceFilter())
        else:
            return super().end_something()
        return True

    # -- other screens ----------------------------------------------------------------------------

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

    # -- moving and copying -----------------------------------------------------------------------

    def action_follow(self) -> None:
        """Stay on the newest trace, or stop that."""
        self.is_following = not self.is_following
        if self.is_following:
            if not self.sort.is_newest_first:
                self._sort_by(TraceSort())
                self.is_following = True
            self.table.cursor = 0
        self._say_position()

    def action_copy(self) -> None:
        """Copy the trace as JSON."""
        line = self.line_here()
        if line is not None:
            from dataclasses import asdict

            self.copy(asdict(line), f"trace {printable(line.id)}")
