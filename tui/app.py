"""The terminal UI: one app, its database, and where one was on each trace."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import shlex
import signal
import sys
import threading
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import App, ScreenStackError
from textual.await_complete import AwaitComplete
from textual.command import Provider
from textual.screen import Screen

from replay.errors import ExitCode, ReplayError
from tui.actions import use_keys
from tui.crash import crash_words, write_report
from tui.jobs import TICK_S, Jobs
from tui.memory import Tidying, give_back_what_is_freed
from tui.palette import ActionProvider
from tui.paths import shown_path
from tui.pyproject import is_mentioned
from tui.revealing import Revealing
from tui.screens.base import BaseScreen
from tui.screens.start import StartScreen
from tui.state import Place, State
from tui.terminal import end_with_terminal
from tui.theme import DARK, LIGHT
from tui.typed_ahead import KeyPassed, TypedAhead

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.driver import Driver

    from replay.stepping.worlds import WorldHistory
    from tui.jobs import Job
    from tui.keymap import Keymap
    from tui.rows.acting import Baseline, Tools
    from tui.rows.database import Database
    from tui.rows.sorting import TraceSort
    from tui.rows.steps import StepList
    from tui.rows.stops import Stops
    from tui.rows.traces import TraceList
    from tui.world_stream import WorldStreams
    from tui.worlds import Worlds

POLL_S = 0.25
_KEEP_S: Final = 3.0
_IMPORT_S: Final = 0.3
_SIGNALLED: Final = 128
_GARBAGE_MAX: Final = 200_000
"""New containers before the collector looks: a value of five megabytes has eighty thousand, and a
look at each seven hundred, as is usual, triples the time that reading it takes."""


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
        state: State | None = None,
        keys: Keymap | None = None,
        is_found: bool = False,
    ) -> None:
        """``trace``: the id, or its unique beginning, of a trace to open at once.

        ``state``: where it is kept where one was; None: nowhere. ``keys``: chosen ones.
        ``is_found``: nobody named ``path``; it is what a demo left here.
        """
        chosen = [key for several in (keys or {}).values() for key in several]
        self._has_alt_keys = any("alt+" in key for key in chosen)  # asked for in the next line
        super().__init__()
        use_keys(keys or {})
        self.set_keymap({name: ",".join(chosen) for name, chosen in (keys or {}).items()})
        self.animation_level = "none"  # an animated page costs twenty frames
        self.path = path
        self.news: str = ""
        """What the list of traces says first, until somebody moves in it."""
        if is_found:
            self.news = f"no traces.db here; this is the demo: {shown_path(path)}"
        self.database: Database | None = None
        self.place = Place()
        """Where one is in the list of traces, and was in transcripts."""
        self._state = state or State(None)
        self._kept: object = None
        self._complained = ""
        self._worlds: Worlds | None = None
        self._stops: Stops | None = None
        self.stops_problem: ReplayError | None = None
        """Why what was kept could not be read, until somebody was told."""
        self.jobs = Jobs(self)
        self._tidying = Tidying()
        self.typed_ahead = TypedAhead(self)
        self.revealing = Revealing(self)
        self._is_started = False
        self.tools: Tools | None = None
        """Today's tools, as they were named last."""
        self.baseline: Baseline | None = None
        """The old ones, as they were named last; None: nobody was asked yet."""
        self.typed: defaultdict[str, list[str]] = defaultdict(list)
        """What was typed at questions, by their names: gone with the session."""
        self._first_trace = trace
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = (LIGHT if (theme or self._state.theme()) == "light" else DARK).name

    def get_driver_class(self) -> type[Driver]:
        """Textual's own, but for what is typed into a terminal of Linux or macOS."""
        driver = super().get_driver_class()
        if driver.__name__ != "LinuxDriver":
            return driver
        from tui.keyboard import Keyboard

        Keyboard.has_alt_keys = self._has_alt_keys
        return Keyboard

    def get_default_screen(self) -> Screen[None]:
        """The first screen, without mounting an empty one before: a third of the start-up."""
        return StartScreen(self.path)

    def on_mount(self) -> None:
        """Watch what others write."""
        self.set_interval(POLL_S, self._poll)
        self.set_interval(_KEEP_S, self._keep)
        self.set_interval(TICK_S, self.show_job_line)
        if not self.is_headless:
            end_on_signals(self)

    async def on_event(self, event: events.Event) -> None:
        """Do what a key is bound to, unless it is for the line to type into."""
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded:
            if self.typed_ahead.may_go(event):
                shown, target = self.screen, self.focused or self.screen
                await super().on_event(event)
                self.typed_ahead.give(target, shown)
            return
        if isinstance(event, events.Key):
            self._tidying.pressed()
            screen = self.screen_now
            if screen is not None and screen.prompt.take_from_elsewhere(event):
                return
        await super().on_event(event)

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Do what a key is bound to, or say that it is bound to nothing; in a prompt: neither."""
        screen = None if priority else self.screen_now
        if screen is not None and screen.prompt.is_asking and not screen.prompt.is_own(key):
            self.bell()
            return True
        is_bound = await super()._check_bindings(key, priority)
        if screen is not None and not is_bound:
            screen.say_unbound(key)
        return is_bound

    def on_key_passed(self, event: KeyPassed) -> None:
        """The key before it is dealt with: the next one."""
        self.typed_ahead.passed(event.number)

    def on_unmount(self) -> None:
        """Keep where one was, and let go of the file; what was asked for is done."""
        self._keep()
        self.jobs.leave()
        if self.database is not None:
            self.database.close()
            self.database = None

    @property
    def places(self) -> dict[str, tuple[str, str | None]]:
        """Where one was in transcripts: step id and tab by trace."""
        return self.place.steps

    def place_in_traces(self) -> tuple[TraceSort, int | None]:
        """Return the order of the list, and the row of the trace, that one was at."""
        from tui.rows.sorting import SORT_NAMES, TraceSort
        from tui.rows.traces import row_of

        name, is_reversed = self.place.sort
        sort = TraceSort(name, is_reversed) if name in SORT_NAMES else TraceSort()
        return sort, row_of(self.the_database, self.place.trace)

    def _keep(self) -> None:
        """Write where one is, when it is elsewhere than before."""
        held = (self.place.trace, self.place.sort, tuple(self.place.steps.items()))
        if self.database is not None and held != self._kept:
            self._kept = held
            self._state.keep(self.database.path, self.place)

    @property
    def the_database(self) -> Database:
        """The database, once it is open."""
        assert self.database is not None
        return self.database

    @property
    def stops(self) -> Stops:
        """The breakpoints and watches of this database, read when first asked for."""
        if self._stops is None:
            from tui.rows.stops import stops_of

            self._stops, self.stops_problem = stops_of(self.path)
        return self._stops

    @property
    def worlds(self) -> Worlds:
        """The worlds that this session has asked for."""
        if self._worlds is None:
            from tui.worlds import Worlds

            self._worlds = Worlds(self.path, self.revealing.option)
        return self._worlds

    def database_opened(self, database: Database) -> None:
        """Go on from the first screen to the traces, and to the trace that was asked for."""
        from tui.screens.traces import TracesScreen

        self.database = database
        self.place = self._state.place_in(database.path)
        self.call_after_refresh(self._started)
        self.push_screen(TracesScreen())
        if self._first_trace is not None:
            trace, self._first_trace = self._first_trace, None
            self.open_trace(trace)

    def _started(self) -> None:
        """What is there now stays: the collector need not look at it again."""
        gc.freeze()
        gc.enable()
        self._is_started = True
        self.set_timer(_IMPORT_S, _import_the_rest)

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

    @property
    def listed_traces(self) -> TraceList | None:
        """The traces that the list shows; None: there is no list yet."""
        from tui.screens.traces import TracesScreen

        for screen in self.screen_stack:
            if isinstance(screen, TracesScreen) and screen.table.traces is not None:
                return screen.table.traces
        return None

    def shown_traces(self) -> list[str]:
        """Return the ids of the traces that the list shows, where it shows only some."""
        from tui.rows.acting import trace_ids_of

        traces = self.listed_traces
        return [] if traces is None else trace_ids_of(self.the_database, traces)

    def trace_beside(self, key: int, direction: int) -> str | None:
        """Return the id of the next trace in the list that called a tool, or the one before.

        None: there is none.
        """
        from tui.rows.acting import first_with_calls

        traces = self.listed_traces
        if traces is not None:
            keys = traces.keys
            at = next((index for index, one in enumerate(keys) if one == key), None)
            if at is not None:
                end = len(keys) if direction > 0 else -1
                beside = (int(keys[index]) for index in range(at + direction, end, direction))
                return first_with_calls(self.the_database, beside)
        return None

    def world_streams(self) -> WorldStreams:
        """Return what replays one trace after the other for its world; it is to be closed."""
        from tui.world_stream import WorldStreams

        return WorldStreams(self.path, self.revealing.option)

    def world_by(self, streams: WorldStreams) -> Callable[[StepList], WorldHistory]:
        """Return what gives the world of a trace: by the tools of its verdicts, or those named."""
        from tui.rows.acting import tools_at_hand

        def world_of(steps: StepList) -> WorldHistory:
            tools = self.tools or tools_at_hand(self.the_database, steps.run)
            return streams.world(steps.trace.id, tools)

        return world_of

    def show_job(self) -> None:
        """Show the replay that is under way."""
        from tui.screens.replaying import ReplayingScreen

        screen = self.screen
        if self.jobs.now is None or isinstance(screen, ReplayingScreen):
            if isinstance(screen, BaseScreen):
                screen.say((screen.beside_words() or "nothing is under way", "dim"))
            return
        self.push_screen(ReplayingScreen.of_job(self.jobs.now))

    def quit(self) -> None:
        """End the program; while a command is under way: ask what becomes of it."""
        if self.jobs.now is None:
            self.exit()
            return
        from tui.screens.quitting import QuittingScreen

        self.push_screen(QuittingScreen(self.jobs.now))

    async def action_quit(self) -> None:
        """End the program from where no screen of ours has the keys: the help, the palette."""
        self.quit()

    def leave_running(self, job: Job) -> None:
        """End the program, and let a command go on without it; the terminal says how to stop it."""
        process = job.process
        if self.jobs.now is job and process is not None:
            job.is_left = True
            said = f"{job.title} goes on: `kill -INT {process.pid}` stops it, what is done is kept."
            self.exit(message=Text(said))
        else:
            self.exit()

    def toggle_theme(self) -> None:
        """Change between light and dark, from the next start on, too."""
        is_light = self.theme == DARK.name
        self.theme = (LIGHT if is_light else DARK).name
        self._state.keep_theme("light" if is_light else "dark")

    def show_anew(self) -> None:
        """Read and draw anew what is shown: the list, and the transcript where one is open."""
        from tui.screens.trace_list import TraceListScreen
        from tui.screens.transcript import TranscriptScreen

        self._worlds = None
        opened = next((s for s in self.screen_stack if isinstance(s, TranscriptScreen)), None)
        while len(self.screen_stack) > 2:
            self.pop_screen()
        if isinstance(self.screen, TraceListScreen):
            self.screen.show_anew()
        if opened is not None:
            self.open_trace(opened.steps.trace.id, run_id=opened.run_id)

    def show_job_line(self) -> None:
        """Say how far the command under way is."""
        screen, job = self.screen_now, self.jobs.now
        if screen is None:
            return
        if job is not None and self.database is not None:
            from tui.rows.acting import judged_count

            with screen.telling_errors():
                job.judged_count = judged_count(self.database, job.began_us)
        screen.show_job_line(job)

    @property
    def screen_now(self) -> BaseScreen | None:
        """Return the screen that is shown; None: it is not ready, or the program ends just now."""
        try:
            screen = self.screen
        except ScreenStackError:
            return None
        return screen if isinstance(screen, BaseScreen) and screen.is_ready else None

    def pop_screen(self) -> AwaitComplete:
        """Leave the screen, and know that there is something to tidy up."""
        self._tidying.closed()
        return super().pop_screen()

    def _poll(self) -> None:
        if self._is_started:
            self._tidying.look()
        screen, database = self.screen_now, self.database
        if database is None or screen is None:
            return  # what was written meanwhile is still news at the next poll
        if database.is_replaced():
            self._start_again()
            return
        try:
            if database.has_changed():
                screen.database_changed()
            self._complained = ""
        except ReplayError as error:
            if str(error) != self._complained:  # once, not four times a second
                self._complained = str(error)
                screen.complain(error)

    def _start_again(self) -> None:
        """Another file has the database's name now: open that one."""
        assert self.database is not None
        self._keep()
        self.database.close()
        self.database = None
        while len(self.screen_stack) > 1:
            self.pop_screen()
        start = self.screen
        assert isinstance(start, StartScreen)
        start.open_again()

    def _fatal_error(self) -> None:
        """End, with a report instead of a traceback with recorded values in it."""
        error = sys.exc_info()[1] or self._exception
        assert error is not None
        screen = type(self.screen_now).__name__
        report = write_report(error, folder=self._state.folder, screen=screen)
        self._exit_renderables.append(
            Text(crash_words(error, report), end="", no_wrap=True, overflow="ignore")
        )
        self._close_messages_no_wait()


