"""What the screen has others do: one `replay` command at a time, in a process of its own.

The UI's process runs no tool and writes nothing. Ctrl-C for a command is a signal to its process:
it keeps what it has done, as it would in a shell.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from textual.worker import get_current_worker

from replay.errors import ReplayError
from tui.views.parts import Part, count, cut, printable

if TYPE_CHECKING:
    from tui.app import ReplayApp

TICK_S: Final = 0.25
"""How often the screen says how far a command is."""


def replay_command(*words: str | Path) -> list[str]:
    """Return the words that run `replay` with the Python of this program."""
    return [sys.executable, "-m", "replay.cli.main", *map(str, words)]


@dataclass(slots=True)
class Job:
    """A command that was started from the screen."""

    title: str
    """What it does, for the status line: ``replaying weekend-in-paris``."""
    words: list[str]
    done: Callable[[Ended], None]
    began_at: float = field(default_factory=time.monotonic)
    began_us: int = field(default_factory=lambda: time.time_ns() // 1_000)
    process: subprocess.Popen[bytes] | None = None
    is_stopped: bool = False
    is_left: bool = False
    """It goes on when the screen is gone: nobody waits for its end."""
    judged_count: int = 0
    """Calls that it has judged so far, as the database says."""

    @property
    def elapsed_s(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began_at

    def progress_parts(self) -> list[Part]:
        """Return how far it is, on one line."""
        parts: list[Part] = [("◐ ", "accent"), (cut(printable(self.title), 44), "strong")]
        if self.judged_count:
            parts.append((f"  {count(self.judged_count, 'call')} judged", ""))
        return [*parts, (f"  {self.elapsed_s:.0f} s", "dim")]

    def stop(self) -> None:
        """End it as Ctrl-C would; what is done is kept."""
        self.is_stopped = True
        process = self.process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    job: Job
    code: int
    output: str
    talk: str
    """What it said on stderr."""

    @property
    def is_judged(self) -> bool:
        """Whether it did what it was asked for: 0, 1 and 2 are verdicts."""
        return self.code in (0, 1, 2)

    def json(self) -> Any:
        """Return what it printed.

        Raises:
            ReplayError: it printed no JSON; says what it said instead.
        """
        try:
            return json.loads(self.output)
        except ValueError:
            raise self.error() from None

    def error(self) -> ReplayError:
        """Return what went wrong, in its own words."""
        lines = [line for line in self.talk.strip().splitlines() if line.strip()]
        told = " ".join(lines).removeprefix("Error: ")
        return ReplayError(told or f"The command ended with {self.code} and said nothing.")


class Jobs:
    """The long command under way, if one is, and short ones that wait; owned by the app."""

    def __init__(self, app: ReplayApp) -> None:
        """Nothing runs yet."""
        self._app = app
        self.now: Job | None = None
        self._soon: deque[Job] = deque()
        """Short commands, in the order they were asked for; the first one is under way."""

    def start(self, title: str, words: Sequence[str | Path], done: Callable[[Ended], None]) -> Job:
        """Start `replay` with ``words``; ``done`` is called on the screen's thread.

        Raises:
            ReplayError: another command is under way.
        """
        if self.now is not None:
            raise ReplayError(
                f"One thing at a time: {self.now.title}.",
                hint="Wait for it, or stop it: H shows it.",
            )
        job = self.now = Job(title, replay_command(*words), done)
        self._app.run_worker(
            lambda: self._work(job), thread=True, group="jobs", exit_on_error=False
        )
        return job

    def soon(self, title: str, words: Sequence[str | Path], done: Callable[[Ended], None]) -> Job:
        """Have a short command run beside a long one, after the short ones before it."""
        job = Job(title, replay_command(*words), done)
        self._soon.append(job)
        if len(self._soon) == 1:
            self._next()
        return job

    def is_doing(self, *words: str) -> bool:
        """Say whether a short command with these words is under way, or waits for its turn."""
        return any(all(word in job.words for word in words) for job in self._soon)

    def stop(self) -> None:
        """End what is under way, as Ctrl-C would."""
        if self.now is not None:
            self.now.stop()

    def leave(self) -> None:
        """The screen is gone: end the long command, if it was not left to go on.

        Short ones that were asked for are done.
        """
        if self.now is None or not self.now.is_left:
            self.stop()
        for job in self._soon:
            process = job.process
            if process is None:
                subprocess.run(
                    job.words, stdin=subprocess.DEVNULL, capture_output=True, check=False
                )
            else:
                process.wait()

    def _next(self) -> None:
        job = self._soon[0]
        self._app.run_worker(
            lambda: self._work(job), thread=True, group="jobs", exit_on_error=False
        )

    def _work(self, job: Job) -> None:
        worker = get_current_worker()
        ended = _run(job)
        if ended is not None and not worker.is_cancelled and self._app.is_running:
            self._app.call_from_thread(self._ended, ended)

    def _ended(self, ended: Ended) -> None:
        if ended.job is self.now:
            self.now = None
        else:
            self._soon.popleft()
            if self._soon:
                self._next()
        ended.job.done(ended)
        self._app.show_job_line()  # of the screen that is in front now


_left: Final[list[subprocess.Popen[bytes]]] = []
"""Those that go on without the screen: Python warns of a process that is dropped while it runs."""


def _run(job: Job) -> Ended | None:
    """Run a command to its end; None: it was left to go on.

    What it says goes into files: a pipe would break under it when the screen is gone.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as talk:
        try:
            process = job.process = subprocess.Popen(
                job.words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=talk,
                start_new_session=True,  # Ctrl-C in the terminal is the screen's
            )
        except OSError as error:
            return Ended(job, 3, "", f"The command cannot be started: {error.strerror}.")
        if job.is_stopped:
            job.stop()
        while process.poll() is None:
            if job.is_left:
                _left.append(process)
                return None
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(TICK_S)
        return Ended(job, process.returncode, _text_of(output), _text_of(talk))


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")
