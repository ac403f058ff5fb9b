"""Editing a branch again, from what it was edited to, and comparing its calls."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from textual import work

from replay.errors import ReplayError
from replay.records import Branch, Edit, ReplayRun
from tui.editors import edited_text
from tui.jobs import Ended
from tui.memory import reading_much
from tui.rows.acting import tools_at_hand
from tui.rows.branches import BranchReader, newest_branch
from tui.screens.asking import ask_back_into_editor
from tui.screens.base import BaseScreen, PanesScreen
from tui.screens.replaying import is_watching
from tui.views.edited_text import edit_problem, file_name, is_as_given, spelled, words_of_edits
from tui.views.parts import cut, printable
from tui.widgets.lines import Lines


class EditedAgain(PanesScreen):
    """What `i` and `v` do in an edited branch."""

    branch: Branch
    run: ReplayRun
    trace: int
    """The row of its trace."""
    _newer: ReplayRun | None = None
    """What a thread has read. It is not handed on: a future is a ring, which would keep it."""

    def action_edit_again(self) -> None:
        """Edit what was edited once more, from what it was edited to, and run on from there."""
        if not self.branch.edits:
            self.app.bell()
            self.say(("nothing was edited in this branch", "warn"))
            return
        with self.telling_errors():
            reader = BranchReader(self.replay.the_database, self.run)
            sides = [reader.side(at, "edited") for at in range(len(self.branch.edits))]
            edits = [
                edit.model_copy(update={"edited": side})
                for edit, side in zip(self.branch.edits, sides, strict=True)
            ]
            self._ask_editor(edits, spelled(sides[0]))

    def _ask_editor(self, edits: Sequence[Edit], text: str) -> None:
        """``edits``: as they are; the first of them is edited, the others stay."""
        edit = edits[0]
        tool = next(
            one.edited.tool
            for one in self.branch.steps
            if one.edited.step_number == edit.step_number
        )
        with self.telling_errors():
            name = f"{edit.step_number}-{file_name(tool)}-{edit.part}.json"
            edited = edited_text(self.app, text, name=name)
            problem = edit_problem(edit.part, edited)
            if problem is not None:

                def again(is_yes: bool) -> None:
                    self.query_one("#list-pane", Lines).focus()
                    if is_yes:
                        self._ask_editor(edits, edited)
                    else:
                        self.say(("not edited: the branch stays as it is", "dim"))

                self.app.bell()
                ask_back_into_editor(self, problem, again)
            elif is_as_given(edited, edit.edited):
                self.say(("not edited: the branch stays as it is", "dim"))
            else:
                new = edit.model_copy(update={"edited": json.loads(edited)})
                self._run_again([new, *edits[1:]])

    def _run_again(self, edits: Sequence[Edit]) -> None:
        folder = Path(mkdtemp(prefix="replay-what-if-"))
        number = edits[0].step_number
        place = [str(self.replay.path), self.branch.trace_id, "--step", str(number)]

        def done(ended: Ended) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            self._ran_again(ended)

        try:
            tools = self.replay.tools or tools_at_hand(self.replay.the_database, self.run)
            words = ["what-if", *place, *words_of_edits(edits, folder), *tools.words()]
            self.replay.jobs.start(f"what if, step {number}", words, done)
        except ReplayError as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.complain(error)
        else:
            self.say(("◐ ", "accent"), (f"running on from step {number}, edited again", ""))

    def _ran_again(self, ended: Ended) -> None:
        """Show the new branch in the place of this one, or say where it is."""
        if is_watching(self.app.screen, ended.job):
            self.app.pop_screen()
        front = self.app.screen
        if not ended.is_judged:
            if isinstance(front, BaseScreen):
                front.complain(ended.error())
        elif front is self:
            self._read_newer()
        elif isinstance(front, BaseScreen):
            trace_id = cut(printable(self.branch.trace_id), max(10, front.size.width - 40))
            front.say(("the edited branch is there: ", "good"), (f"I in {trace_id}", ""))

    @work(thread=True, exclusive=True, description="a thread", group="branch")
    def _read_newer(self) -> None:
        try:
            with reading_much():
                self._newer = newest_branch(self.replay.the_database, self.branch.trace_id)
        except ReplayError as error:
            self.app.call_from_thread(self.complain, error)
            return
        self.app.call_from_thread(self._show_newer)

    def _show_newer(self) -> None:
        from tui.screens.what_if import WhatIfScreen

        found, self._newer = self._newer, None
        if found is not None and self.is_ready and self.app.screen is self:
            self.app.switch_screen(WhatIfScreen(found, self.trace))

    def action_compare(self) -> None:
        """Show this call on the whole screen, recorded against the edited branch."""
        from tui.rows.branch_comparisons import BranchComparisons
        from tui.screens.comparison import ComparisonScreen

        if not self.branch.steps:
            self.app.bell()
            self.say(("this branch has no calls", "warn"))
            return
        calls = BranchComparisons(self.replay.the_database, self.run, self.trace)
        cursor = self.query_one("#list-pane", Lines).cursor
        self.app.push_screen(ComparisonScreen(calls, cursor))
