"""Quitting while a command is under way: stop it, leave it running, or stay."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.actions import QUITTING
from tui.jobs import Job
from tui.screens.base import BaseScreen
from tui.views.parts import Part, printable
from tui.widgets.bars import Bar, KeyBar
from tui.widgets.keys import bindings


class QuittingScreen(BaseScreen):
    """What `Q` asks, and `q` on the first screen, while a command is under way."""

    BINDINGS = bindings(QUITTING)
    PLACES: ClassVar[tuple[str, ...]] = (QUITTING,)

    def __init__(self, job: Job) -> None:
        """``job``: what is under way."""
        super().__init__()
        self.job = job

    def compose_body(self) -> ComposeResult:
        """A few lines."""
        with Vertical(id="notice"), Vertical(id="notice-box"):
            for name in ("progress", "stop", "leave", "stay"):
                yield Bar(id=f"quitting-{name}", markup=False)

    def on_mount(self) -> None:
        """Say what each key does."""
        self.say_head([("Quit", "strong"), (f"  while {printable(self.job.title)}", "dim")])
        self._line("stop", ("s    ", "accent strong"), ("stop it and quit", ""), _KEPT)
        self._line("leave", ("l    ", "accent strong"), ("quit, and let it go on", ""), _LISTED)
        self._line("stay", ("esc  ", "accent strong"), ("stay", ""))
        self.job_ticked()
        self.set_interval(0.1, self.job_ticked)

    def job_ticked(self) -> None:
        """Show how far it is, or that it has ended."""
        if self.replay.jobs.now is self.job:
            self._line("progress", *self.job.progress_parts())
        else:
            self._line("progress", ("✓ it has ended meanwhile", "good"))
            self._line("stop", ("s    ", "accent strong"), ("quit", ""))
            self._line("leave")
            self.query_one(KeyBar).suit(idle=("quitting.leave-it",))

    def _line(self, name: str, *parts: Part) -> None:
        self.query_one(f"#quitting-{name}", Bar).say(parts)

    def action_stop_it(self) -> None:
        """Stop it, and quit: what it has judged is kept."""
        self.app.exit()

    def action_leave_it(self) -> None:
        """Quit; the command goes on without the screen."""
        self.replay.leave_running(self.job)

    def action_quit(self) -> None:
        """The same key once more means it: stop it, and quit."""
        self.action_stop_it()

    def action_back(self) -> None:
        """Stay."""
        self.app.pop_screen()


_KEPT: Part = ("   what it has judged is kept", "dim")
_LISTED: Part = ("   `replay runs` lists it", "dim")
