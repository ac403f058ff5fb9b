"""The keys that hand something to the editor: what if, this pane, the tool's source."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from textual import work

from replay.errors import ReplayError
from replay.records import Edit, ReplayRun
from tui.editors import edited_text, show_file, show_text
from tui.jobs import Ended
from tui.memory import reading_much
from tui.paths import shown_path
from tui.rows.branches import newest_branch
from tui.screens.acting import Acting
from tui.screens.asking import ask_back_into_editor
from tui.screens.base import BaseScreen
from tui.screens.replaying import is_watching
from tui.screens.what_if import WhatIfScreen
from tui.sources import source_place
from tui.views.edited_text import edit_problem, file_name, is_as_given, spelled, words_of_edits
from tui.views.entries import Entry, lay_out
from tui.views.parts import cut, parts_text, printable


class Editing(Acting):
    """What if; look at a pane or at the source in an editor of one's own."""

    _branch: ReplayRun | None = None
    """What a thread has read. It is not handed on: a future is a ring, which would keep it."""

    def action_what_if(self) -> None:
        """Edit this call's arguments, response or outside answer, and run on from there."""
        detail, row = self.detail, self.row
        if detail is None or row is None or detail.call_texts is None or row.kind != "tool":
            self._stay("only a tool call can be edited: t goes to the next one")
            return
        part, number = self._edited_part()
        if part == "outside" and number is None:
            self._stay("it asked nothing outside: 3 goes to its payload, i edits that")
            return
        given = self._value_of(part, number)
        self._ask_editor(part, number, given, spelled(given))

    def _edited_part(self) -> tuple[str, int | None]:
        """Return what is edited: what the tab shows that somebody chose, else the arguments."""
        detail = self.detail
        assert detail is not None
        if self._chosen_tab != self.tab or self.tab not in ("Response", "Outside"):
            return "arguments", None
        if self.tab == "Response":
            return "response", None
        if not detail.interactions:
            return "outside", None
        return "outside", self.outside_number()

    def outside_number(self) -> int:
        """Return the number of the outside call under the cursor, from 1."""
        rows = self.outline.rows[: self.outline.cursor + 1]
        tops = [id(entry) for entry in self.outline.entries]
        passed = [tops.index(id(row.entry)) for row in rows if id(row.entry) in tops]
        return 1 + (passed[-1] if passed else 0)

    def _value_of(self, part: str, number: int | None) -> Any:
        from replay.replayer.what_if_edits import answer_of
        from replay.verdicts.canonical import read_response

        detail = self.detail
        assert detail is not None
        call = detail.call_texts
        assert call is not None
        if part == "arguments":
            return read_response(call.arguments).value
        if part == "response":
            return read_response(call.response).value
        assert number is not None
        return answer_of(detail.interactions[number - 1].exchange)

    def _ask_editor(self, part: str, number: int | None, given: Any, text: str) -> None:
        row = self.row
        assert row is not None
        name = f"{row.number}-{file_name(row.name)}-{part}.json"
        with self.telling_errors():
            text = edited_text(self.app, text, name=name)
            problem = edit_problem(part, text)
            if problem is not None:
                self._ask_again(part, number, given, text, problem)
            elif is_as_given(text, given):
                self.say(("nothing edited", "dim"))
            else:
                self._what_if(part, number, text)

    def _ask_again(
        self, part: str, number: int | None, given: Any, text: str, problem: str
    ) -> None:
        def done(is_yes: bool) -> None:
            self.table.focus()
            if not is_yes:
                self.say(("not edited", "dim"))
            else:
                self._ask_editor(part, number, given, text)

        self.app.bell()
        ask_back_into_editor(self, problem, done)

    def _what_if(self, part: str, number: int | None, text: str) -> None:
        """Run the trace with the edit; the branch is shown when it ends."""
        row = self.row
        assert row is not None
        folder = Path(mkdtemp(prefix="replay-what-if-"))
        edit = {"step_number": row.number, "part": part, "interaction": number}
        edits = [Edit.model_validate({**edit, "edited": json.loads(text)})]
        option = words_of_edits(edits, folder)
        place = [str(self.replay.path), self.steps.trace.id, "--step", str(row.number)]

        def done(ended: Ended) -> None:
            shutil.rmtree(folder, ignore_errors=True)
            self._what_if_ended(ended)

        try:
            tools = self.tools
            if not tools.toolbox:
                raise ReplayError("Which tools? r asks for them, and they stay named.")
            words = ["what-if", *place, *option, *tools.words()]  # as JSON it is all there is
            self.replay.jobs.start(f"what if, step {row.number}", words, done)
        except ReplayError as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.complain(error)
        else:
            what = "an outside answer" if part == "outside" else f"its {part}"
            self.say(("◐ ", "accent"), (f"running on from step {row.number}, {what} edited", ""))

    def _what_if_ended(self, ended: Ended) -> None:
        """Show the branch; to somebody who has gone elsewhere meanwhile: where it is."""
        if is_watching(self.app.screen, ended.job):
            self.app.pop_screen()
        front = self.app.screen
        if front is not self:
            if isinstance(front, BaseScreen) and not ended.is_judged:
                front.complain(ended.error())
            elif isinstance(front, BaseScreen):
                trace_id = cut(printable(self.steps.trace.id), max(10, front.size.width - 40))
                front.say(("the edited branch is there: ", "good"), (f"I in {trace_id}", ""))
            return
        if not ended.is_judged:
            self.complain(ended.error())
            return
        self._read_branch()

    def action_branches(self) -> None:
        """Show the newest edited branch of this trace again."""
        self.say(("◐ reading the newest edited branch", "accent"))
        self._read_branch()

    @work(thread=True, exclusive=True, description="a thread", group="branch")
    def _read_branch(self) -> None:
        """A branch has the values of all its calls, several times."""
        try:
            with reading_much():
                self._branch = newest_branch(self.replay.the_database, self.steps.trace.id)
        except ReplayError as error:
            self.app.call_from_thread(self.complain, error)
            return
        self.app.call_from_thread(self._show_branch)

    def _show_branch(self) -> None:
        found, self._branch = self._branch, None
        if not self.is_ready or self.app.screen is not self:
            return
        if found is None:
            self._stay("this trace has no edited branch yet: i makes one")
        else:
            self._say_again()
            self.app.push_screen(WhatIfScreen(found, self.steps.key))

    # -- looking ----------------------------------------------------------------------------------

    def action_edit_pane(self) -> None:
        """Open what this pane shows in the editor: a copy, to read."""
        row = self.row
        if row is None:
            return
        value = self.outline.values()
        is_json = isinstance(value, (dict, list)) and self.tab not in ("Prompt", "Verdict")
        text = spelled(value) if is_json else _lines(self.outline.entries)
        name = f"{row.number}-{file_name(row.name)}-{self.tab.lower()}"
        with self.telling_errors():
            show_text(self.app, text + "\n", name=f"{name}.{'json' if is_json else 'txt'}")
            self.say(("that was a copy: ", "dim"), ("nothing here is changed by it", ""))

    def action_edit_source(self) -> None:
        """Open the tool's source in the editor, at its line."""
        row, run = self.row, self.steps.run
        if row is None or row.kind != "tool":
            self._stay("only a tool has a source: t goes to the next call")
            return
        if run is None:
            self._stay("not replayed yet, so nobody knows where the tool is: r replays it")
            return
        with self.telling_errors():
            file, line = source_place(run, row.name)
            show_file(self.app, file, line)
            self.say((f"{shown_path(file.resolve())}:{line}", "dim"), ("   r replays it", "dim"))


def _lines(entries: list[Entry]) -> str:
    return "\n".join(parts_text(row.parts).rstrip() for row in lay_out(entries, 100))
