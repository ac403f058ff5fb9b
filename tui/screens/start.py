"""Before there is a list: opening, nothing there yet, or a database that cannot be read."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical

from replay.errors import ReplayError, StoreError
from tui.actions import EMPTY
from tui.paths import shown_path, typed_path
from tui.screens.base import BaseScreen, back_key
from tui.views.parts import Part, printable
from tui.widgets.bars import Bar, KeyBar
from tui.widgets.keys import bindings

if TYPE_CHECKING:
    from tui.rows.database import Database

DEMO_FOLDER: Final = "replay-demo"
_RETRY_S: Final = 1.5
_IDLE_MEANWHILE: Final = ("empty.demo", "empty.import-file", "empty.retry")
_AFTER_READING: Final = (
    ("r", "look again (it is tried every second or two by itself)"),
    ("t", "the demo instead"),
)
_AFTER_COMMAND: Final = (
    ("r", "back to what can be done first"),
    ("i", "import another file"),
    ("t", "the demo"),
)
_RECORDS_TO: Final = "traces.db"
"""Where `replay record` records without ``--db``."""


class StartScreen(BaseScreen):
    """Opens the database and goes on to its traces; else says what is wrong and what to do."""

    BINDINGS = bindings(EMPTY)
    PLACES: ClassVar[tuple[str, ...]] = (EMPTY,)

    def __init__(self, path: Path) -> None:
        """``path`` may not exist yet."""
        super().__init__()
        self.path = path
        self._opening: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._is_leaving = False
        self._doing = ""
        """What runs or ran last: ``The demo``."""
        self._is_asked = False
        """Somebody wants it looked at again, now."""
        self._is_telling = False
        """Shows why something failed: that stays until somebody does something else."""

    def compose_body(self) -> ComposeResult:
        """A box in the middle."""
        with Vertical(id="notice"):
            yield Bar(id="notice-box", markup=False)

    def on_mount(self) -> None:
        """Open it without keeping the screen waiting: a lock may take seconds."""
        self.say_head([("replay ", "strong"), (printable(str(self.path)), "dim")])
        self.query_one(KeyBar).name_back("quit")
        self._show([("opening ", "dim"), (printable(str(self.path)), "")])
        self.set_interval(_RETRY_S, self._look_again)
        self._open()

    def _open(self) -> None:
        """Open it in a thread that nobody waits for: a lock takes seconds, and `q` ends at once."""
        if self._opening is None or not self._opening.is_alive():
            self._opening = threading.Thread(target=self._open_in_thread, daemon=True)
            self._opening.start()

    def _open_in_thread(self) -> None:
        # Imported here, while the first screen is painted: the half of what a start takes.
        import tui.screens.traces  # noqa: F401 - what comes next
        from tui.rows.database import Database
        from tui.rows.traces import trace_count

        try:
            if not self.path.exists():
                raise FileNotFoundError
            database = Database.open(self.path)
            count = trace_count(database)
        except FileNotFoundError:
            self._say_from_thread(partial(self._show_empty, is_missing=True))
        except ReplayError as error:
            self._say_from_thread(partial(self._show_error, error))
        else:
            self._say_from_thread(partial(self._opened, database, count))

    def _say_from_thread(self, say: Callable[[], None]) -> None:
        if self.app.is_running:
            with contextlib.suppress(RuntimeError):  # it ends just now
                self.app.call_from_thread(say)

    def _opened(self, database: Database, count: int) -> None:
        if self._is_leaving or not self.is_mounted or self._process is not None:
            database.close()
        elif count == 0:
            database.close()
            self._show_empty(is_missing=False)
        else:
            self._is_leaving = True
            self.replay.database_opened(database)

    def open_again(self) -> None:
        """Open what has the database's name now."""
        self._is_leaving = self._is_telling = False
        self._show([("opening ", "dim"), (printable(str(self.path)), "")])
        self._open()

    def _look_again(self) -> None:
        busy = self._process is not None or self._is_leaving or self._is_telling
        if not busy and not self.prompt.is_asking:
            self._open()

    # -- what it says -----------------------------------------------------------------------------

    def _show_empty(self, *, is_missing: bool) -> None:
        if self._process is not None or self._is_leaving:
            return
        what = "is not there yet" if is_missing else "has no traces yet"
        here = typed_path(self.path)
        name = printable(here)
        database = "" if here == _RECORDS_TO else f" --db {printable(shlex.quote(here))}"
        self._show(
            [
                ("Nothing recorded yet", "strong"),
                (f"   {name} {what}\n\n", "dim"),
                ("Record your agent, three lines in its program:\n\n", ""),
                ("  from replay import Recorder\n", "good"),
                (f'  recorder = Recorder("{name}")\n', "good"),
                ("  client = recorder.wrap(OpenAI())\n\n", "good"),
                ("or from a shell, without touching its code:\n\n", ""),
                (f"  replay record{database} -- python my_agent.py\n\n", "good"),
                (" t ", "accent strong"),
                (
                    f" {self._demo_words('see it work: record and replay the demo, here, now')}\n",
                    "",
                ),
                (" i ", "accent strong"),
                (" import a file: OpenTelemetry, Langfuse, OpenAI messages and others\n", ""),
                ("   ", ""),
                (" or wait: recordings show up as they happen", "dim"),
            ]
        )
        self.say((self._looked("waiting for a recording"), "dim"))
        self.query_one(KeyBar).suit()

    def _show_error(self, error: ReplayError, *, is_of_command: bool = False) -> None:
        """Show why the database is not read; ``is_of_command``: why what was begun here failed."""
        if self._process is not None or self._is_leaving:
            return
        parts: list[Part] = [("× ", "bad strong"), (printable(error.wanted), "strong"), ("\n", "")]
        if error.nearest:
            parts.append((f"\nNearest: {printable(error.nearest)}\n", ""))
        if error.hint:
            hint = "\n".join(printable(line) for line in error.hint.splitlines())
            parts += [("\n", ""), (hint, ""), ("\n", "")]
        parts.append(("\n", ""))
        for key, words in _AFTER_COMMAND if is_of_command else _AFTER_READING:
            said = self._demo_words(words) if key == "t" else words
            parts += [(f" {key} ", "accent strong"), (f" {said}\n", "")]
        self._show([*parts, (" q ", "accent strong"), (" quit", "")])
        if is_of_command:
            self.say((f"{self._doing} failed", "bad"))
            self.query_one(KeyBar).suit()
            return
        self.say((self._looked("the database cannot be read"), "bad"))
        self.query_one(KeyBar).suit(idle=("empty.import-file",))  # there is nothing to import into

    def _looked(self, words: str) -> str:
        """Return ``words``; where somebody pressed `r`: that it was looked again."""
        is_asked, self._is_asked = self._is_asked, False
        return f"looked again: {words}" if is_asked else words

    def _show(self, parts: Sequence[Part]) -> None:
        if self.is_attached:
            self.query_one("#notice-box", Bar).say(parts)

    # -- what it does -----------------------------------------------------------------------------

    def action_retry(self) -> None:
        """Open it again, now."""
        self._is_telling = False
        self._is_asked = True
        self._open()

    def action_demo(self) -> None:
        """Open the demo that is here; else record and replay it in a process of its own first."""
        if self._process is not None:
            self._say_busy()
            return
        if _is_replayed(self._demo):
            self.path = self.replay.path = self._demo
            self.open_again()
            return
        self._run(
            ["demo", "--directory", str(self._demo.parent)],
            "Recording two small agents, then replaying them with changed tools.",
            self._demo,
        )

    @property
    def _demo(self) -> Path:
        """The database of the demo that is here, or would be."""
        here = self.path.parent
        return (here if here.name == DEMO_FOLDER else here / DEMO_FOLDER) / "traces.db"

    def _demo_words(self, otherwise: str) -> str:
        """Return what the demo's key does."""
        if self._demo.is_file() and self._demo != self.path:
            return f"the demo that is here: {shown_path(self._demo, 44)}"
        return otherwise

    def action_import_file(self) -> None:
        """Ask for a file, and import it."""
        if self._process is not None:
            self._say_busy()
            return

        def done(name: str | None) -> None:
            if name and name.strip():
                place = str(Path(name.strip()).expanduser())
                self._run(["import", str(self.path), place], f"Importing {place}.", self.path)

        self.prompt.ask(
            "import which file?",
            on_done=done,
            placeholder="traces.jsonl",
            typed=self.replay.typed["file"],
        )

    def _say_busy(self) -> None:
        self.app.bell()
        self.say(
            (f"◐ {self._doing[0].lower()}{self._doing[1:]} runs", "warn"),
            ("   esc stops it", "dim"),
        )

    def action_back(self) -> None:
        """Stop what runs; else leave."""
        if not self.end_something():
            self.app.exit()

    def end_something(self) -> bool:
        """Stop what runs; say whether anything did."""
        if self._process is None:
            return False
        self._process.terminate()
        return True

    def on_unmount(self) -> None:
        """Leave no process behind."""
        if self._process is not None:
            self._process.terminate()

    def _run(self, words: list[str], about: str, result: Path) -> None:
        if self._process is not None:
            return
        self._doing = f"The {words[0]}"
        command = [sys.executable, "-m", "replay.cli.main", *words]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            self._is_telling = True
            problem = StoreError(f"{command[0]!r} did not start: {error.strerror}.")
            self._show_error(problem, is_of_command=True)
            return
        self._show(
            [
                (printable(about), "strong"),
                ("\n\n", ""),
                ("replay " + printable(" ".join(words)), "good"),
                ("\n\nThis takes some seconds. ", "dim"),
                ("esc", "accent strong"),
                (" or ", "dim"),
                (back_key(), "accent strong"),
                (" stops it.", "dim"),
            ]
        )
        self.say(("◐ running", "accent"))
        keys = self.query_one(KeyBar)
        keys.suit(idle=_IDLE_MEANWHILE)
        keys.name_back("stop")
        self._wait(self._process, result)

    @work(thread=True, description="a thread", group="run")
    def _wait(self, process: subprocess.Popen[str], result: Path) -> None:
        output, _ = process.communicate()
        if not self._is_leaving and self.app.is_running:
            self.app.call_from_thread(self._ran, process.returncode, output, result)

    def _ran(self, code: int, output: str, result: Path) -> None:
        self._process = None
        self.query_one(KeyBar).name_back("quit")
        self._is_telling = False
        if code in (0, 1, 2) and result.exists():  # the demo ends with its verdict's code
            self.path = self.replay.path = result
            self._open()
            return
        if code < 0:
            self._show_empty(is_missing=not self.path.exists())
            self.say(("stopped", "warn"))
            return
        last = "\n".join(printable(line) for line in output.strip().splitlines()[-8:])
        self._is_telling = True
        problem = StoreError(f"{self._doing} ended with code {code}.", hint=last)
        self._show_error(problem, is_of_command=True)


def _is_replayed(demo: Path) -> bool:
    """Say whether a demo's database is there whole: recorded, and replayed."""
    from tui.rows.database import Database
    from tui.rows.replays import RunList
    from tui.rows.traces import trace_count

    if not demo.is_file():
        return False
    try:
        with contextlib.closing(Database.open(demo)) as database:
            return trace_count(database) > 0 and len(RunList(database)) > 0
    except ReplayError:
        return False  # the demo's command says what is wrong with it
