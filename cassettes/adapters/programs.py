"""subprocess: each program a question, with what it is given, what it says and how it ends.

The hook is on ``Popen``, and so on ``run``, ``call``, ``check_call``, ``check_output`` and
``getoutput`` as well. A program that speaks through files, through pipes which the tool handles
itself, or under asyncio, is not recorded; a replay refuses it.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import orjson

from cassettes.adapters.questions import (
    asking,
    cassette_of,
    found_now,
    question,
    refuse,
    said,
    told,
)
from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss
from cassettes.hooks.program_guard import COPING, asked_by
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope
from cassettes.values import encode

CLIENT: Final = "subprocess"
_RUN: Final = "_cassettes_run"
_ELSEWHERE: Final = frozenset({"asyncio.unix_events", "asyncio.windows_utils"})
"""Who starts programs through ``Popen`` and reads their pipes by other ways."""
_OPTIONS: Final = (
    "bufsize",
    "executable",
    "stdin",
    "stdout",
    "stderr",
    "preexec_fn",
    "close_fds",
    "shell",
)
_NO_PROCESS: Final = 2**31 - 1
"""The number of a process that cannot be: whoever signals it by hand hits nobody."""


def adapt_subprocess(module: Any) -> None:
    """Hook ``subprocess.Popen``."""
    popen = module.Popen
    popen.__init__ = _started(popen.__init__)
    popen.communicate = _communicating(popen.communicate)
    popen.wait = _waiting(popen.wait)
    popen.poll = _polling(popen.poll)
    popen.send_signal = _signalling(popen.send_signal)


class _Run:
    """One program: what was asked, and what is seen of it."""

    def __init__(self, scope: Scope, process: Any, args: Any, given: dict[str, Any]) -> None:
        self.scope = scope
        self.process = process
        self.cassette: Cassette = cassette_of(scope)
        self.command = _command(args, given)
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


class _Recorded(_Run):
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


class _Played(_Run):
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

    def __init__(self, run: _Run, name: str) -> None:
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


def _started(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, args: Any, *more: Any, **options: Any) -> None:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        is_ours = caller not in _ELSEWHERE and asked_by() not in COPING
        scope = asking(CLIENT) if is_ours else None
        if scope is None:
            original(self, args, *more, **options)
            return
        given = {**dict(zip(_OPTIONS, more, strict=False)), **options}
        if scope.is_replay or _is_recorded(scope, args, given):
            played = _Played(scope, self, args, given)
            if not _is_whole(given):
                refuse(scope, CLIENT, f"{played.program}/files")
            played.begin()
            self.__dict__[_RUN] = played
            return
        if not _is_whole(given):
            original(self, args, *more, **options)
            return
        run = _Recorded(scope, self, args, given)
        try:
            with scope.below():
                original(self, args, *more, **options)
        except Exception as error:
            run.cassette.keep_failure(run.interaction, error, "send")
            raise
        self.__dict__[_RUN] = run
        run.watch()

    return __init__


def _is_recorded(scope: Scope, args: Any, given: dict[str, Any]) -> bool:
    """Whether a cassette that lets new questions out holds this command line."""
    cassette = cassette_of(scope)
    if not cassette.is_replay or not _is_whole(given):
        return False
    command = encode(_command(args, given))
    unused = (one.request for one in cassette.unused if one.via == CLIENT)
    return any(orjson.loads(each.body).get("args") == command for each in unused)


def _communicating(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def communicate(self: Any, input: Any = None, timeout: float | None = None) -> Any:
        run: _Run | None = self.__dict__.get(_RUN)
        if run is None:
            return original(self, input, timeout)
        if input is not None:
            run.input = _plain(input)
        if isinstance(run, _Played):
            form = run.answer(timeout)
            return (
                (None, None)
                if form is None
                else tuple(run.shown(form[name]) for name in ("stdout", "stderr"))
            )
        assert isinstance(run, _Recorded)
        run.is_communicating = True
        try:
            out, error = original(self, input, timeout)
            run.see(out, error)
        except subprocess.TimeoutExpired as late:
            run.see(late.output, late.stderr)
            run.count("waited")
            raise
        finally:
            run.is_communicating = False
        run.ended()
        return out, error

    return communicate


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def wait(self: Any, timeout: float | None = None) -> Any:
        run: _Run | None = self.__dict__.get(_RUN)
        if isinstance(run, _Played):
            if self.returncode is None:
                run.answer(timeout)
            return self.returncode
        try:
            code = original(self, timeout)
        except subprocess.TimeoutExpired:
            if isinstance(run, _Recorded) and not run.is_communicating:
                run.count("waited")
            raise
        if isinstance(run, _Recorded):
            run.ended()
        return code

    return wait


def _polling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def poll(self: Any) -> Any:
        run: _Run | None = self.__dict__.get(_RUN)
        if isinstance(run, _Played):
            if self.returncode is None and run.still_runs():
                return None
            return self.returncode
        code = original(self)
        if isinstance(run, _Recorded) and code is None:
            run.count("polled")
        return code

    return poll


def _signalling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send_signal(self: Any, sig: int) -> None:
        run: _Run | None = self.__dict__.get(_RUN)
        if isinstance(run, _Played):
            run.stop()
        else:
            original(self, sig)

    return send_signal


def _command(args: Any, given: dict[str, Any]) -> list[str]:
    """Return what is started, as words: a shell line is a program's too."""
    is_line = isinstance(args, str | bytes | os.PathLike)
    words = [os.fsdecode(args)] if is_line else [os.fsdecode(word) for word in args]
    if given.get("shell"):
        words = ["sh", "-c", *words]
    if given.get("executable"):
        words[:1] = [os.fsdecode(given["executable"])]
    return words or [""]


def _is_whole(given: dict[str, Any]) -> bool:
    """Whether nothing goes past us: no file is read or written by the program itself."""
    seen = (None, subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT)
    return all(given.get(name) in seen for name in ("stdin", "stdout", "stderr"))


def _plain(given: Any) -> Any:
    """Return an input as it is matched: as text where it is one."""
    if not isinstance(given, bytes | bytearray | memoryview):
        return given
    try:
        return bytes(given).decode("utf-8")
    except UnicodeDecodeError:
        return bytes(given)
