"""One worker process, seen from the pool: its pipes, its frames, its output, its end."""

from __future__ import annotations

import os
import secrets
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory

from replay.errors import ToolboxError, WorkerError
from replay.records import JsonObject
from replay.replayer.environment import Place, needs_of
from replay.replayer.frames import BrokenFrame, FrameBuffer, frame, message_of, read_some
from replay.replayer.output import OutputSplitter
from replay.replayer.sandbox.holding import was_late
from replay.starting import fixed_addresses, worker_command, worker_environment

_OUTPUT_WAIT_S = 5.0


class WorkerProcess:
    """A worker that was started: send it messages, read what it says.

    Nothing here blocks, except ``output_of`` for bytes that are already on their way.
    """

    def __init__(
        self, place: Place, *, forks: bool, apart: bool = False, answers: bool = False
    ) -> None:
        """``forks``: the worker runs each job in a fork of itself; False: in the process.

        ``apart``: and each group of calls in a fork of that. ``answers``: it runs no job, it
        answers questions about its tools (`replay.replayer.questions`).
        """
        self.place = place
        self.forks = forks
        self.ready: JsonObject | None = None
        """What the worker said of itself and its tools; None until it has."""
        nonce = secrets.token_hex(8)
        self._output = OutputSplitter(nonce)
        self._said = FrameBuffer()
        self._unsent = bytearray()
        self._scratch = (
            TemporaryDirectory(prefix="replay-scratch-", ignore_cleanup_errors=True)
            if place.sandbox.wants_scratch
            else None
        )
        self._needs = needs_of(place, None if self._scratch is None else self._scratch.name)
        self._process = self._started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.source = self._process.stdin.fileno()
        self.frames = self._process.stdout.fileno()
        self.output = self._process.stderr.fileno()
        for descriptor in (self.source, self.frames, self.output):
            os.set_blocking(descriptor, False)
        self.send(
            {
                "t": "setup",
                "toolbox": place.sandbox.where(place.toolbox),
                "paths": [place.sandbox.where(path) for path in place.paths],
                "forks": forks,
                "apart": apart,
                "answers": answers,
                "allow": list(place.allow),
                "loose": list(place.loose),
                "goes_out": place.goes_out,
                "nonce": nonce,
                "redact": place.redact,
                "limits": place.limits.message(),
                "confined": place.sandbox.confinement(self._needs),
                "observed": place.observed,
                "debugged": place.debugged,
                "sandbox": {
                    "is_on": place.sandbox.name != "off",
                    "has_scratch": place.sandbox.has_scratch,
                    "writes": place.sandbox.name == "off" or len(place.writable) > 1,
                },
            }
        )

    def _started(self) -> subprocess.Popen[bytes]:
        try:
            with fixed_addresses():
                return self.place.sandbox.start(
                    [*self.place.starter, *worker_command()],
                    environment=worker_environment(self.place.environment, self.place.pinned),
                    needs=self._needs,
                )
        except OSError as error:
            raise WorkerError(
                f"A worker could not be started in {self.place.folder!r}: {error.strerror}.",
                hint="Check that the folder exists and that the machine can start processes.",
            ) from error

    @property
    def has_unsent(self) -> bool:
        """Whether bytes wait for the pipe to have room."""
        return bool(self._unsent)

    def send(self, message: JsonObject) -> None:
        """Send ``message`` as far as the pipe takes it; ``flush`` sends the rest."""
        self._unsent += frame(message)
        self.flush()

    def flush(self) -> None:
        """Send what is still unsent, as far as the pipe takes it."""
        try:
            while self._unsent:
                sent = os.write(self.source, self._unsent)
                del self._unsent[:sent]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent.clear()  # it is gone: its frames will end, and that is how we hear of it

    def messages(self) -> Iterator[JsonObject | None]:
        """Take the messages that are there; None, the last, when no more can come."""
        try:
            chunk = read_some(self.frames)
        except BlockingIOError:
            return
        if not chunk:
            yield None
            return
        self._said.feed(chunk)
        try:
            for body in self._said.bodies():
                yield message_of(body)
        except BrokenFrame:
            # Only a worker that does not fork can be spoiled so: a tool wrote on its pipe.
            self.kill()
            yield None

    def read_output(self) -> bool:
        """Take what the tools printed; False when no more can come."""
        try:
            chunk = read_some(self.output)
        except BlockingIOError:
            return True
        self._output.feed(chunk)
        return bool(chunk)

    def output_of(self, name: str) -> str:
        """Return what was printed up to the mark of ``name``, which is on its way already."""
        until = time.monotonic() + _OUTPUT_WAIT_S
        while not self._output.has(name) and (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self.output], [], [], left)
            if not ready or not self.read_output():
                break
        return self._output.take(name)

    def output_rest(self) -> str:
        """Return what was printed since the last mark: the last words of a worker."""
        while select.select([self.output], [], [], 0)[0] and self.read_output():
            pass
        return self._output.rest()

    def kill(self) -> None:
        """End the process and everything it started, now."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()

    def close(self, *, is_idle: bool = False) -> int:
        """End the process, if it has not, and return its status: negative is a signal.

        ``is_idle``: it has nothing to do, and so hears at once that it is no longer wanted.
        """
        self.hang_up()
        # A warm process at work hears that its pipe is closed, ends its fork, then itself.
        if not is_idle and not self.forks:
            self.kill()
        return self.ended()

    def hang_up(self) -> None:
        """Close the pipes: an idle process then ends by itself."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def ended(self) -> int:
        """Return the status of a process that is at its end; negative is a signal."""
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        if self._scratch is not None:
            self._scratch.cleanup()
        return self.place.sandbox.status_of(status)

    def refusal(self, said: JsonObject | None) -> ToolboxError | WorkerError:
        """Return the error for a worker that could not load its toolbox."""
        if said is None:
            words = self.output_rest().strip()
            if was_late(words):
                limit = self.place.limits.words("import")
                return WorkerError(
                    f"The import of the tools {self.place.toolbox!r} did not end ({limit}). "
                    f"Where it was:\n{words}",
                    hint="Give it more time with --max import=10min, or mend what it waits for.",
                )
            return WorkerError(
                f"The worker for {self.place.toolbox!r} ended ({how_it_ended(self.ended())}) "
                "while it imported the tools." + (f" Its last words:\n{words}" if words else ""),
                hint="Importing the tools must not end the process.",
            )
        return ToolboxError(said["wanted"], nearest=said.get("nearest"), hint=said.get("hint"))


def how_it_ended(status: int) -> str:
    """Return how a process ended in words: ``exit status 7``, ``signal SIGSEGV``."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
