"""One program that a tool starts: watched while it runs, or played without it."""

from __future__ import annotations

import os
import subprocess
from typing import Any, Final

from cassettes.adapters.questions import cassette_of, found_now, question, refuse, said, told
from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope

CLIENT: Final = "subprocess"
_NO_PROCESS: Final = 2**31 - 1
"""The number of a process that cannot be: whoever signals it by hand hits nobody."""


class Run:
    """One program: what was asked, and what is seen of it."""

    def __init__(self, scope: Scope, process: Any, args: Any, given: dict[str, Any]) -> None:
        self.scope = scope
        self.process = process
        self.cassette: Cassette = cassette_of(scope)
        self.command = command_of(args, given)
        self.input: Any = None

    @property
    def program(self) -> str:
        """The program without the folders it is in."""
        return os.path.basename(self.command[0]) or "program"

    def request(self) -> Request:
        """Return what is asked, as far as it is known: what it is given may still come."""
        asked = {"args": self.command}
        if self.input is not None:
            asked["input"] = self.input
        return question(CLIENT, self.program, asked, "write")


class RecordedRun(Run):
    """A program that runs, and is watched."""

    def __init__(self, scope: Scope, process: Any, args: Any, given: dict[str, Any]) -> None:
        super().__init__(scope, process, args, given)
        self.interaction: Interaction = self.cassette.begin(self.request(), CLIENT)
        self.is_communicating = False
        self._done = False
        self._form: dict[str, Any] = {"stdout": None, "stderr": None, "waited": 0, "polled": 0}

    def watch(self) -> None:
        """It has started: keep it when it ends, or when the cassette is closed."""
        self.cassette.hold(self)

    def see(self, out: Any, error: Any) -> None:
        """Take what it said."""
        self._form["stdout"], self._form["stderr"] = out, error

    def count(self, what: str) -> None:
        """Count that it was waited for, or polled, and still ran."""
        self._form[what] += 1

    def ended(self) -> None:
        """Keep it, once it is over and nothing is read of it any more."""
        if not self.is_communicating:
            self.close()

    def close(self) -> None:
        """Keep it as far as it was seen."""
        if self._done:
            return
        self._done = True
        self.interaction.request = self.request()
        code = self.process.__dict__.get("returncode")
        self.interaction.response = said({"returncode": code, **self._form})
        self.cassette.release(self)


class PlayedRun(Run):
    """A program that was recorded, and does not run."""

    def __init__(self, scope: Scope, process: Any, args: Any, given: dict[str, Any]) -> None:
        super().__init__(scope, process, args, given)
        self._form: dict[str, Any] | None = None
        self._is_missing = False
        self.text = any(
            given.get(name) for name in ("text", "universal_newlines", "encoding", "errors")
        )
        self.encoding = given.get("encoding") or "utf-8"
        # What closes or drops an object that never started looks for these.
        process.__dict__.update(
            args=args,
            pid=_NO_PROCESS,
            returncode=None,
            stdin=None,
            stdout=None,
            stderr=None,
            text_mode=self.text,
            encoding=given.get("encoding"),
            errors=given.get("errors"),
            _child_created=False,
            _communication_started=False,
            _input=None,
        )
        for name in ("stdin", "stdout", "stderr"):
            if given.get(name) == subprocess.PIPE:
                setattr(process, name, _NoPipe(self, name))

    def begin(self) -> None:
        """Raise what starting it raised when it was recorded."""
        asked = self.request()
        found = self.cassette.peek(asked)
        if found is not None and found.failure is not None and found.failure.phase == "send":
            told(found_now(self.scope, asked))

    def answer(self, timeout: float | None) -> dict[str, Any] | None:
        """Return the recorded answer; None behind a miss, when the process is only put away.

        Raises:
            TimeoutExpired: it still ran at this point of the recording.
        """
        if self._is_missing:
            return None
        if self._form is None:
            try:
                self._form = told(found_now(self.scope, self.request()))
            except CassetteMiss:
                self._is_missing = True
                self.process.returncode = -9
                raise
        form = self._form
        assert form is not None
        if form["waited"] and timeout is not None:
            form["waited"] -= 1
            out, error = self.shown(form["stdout"]), self.shown(form["stderr"])
            raise subprocess.TimeoutExpired(self.process.args, timeout, out, error)
        self.process.returncode = form["returncode"]
        return form

    def still_runs(self) -> bool:
        """Whether a poll found it running at this point of the recording."""
        if self.process.returncode is None and self._form is None:
            self.answer(None)
            self.process.returncode = None
        form = self._form
        if form is None or not form["polled"]:
            self.answer(None)
            return False
        form["polled"] -= 1
        return True

    def stop(self) -> None:
        """It is killed: nobody waits for it any more."""
        if self._form is not None:
            self._form.update(waited=0, polled=0)

    def shown(self, said_: Any) -> Any:
        """Return what it said as text or as bytes, whichever is asked for today."""
        if isinstance(said_, bytes) and self.text:
            return said_.decode(self.encoding, "replace")
        return said_.encode(self.encoding) if isinstance(said_, str) and not self.text else said_


class _NoPipe:
    """Stands in for a pipe that only ``communicate`` uses."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._name = name
        self.closed = False

    def close(self) -> None:
        """Nothing is open."""
        self.closed = True

    def flush(self) -> None:
        """Nothing was written."""

    def _refuse(self, *args: Any, **options: Any) -> Any:
        refuse(self._run.scope, CLIENT, f"{self._run.program}/{self._name}")

    read = readline = readlines = fileno = write = writelines = __iter__ = __next__ = _refuse


def command_of(args: Any, given: dict[str, Any]) -> list[str]:
    """Return what is started, as words: a shell line is a program's too."""
    is_line = isinstance(args, str | bytes | os.PathLike)
    words = [os.fsdecode(args)] if is_line else [os.fsdecode(word) for word in args]
    if given.get("shell"):
        words = ["sh", "-c", *words]
    if given.get("executable"):
        words[:1] = [os.fsdecode(given["executable"])]
    return words or [""]
