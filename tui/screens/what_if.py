"""What if: a branch of a trace with something edited, beside what today's tools make of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import orjson
from textual import events, on
from textual.app import ComposeResult

from replay.records import Branch, JsonValue, ReplayRun, ToolCall
from replay.store.json_text import encode
from tui.actions import OUTLINE, WHAT_IF
from tui.rows.branches import BranchReader, branch_size, has_run, read_run
from tui.screens.base import BIG_SIZE
from tui.screens.edited_again import EditedAgain
from tui.views.branch_view import (
    branch_step_entries,
    branch_step_header,
    branch_step_parts,
    branch_words,
)
from tui.views.entries import Entry
from tui.views.parts import Part, printable
from tui.widgets.bars import Bar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines


class BranchTable(Lines):
    """The calls of a branch."""

    run: ReplayRun | None = None

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.run.branch.steps) if self.run and self.run.branch else 0

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one call."""
        assert self.run is not None
        assert self.run.branch is not None
        return branch_step_parts(self.run.branch, index, width)


class WhatIfScreen(EditedAgain):
    """Calls left, the one under the cursor three ways right."""

    BINDINGS = bindings(WHAT_IF)
    PLACES: ClassVar[tuple[str, ...]] = (WHAT_IF, OUTLINE)

    def __init__(self, run: ReplayRun, trace: int) -> None:
        """``run`` is a what-if, as `tui.rows.branches` reads it; ``trace`` the row of its trace."""
        super().__init__()
        assert run.branch is not None
        self.branch = run.branch
        self.run = run
        self.trace = trace
        self._reader: BranchReader | None = None
        self._read_size: int | None = None
        """How much reading one call takes; None: not known yet."""

    def compose_body(self) -> ComposeResult:
        """Column names, the calls, one of them."""
        yield Bar(id="columns", markup=False)
        yield from super().compose_body()

    def on_resize(self, event: events.Resize) -> None:
        """Name the columns that there is room for."""
        super().on_resize(event)
        self.call_after_refresh(self._say_columns)  # the list has its new width by then

    def _say_columns(self) -> None:
        self.query_one("#columns", Bar).say(branch_step_header(self.table.line_width))

    def make_table(self) -> Lines:
        """The list of calls."""
        table = BranchTable(id="list-pane")
        table.run = self.run
        table.border_title = "Edited branch"
        return table

    @property
    def table(self) -> BranchTable:
        """The list of calls."""
        return self.query_one(BranchTable)

    def on_mount(self) -> None:
        """Stand on the first call that differs, else on the one that was edited."""
        self.say_head(
            [
                (printable(self.branch.trace_id), "strong"),
                ("  what if   today: ", "dim"),
                (printable(self.run.toolbox), "accent"),
            ]
        )
        self.table.focus()
        self.table.set_reactive(BranchTable.cursor, self._first_index())
        self.call_after_refresh(self._arrive)

    def _first_index(self) -> int:
        edited = {edit.step_number for edit in self.branch.edits}
        steps = self.branch.steps
        for wanted in (
            [step.differs for step in steps],
            [step.edited.step_number in edited for step in steps],
        ):
            if any(wanted):
                return wanted.index(True)
        return 0

    def _arrive(self) -> None:
        self.fit_list()
        self.table.lines_changed()
        self._say_columns()
        self._show()

    def _show(self) -> None:
        if not self.branch.steps or self._is_gone():
            return
        index = self.table.cursor
        step = self.branch.steps[index]
        database, trace = self.replay.the_database, self.trace
        if self._reader is None:
            self._reader = BranchReader(database, self.run)
        reader = self._reader

        def make() -> list[Entry]:
            with database.reading():
                found: list[ToolCall] = database.records.records(
                    "tool_call",
                    "r.trace = ? AND r.id = ?",
                    [trace, step.edited.tool_call_id],
                    left_out=frozenset(("payload", "result")),
                )
            return branch_step_entries(reader, index, found[0] if found else None)

        self.detail_pane.border_title = f"{step.edited.step_number} {printable(step.edited.tool)}"
        self.say((branch_words(self.branch), "accent"))
        with self.telling_errors():
            if self._read_size is None:
                self._read_size = branch_size(database, self.run.id)
            self.show_entries(make, size=self._read_size, at_change=True)

    def _is_gone(self) -> bool:
        """Say whether somebody removed the branch; where so, that is shown, and what to do."""
        with self.telling_errors():
            if has_run(self.replay.the_database, self.run.id):
                return False
            words = "This edited branch is no longer in the database: its replay run was removed."
            self.outline.show([Entry(((words, "strong"),)), Entry((("", ""),)), *_ways_on()])
            self.say(("× this branch was removed   ", "bad"), ("q goes back", ""))
        return True

    def database_changed(self) -> None:
        """Say so where the branch was removed."""
        self._is_gone()

    @on(Lines.Moved, "#list-pane")
    def _moved(self) -> None:
        self._show()

    @on(Lines.Chosen, "#list-pane")
    def _chosen(self) -> None:
        self.action_other_pane(1)

    # -- actions ----------------------------------------------------------------------------------

    def action_difference(self, direction: int) -> None:
        """Go to the next call that the edit makes a difference to."""
        if self.search_step(direction):
            return
        at = self.table.cursor + direction
        while 0 <= at < len(self.branch.steps):
            if self.branch.steps[at].differs:
                self.table.cursor = at
                return
            at += direction
        self.app.bell()
        self.say(("no more calls that the edit makes a difference to", "warn"))

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list the whole branch."""
        if self.focused is self.outline:
            self.copy(self.outline.value_here(), "this")
        else:
            whole = partial(read_run, self.replay.the_database, self.run.id)
            self.copy_made(lambda: _as_json(whole().branch), f"branch {self.run.id}")


def _ways_on() -> list[Entry]:
    words = "q goes back. In its transcript i edits the call again, and runs on from there."
    return [Entry((("", ""),), text=words)]


def _as_json(branch: Branch | None) -> JsonValue:
    """Return a branch as what is copied of it: a big one as JSON, for a dump copies its values."""
    written = encode(branch)[0]
    return written if len(written) > BIG_SIZE else orjson.loads(written)