def _import_the_rest() -> None:
    """Import what the next key may need, while somebody looks at the list."""
    names = ("tui.screens.transcript", "tui.screens.runs", "tui.screens.findings")
    threading.Thread(
        target=lambda: [importlib.import_module(name) for name in names], daemon=True
    ).start()


def end_on_signals(app: ReplayApp) -> None:
    """Leave as `q` does when the process is told to end: the terminal is then as it was."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, partial(app.exit, return_code=_SIGNALLED + number))


def _chosen_keys() -> Keymap | None:
    """Return ``[tool.replay.keys]``."""
    if not is_mentioned(b"tool.replay.keys"):
        return None
    from tui.keymap import read_keymap

    return read_keymap()


def run(
    path: Path, trace: str | None = None, *, theme: str | None = None, is_found: bool = False
) -> int:
    """Show the terminal UI until it is left; return the exit code.

    Who did not name the database that was shown (``is_found``: the demo's, or led to it by a key)
    is told its name at the end.

    A bug of ours ends in a report and code 3, never in 1, which is a verdict; a signal in 128 and
    its number, as shells say it.
    """
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    for name in ("COLUMNS", "LINES"):  # Textual would believe them, and never see a resize
        os.environ.pop(name, None)
    give_back_what_is_freed()
    gc.disable()  # until the first rows are there
    gc.set_threshold(_GARBAGE_MAX, 20, 20)
    state, keys = State.of_user(), _chosen_keys()
    app = ReplayApp(path, trace, theme=theme, state=state, keys=keys, is_found=is_found)
    end_with_terminal()
    app.run()
    code = app.return_code or 0
    if code == 0 and (is_found or app.path != path):
        again = shlex.join(["replay", "ui", str(app.path)])
        print(f"That was {shown_path(app.path)}: `{again}` opens it again.", file=sys.stderr)
    if code > _SIGNALLED:
        return code
    return int(ExitCode.COULD_NOT_RUN if code else ExitCode.OK)
