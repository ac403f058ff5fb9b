"""The terminal UI: one app, its database, and where one was on each trace."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from replay.errors import ExitCode, ReplayError
from tui.actions import EVERYWHERE, LINES, actions_of, key_words, use_keys
from tui.jobs import TICK_S, Jobs
from tui.rows.stops import Stops, stops_of
from tui.screens.base import BaseScreen
from tui.screens.start import StartScreen
from tui.theme import DARK, LIGHT
from tui.worlds import Worlds

if TYPE_CHECKING:
    from tui.keymap import Keymap
    from tui.rows.acting import Tools
    from tui.rows.database import Database

POLL_S = 0.25
_GARBAGE_MAX: Final = 200_000
"""New containers before the collector looks: a value of five megabytes has eighty thousand, and a
look at each seven hundred, as is usual, triples the time that reading it takes."""


class ActionProvider(Provider):
    """The command palette: every action of the screen, by name."""

    async def discover(self) -> Hits:
        """Give all of them."""
        for name, help_text, run in self._commands():
            yield DiscoveryHit(name, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Give those that match."""
        matcher = self.matcher(query)
        for name, help_text, run in self._commands():
            score = matcher.match(f"{name} {help_text}")
            if score > 0:
                yield Hit(score, matcher.highlight(f"{name} {help_text}"), run, help=name)

    def _commands(self) -> list[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return []
        return [
            (
                f"{action.help}  ({key_words(action)})",
                action.name,
                partial(screen.action_by_id, action.id),
            )
            for action in actions_of(*screen.PLACES, LINES, EVERYWHERE)
        ]


class ReplayApp(App[None]):
    """Step through what was recorded, and see what is different today."""

    TITLE = "replay"
    CSS_PATH = "tui.tcss"
    COMMANDS: ClassVar[set[type[Provider]]] = {ActionProvider}  # type: ignore[assignment]  # no themes, no screenshots
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        path: Path,
        trace: str | None = None,
        *,
        theme: str | None = None,
        keys: Keymap | None = None,
    ) -> None:
        """``trace``: the id, or its unique beginning, of a trace to open; ``keys``: chosen ones."""
        super().__init__()
        use_keys(keys or {})
        self.set_keymap({name: ",".join(chosen) for name, chosen in (keys or {}).items()})
        self.animation_level = "none"  # an animated page costs twenty frames
        self.path = path
        self.database: Database | None = None
        self.places: dict[str, tuple[str, str | None]] = {}
        """Where one was: step id and tab by trace."""
        self.jobs = Jobs(self)
        self.tools: Tools | None = None
        """Today's tools, as they were named last."""
        self.worlds = Worlds(path)
        self._stops: Stops | None = None
        self.stops_problem: ReplayError | None = None
        """Why what was kept could not be read, until somebody was told."""
        self._first_trace = trace
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = (LIGHT if theme == "light" else DARK).name

    def get_default_screen(self) -> Screen[None]:
        """The first screen, without mounting an empty one before: a third of the start-up."""
        return StartScreen(self.path)

    def on_mount(self) -> None:
        """Watch what others write."""
        self.set_interval(POLL_S, self._poll)
        self.set_interval(TICK_S, self.show_job_line)

    def on_unmount(self) -> None:
        """Let go of the file; what was asked for is done."""
        self.jobs.leave()
        if self.database is not None:
            self.database.close()
            self.database = None

    @property
    def the_database(self) -> Database:
        """The database, once it is open."""
        assert self.database is not None
        return self.database

    @property
    def stops(self) -> Stops:
        """The breakpoints and watches of this database, read when first asked for."""
        if self._stops is None:
            self._stops, self.stops_problem = stops_of(self.path)
        return self._stops

    def database_opened(self, database: Database) -> None:
        """Go on from the first screen to the traces, and to the trace that was asked for."""
        from tui.screens.traces import TracesScreen

        self.database = database
        self.call_after_refresh(self._started)
        self.push_screen(TracesScreen())
        if self._first_trace is not None:
            trace, self._first_trace = self._first_trace, None
            self.open_trace(trace)

    def _started(self) -> None:
        """What is there now stays: the collector need not look at it again."""
        gc.freeze()
        gc.enable()

    def open_trace(
        self,
        trace_id: str,
        *,
        run_id: str | None = None,
        step_number: int | None = None,
        tab: str | None = None,
    ) -> None:
        """Show a transcript; the trace's id may be its unique beginning."""
        from tui.rows.steps import read_steps
        from tui.screens.transcript import TranscriptScreen

        try:
            steps = read_steps(self.the_database, trace_id, run_id)
        except ReplayError as error:
            if isinstance(self.screen, BaseScreen):
                self.screen.call_after_refresh(self.screen.complain, error)
            return
        self.push_screen(TranscriptScreen(steps, run_id=run_id, step_number=step_number, tab=tab))

    def shown_traces(self) -> list[str]:
        """Return the ids of the traces that the list shows, where it shows only some."""
        from tui.rows.acting import trace_ids_of
        from tui.screens.traces import TracesScreen

        for screen in self.screen_stack:
            if isinstance(screen, TracesScreen) and screen.table.traces is not None:
                return trace_ids_of(self.the_database, screen.table.traces)
        return []

    def trace_beside(self, key: int, direction: int) -> str | None:
        """Return the id of the next trace in the list, or the one before; None: there is none."""
        from tui.rows.acting import trace_id_of
        from tui.screens.traces import TracesScreen

        for screen in self.screen_stack:
            if isinstance(screen, TracesScreen) and screen.table.traces is not None:
                keys = screen.table.traces.keys
                at = next((index for index, one in enumerate(keys) if one == key), None)
                if at is not None and 0 <= at + direction < len(keys):
                    return trace_id_of(self.the_database, int(keys[at + direction]))
        return None

    def show_job(self) -> None:
        """Show the replay that is under way."""
        from tui.screens.replaying import ReplayingScreen

        screen = self.screen
        if self.jobs.now is None or isinstance(screen, ReplayingScreen):
            if isinstance(screen, BaseScreen):
                screen.say(("nothing is under way", "dim"))
            return
        self.push_screen(ReplayingScreen.of_job(self.jobs.now))

    def toggle_theme(self) -> None:
        """Change between light and dark."""
        self.theme = (LIGHT if self.theme == DARK.name else DARK).name

    def show_job_line(self) -> None:
        """Say how far the command under way is."""
        screen, job = self.screen, self.jobs.now
        if not isinstance(screen, BaseScreen) or not screen.is_ready:
            return
        if job is not None and self.database is not None:
            from tui.rows.acting import judged_count

            with screen.telling_errors():
                job.judged_count = judged_count(self.database, job.began_us)
        screen.show_job_line(job)

    def _poll(self) -> None:
        screen = self.screen
        if self.database is None or not isinstance(screen, BaseScreen) or not screen.is_ready:
            return  # what was written meanwhile is still news at the next poll
        try:
            if self.database.has_changed():
                screen.database_changed()
        except ReplayError as error:
            screen.complain(error)


def _chosen_keys() -> Keymap | None:
    """Return ``[tool.replay.keys]``; reading all of the configuration would cost a first paint."""
    here = Path.cwd()
    files = (folder / "pyproject.toml" for folder in (here, *here.parents))
    if not any(b"tool.replay.keys" in file.read_bytes() for file in files if file.is_file()):
        return None
    from tui.keymap import read_keymap

    return read_keymap()


def run(path: Path, trace: str | None = None, *, theme: str | None = None) -> int:
    """Show the terminal UI until it is left; return the exit code.

    A bug of ours ends in a traceback and code 3, never in 1, which is a verdict.
    """
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    for name in ("COLUMNS", "LINES"):  # Textual would believe them, and never see a resize
        os.environ.pop(name, None)
    gc.disable()  # until the first rows are there
    gc.set_threshold(_GARBAGE_MAX, 20, 20)
    app = ReplayApp(path, trace, theme=theme, keys=_chosen_keys())
    app.run()
    return int(ExitCode.COULD_NOT_RUN if app.return_code else ExitCode.OK)
