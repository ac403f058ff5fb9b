"""The replay runs of a database."""

from __future__ import annotations

import shlex
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult

from replay.errors import ReplayError
from replay.records import ReplayRun
from tui.actions import RUNS
from tui.copies import dumped
from tui.memory import reading_much
from tui.paths import shown_path
from tui.rows.branches import read_run, read_runs, trace_row
from tui.rows.replays import RunList
from tui.screens.base import BaseScreen
from tui.views.parts import printable
from tui.views.run_lines import run_header
from tui.views.signs import verdict_words
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import RunTable


class RunsScreen(BaseScreen):
    """Every pass of today's tools over the recordings, newest first."""

    BINDINGS = bindings(RUNS)
    PLACES: ClassVar[tuple[str, ...]] = (RUNS,)
    _runs: RunList | None = None

    def compose_body(self) -> ComposeResult:
        """Column names and the list."""
        yield Bar(id="columns", markup=False)
        table = RunTable(id="runs")
        table.add_class("pane")
        table.border_title = "Replay runs"
        yield table

    @property
    def table(self) -> RunTable:
        """The list."""
        return self.query_one(RunTable)

    def on_mount(self) -> None:
        """Read them."""
        self.say_head(
            [(shown_path(self.replay.the_database.path, max(12, self.size.width - 4)), "strong")]
        )
        self.table.focus()
        self.say(("◐ reading the replay runs", "accent"))
        self.call_after_refresh(self._read)

    def on_resize(self, event: object) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self.query_one("#columns", Bar).say(run_header(self.table.line_width))

    def database_changed(self) -> None:
        """Show how runs go on."""
        self._read()

    def _read(self) -> None:
        with self.telling_errors():
            table = self.table
            before = self._runs
            here = before.key_at(table.cursor) if before else None
            table.runs = self._runs = RunList(self.replay.the_database)
            index = None if here is None else self._runs.index_of(here)
            table.set_reactive(RunTable.cursor, index or 0)
            table.noun = "run"
            table.lines_changed()
            self._say_run()

    def _say_run(self) -> None:
        table = self.table
        if not table.runs:
            name = printable(shlex.quote(str(self.replay.path)))
            self.say(
                ("no replay runs yet   ", "warn"),
                (f"replay run {name} --tools package.module:toolbox", "good"),
            )
            return
        run = table.runs[table.cursor]
        words = [
            f"{number:,} {verdict_words(verdict)}"
            for verdict, number in table.runs.counts(table.cursor).items()
        ]
        self.say((run.id, "strong"), ("  " + ", ".join(words), ""))

    @on(Lines.Moved)
    def _moved(self) -> None:
        with self.telling_errors():
            self._say_run()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Show what the run found."""
        from tui.screens.findings import FindingsScreen

        table = self.table
        if not table.runs:
            return
        with self.telling_errors():
            run = table.runs[table.cursor]
            if run.is_what_if:
                self.say(("◐ reading the edited branch", "accent"))
                self._read_branch(table.runs.key_at(table.cursor))
            else:
                self.app.push_screen(FindingsScreen(run.id))

    @work(thread=True, exclusive=True, description="a thread", group="branch")
    def _read_branch(self, key: int) -> None:
        """A branch has the values of all its calls, several times."""
        database = self.replay.the_database
        try:
            with reading_much():
                (run,) = read_runs(database, [key])
            assert run.branch is not None
            trace = trace_row(database, run.branch.trace_id)
        except ReplayError as error:
            self.app.call_from_thread(self.complain, error)
            return
        self.app.call_from_thread(self._show_branch, run, trace)

    def _show_branch(self, run: ReplayRun, trace: int) -> None:
        from tui.screens.what_if import WhatIfScreen

        if self.is_ready and self.app.screen is self:
            self._say_run()
            self.app.push_screen(WhatIfScreen(run, trace))

    def action_copy(self) -> None:
        """Copy the run as JSON."""
        table = self.table
        if table.runs:
            with self.telling_errors():
                run = table.runs[table.cursor]
                whole = partial(read_run, self.replay.the_database, run.id)
                self.copy_made(lambda: dumped(whole()), f"run {run.id}")
