"""Calls counted and timed: by model and tool above, one row in full below."""

from __future__ import annotations

import sqlite3
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.worker import get_current_worker

from replay.errors import ReplayError
from replay.metrics import CallMetrics, Scope
from replay.store.database import store_error
from tui.actions import METRICS, OUTLINE
from tui.rows.metrics import (
    GROUPINGS,
    ORDERS,
    PERIODS,
    Judged,
    Measured,
    filter_of,
    read_judged,
    read_measured,
)
from tui.screens.base import PanesScreen
from tui.views.entries import Entry
from tui.views.metric_lines import metric_header, share
from tui.views.metric_view import metric_entries
from tui.views.parts import Part, count, lasted, printable
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.outline import Outline
from tui.widgets.tables import MetricTable


class MetricsScreen(PanesScreen):
    """How calls went, by what they have in common."""

    BINDINGS = bindings(METRICS)
    LIST_HEIGHT_MAX: ClassVar[int] = 0
    PLACES: ClassVar[tuple[str, ...]] = (METRICS, OUTLINE)

    def __init__(self) -> None:
        """Counted when mounted."""
        super().__init__()
        self.measured: Measured | None = None
        self.judged: Judged | None = None
        self.period = self.grouping = self.order = 0

    def compose_body(self) -> ComposeResult:
        """Column names, the rows above, one of them below."""
        yield Bar(id="columns", markup=False)
        with Vertical(id="body"):
            table = MetricTable(id="list-pane")
            table.add_class("pane")
            yield table
            with Vertical(id="detail-pane", classes="pane"):
                yield Outline(id="outline")

    @property
    def table(self) -> MetricTable:
        """The rows."""
        return self.query_one(MetricTable)

    @property
    def row(self) -> CallMetrics | None:
        """The row under the cursor."""
        table = self.table
        return table.rows[table.cursor] if table.rows else None

    def on_mount(self) -> None:
        """Count."""
        self.table.focus()
        self._count()

    def on_unmount(self) -> None:
        """Let go of the rows: a screen is a ring that the collector may find late."""
        super().on_unmount()
        self.measured = self.judged = None

    def on_resize(self, event: object) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self._say_columns()

    # -- counting ---------------------------------------------------------------------------------

    def _count(self) -> None:
        self.say_head([("Metrics", "strong"), (f"   {PERIODS[self.period][0]}", "dim")])
        self.outline.show([Entry((("◐ counting the calls", "accent"),))])
        self.say(("◐ counting", "accent"), ("   esc leaves", "dim"))
        self._measure(self.period)

    @work(thread=True, description="a thread", exclusive=True, group="measure")
    def _measure(self, period: int) -> None:
        """Read in a thread of its own: a million calls take a second or two."""
        database, worker = self.replay.the_database, get_current_worker()
        try:
            measured = read_measured(database, PERIODS[period][1], lambda: worker.is_cancelled)
        except sqlite3.Error as error:
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self._failed, period, store_error(error, database.path))
        except ReplayError as error:
            self.app.call_from_thread(self._failed, period, error)
        else:
            self.app.call_from_thread(self._show, period, measured)

    def _failed(self, period: int, error: ReplayError) -> None:
        if period == self.period and self.is_ready:
            self.outline.show([Entry((("× The calls cannot be counted.", "bad"),))])
            self.complain(error)

    def _show(self, period: int, measured: Measured) -> None:
        if period != self.period or not self.is_ready:
            return
        self.measured, self.judged = measured, None
        self._roll_up()
        self._judge(measured.scope)

    @work(thread=True, description="a thread", exclusive=True, group="judge")
    def _judge(self, scope: Scope) -> None:
        """Look through prompts and labels; what they say comes a moment later."""
        database, worker = self.replay.the_database, get_current_worker()
        try:
            judged = read_judged(database, scope, lambda: worker.is_cancelled)
        except sqlite3.Error as error:
            if worker.is_cancelled:
                return
            self.app.call_from_thread(self.complain, store_error(error, database.path))
            return
        self.app.call_from_thread(self._show_judged, scope, judged)

    def _show_judged(self, scope: Scope, judged: Judged) -> None:
        measured = self.measured
        if measured is None or measured.scope is not scope or not self.is_ready:
            return
        self.judged = judged
        row = self.row
        if row is not None:
            self.outline.replace_keeping(metric_entries(row, measured, judged))

    def _roll_up(self) -> None:
        measured = self.measured
        if measured is None:
            return
        by = GROUPINGS[self.grouping]
        table = self.table
        table.rows = measured.rows(by, ORDERS[self.order])
        table.over = {one.name for one in measured.budgets if one.is_broken}
        table.set_reactive(MetricTable.cursor, 0)
        table.noun, table.place_more = "row", f" · by {ORDERS[self.order]}"
        table.lines_changed()
        table.border_title = "By " + " and ".join(by)
        self._say_columns()
        self._say_head()
        self._show_row()

    def _say_head(self) -> None:
        assert self.measured is not None
        total = self.measured.total
        parts: list[Part] = [
            ("Metrics", "strong"),
            (f"   {PERIODS[self.period][0]}", "dim"),
            (f"   {count(total.call_count, 'call')}", ""),
        ]
        if total.call_count:
            parts.append((f"   {share(total.ok_count, total.call_count)} ok", ""))
        if total.p95_ms is not None:
            parts.append((f"   p95 {lasted(total.p95_ms)}", "dim"))
        broken = sum(one.is_broken for one in self.measured.budgets)
        if broken:
            parts.append((f"   × {count(broken, 'budget')} broken", "bad"))
        self.say_head(parts)

    def _say_columns(self) -> None:
        header = metric_header(GROUPINGS[self.grouping], self.table.line_width)
        self.query_one("#columns", Bar).say(header)

    def _show_row(self) -> None:
        row, measured = self.row, self.measured
        if row is None or measured is None:
            self.outline.show(
                [
                    Entry((("No call was recorded in this time.", "strong"),)),
                    Entry((("[ ] another period", "dim"),)),
                ]
            )
            self.say(("nothing to count", "warn"))
            return
        self.outline.show(metric_entries(row, measured, self.judged))
        names = " · ".join(printable(str(value)) for value in row.name if value is not None)
        self.detail_pane.border_title = names
        self.say((filter_of(row, measured.since), "accent"), ("   enter shows these traces", "dim"))

    @on(Lines.Moved, "#list-pane")
    def _moved(self) -> None:
        self._show_row()

    @on(Lines.Chosen, "#list-pane")
    def _chosen(self) -> None:
        self.action_open()

    # -- actions ----------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Show the traces with calls of this row."""
        from tui.screens.traces import TracesScreen

        row, measured = self.row, self.measured
        if row is None or measured is None:
            self.app.bell()
            return
        wanted = filter_of(row, measured.since)
        traces = next((one for one in self.app.screen_stack if isinstance(one, TracesScreen)), None)
        if traces is not None:
            self.app.pop_screen()
            traces.show_filter(wanted)

    def action_period(self, direction: int) -> None:
        """Count another period."""
        self.period = (self.period + direction) % len(PERIODS)
        self._count()

    def action_group(self) -> None:
        """Group by something else."""
        self.grouping = (self.grouping + 1) % len(GROUPINGS)
        self._roll_up()

    def action_sort(self, direction: int) -> None:
        """Sort by something else."""
        self.order = (self.order + direction) % len(ORDERS)
        self._roll_up()

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list the row."""
        row = self.row
        if self.focused is self.outline:
            self.copy(self.outline.value_here(), "this")
        elif row is not None:
            self.copy(row_json(row), "the row")


def row_json(row: CallMetrics) -> dict[str, object]:
    """Return a row as JSON, without every single duration."""
    named: dict[str, object] = dict(zip(row.by, row.name, strict=True))
    times = {"p50_ms": row.p50_ms, "p95_ms": row.p95_ms, "p99_ms": row.p99_ms}
    return {
        **named,
        "call_count": row.call_count,
        "outcomes": row.outcome_counts,
        **times,
        "trend": list(row.trend),
    }
