"""One transcript as a debugger shows a program: each group of its keys has a file of its own."""

from __future__ import annotations

from typing import Final

from replay.records import JsonObject
from tui.actions import TRANSCRIPT
from tui.copies import dumped
from tui.debugging import debug_command, leave_screen_to
from tui.rows.details import StepDetail
from tui.screens.comparing import Comparing
from tui.screens.reviewing import Reviewing
from tui.screens.stepping import Stepping
from tui.screens.stop_keys import StopKeys
from tui.screens.where_from import WhereFrom
from tui.widgets.keys import bindings

_SHOWN_MAX: Final = 200_000
_MESSAGES_MAX: Final = 200
"""Of bigger steps, and of longer prompts, a form to copy is made when it is chosen."""


class TranscriptScreen(Reviewing, Stepping, StopKeys, WhereFrom, Comparing):
    """Step through a trace, forwards and backwards."""

    BINDINGS = bindings(TRANSCRIPT)

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list the whole step."""
        if self.focused is self.outline:
            self.copy(self.outline.value_here(), "this")
        elif self.detail is not None:
            detail, what = self.detail, f"step {self.detail.row.number}"
            if detail.size > _SHOWN_MAX or detail.message_count > _MESSAGES_MAX:
                self.copy_made(detail.as_json, what)
            else:
                self.copy(_dumped(detail), what)

    def action_copy_menu(self) -> None:
        """Choose what of this step to copy: JSON, curl, a test, a command, an id."""
        from tui.screens.copying import Copy, CopyingScreen
        from tui.views.copies import forms_of

        detail = self.detail
        if detail is None:
            return
        forms = forms_of(
            detail,
            pane=self.outline.values(),
            tab=self.tab,
            database=str(self.replay.path),
            options=self.tools.words(),
        )
        copies = [Copy(name, make) for name, make in forms]
        if detail.size <= _SHOWN_MAX and detail.message_count <= _MESSAGES_MAX:
            copies = [one.made() for one in copies]
        about = f"step {detail.row.number}, {detail.row.name}"
        self.app.push_screen(CopyingScreen(about, copies))

    def action_debug(self) -> None:
        """Leave the screen to a debugger that stops in today's tool, in this call."""
        row, run = self.row, self.steps.run
        if row is None or row.kind != "tool":
            self._stay("only a tool call can be stopped in: t goes to the next one")
            return
        words = debug_command(self.replay.path, self.steps.trace.id, row.number, run)
        with self.telling_errors():
            leave_screen_to(self.app, words)

    def action_debug_in_editor(self) -> None:
        """Leave the screen to `replay debug --listen`, which waits for an editor."""
        row, run = self.row, self.steps.run
        if row is None or row.kind != "tool":
            self._stay("only a tool call can be stopped in: t goes to the next one")
            return
        words = debug_command(self.replay.path, self.steps.trace.id, row.number, run)
        with self.telling_errors():
            leave_screen_to(self.app, [*words, "--listen", "5678"])

    def action_findings(self) -> None:
        """Show the findings of the run that the verdicts are from."""
        from tui.screens.findings import FindingsScreen

        if self.steps.run is None:
            self._stay("no replay run looked at this trace yet: replay run DATABASE --tools ...")
            return
        self.app.push_screen(FindingsScreen(self.steps.run.id))


def _dumped(detail: StepDetail) -> JsonObject | None:
    call = detail.tool_call or detail.model_call
    return None if call is None else dumped(call)
