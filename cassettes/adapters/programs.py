"""subprocess: each program a question, with what it is given, what it says and how it ends.

The hook is on ``Popen``, and so on ``run``, ``call``, ``check_call``, ``check_output`` and
``getoutput`` as well. A program that speaks through files, through pipes which the tool handles
itself, or under asyncio, is not recorded; a replay refuses it.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import orjson

from cassettes.adapters.program_runs import CLIENT, PlayedRun, RecordedRun, Run, command_of
from cassettes.adapters.questions import (
    asking,
    cassette_of,
    refuse,
)
from cassettes.hooks.program_guard import COPING, asked_by
from cassettes.scope import Scope
from cassettes.values import encode

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


def adapt_subprocess(module: Any) -> None:
    """Hook ``subprocess.Popen``."""
    popen = module.Popen
    popen.__init__ = _started(popen.__init__)
    popen.communicate = _communicating(popen.communicate)
    popen.wait = _waiting(popen.wait)
    popen.poll = _polling(popen.poll)
    popen.send_signal = _signalling(popen.send_signal)


def _started(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, args: Any, *more: Any, **options: Any) -> None:
        scope = asking(CLIENT) if _is_asked_by_a_tool(sys._getframe(1)) else None
        if scope is None:
            original(self, args, *more, **options)
            return
        given = {**dict(zip(_OPTIONS, more, strict=False)), **options}
        if scope.is_replay or _is_recorded(scope, args, given):
            played = PlayedRun(scope, self, args, given)
            if not _is_whole(given):
                refuse(scope, CLIENT, f"{played.program}/files")
            played.begin()
            self.__dict__[_RUN] = played
            return
        if not _is_whole(given):
            original(self, args, *more, **options)
            return
        run = RecordedRun(scope, self, args, given)
        try:
            with scope.below():
                original(self, args, *more, **options)
        except Exception as error:
            run.cassette.keep_failure(run.interaction, error, "send")
            raise
        self.__dict__[_RUN] = run
        run.watch()

    return __init__


def _is_asked_by_a_tool(frame: FrameType | None) -> bool:
    """Whether a program is a tool's own doing.

    Not what Python tries and does without, and not what an import looks for: packages ask for
    compilers and libraries once in the life of a process, in whichever call that comes to be.
    """
    caller = "" if frame is None else frame.f_globals.get("__name__", "")
    if caller in _ELSEWHERE or asked_by() in COPING:
        return False
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return False
        frame = frame.f_back
    return True


def _is_recorded(scope: Scope, args: Any, given: dict[str, Any]) -> bool:
    """Whether a cassette that lets new questions out holds this command line."""
    cassette = cassette_of(scope)
    if not cassette.is_replay or not _is_whole(given):
        return False
    command = encode(command_of(args, given))
    unused = (one.request for one in cassette.unused if one.via == CLIENT)
    return any(orjson.loads(each.body).get("args") == command for each in unused)


def _communicating(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def communicate(self: Any, input: Any = None, timeout: float | None = None) -> Any:
        run: Run | None = self.__dict__.get(_RUN)
        if run is None:
            return original(self, input, timeout)
        if input is not None:
            run.input = _plain(input)
        if isinstance(run, PlayedRun):
            form = run.answer(timeout)
            return (
                (None, None)
                if form is None
                else tuple(run.shown(form[name]) for name in ("stdout", "stderr"))
            )
        assert isinstance(run, RecordedRun)
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
        run: Run | None = self.__dict__.get(_RUN)
        if isinstance(run, PlayedRun):
            if self.returncode is None:
                run.answer(timeout)
            return self.returncode
        try:
            code = original(self, timeout)
        except subprocess.TimeoutExpired:
            if isinstance(run, RecordedRun) and not run.is_communicating:
                run.count("waited")
            raise
        if isinstance(run, RecordedRun):
            run.ended()
        return code

    return wait


def _polling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def poll(self: Any) -> Any:
        run: Run | None = self.__dict__.get(_RUN)
        if isinstance(run, PlayedRun):
            if self.returncode is None and run.still_runs():
                return None
            return self.returncode
        code = original(self)
        if isinstance(run, RecordedRun) and code is None:
            run.count("polled")
        return code

    return poll


def _signalling(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send_signal(self: Any, sig: int) -> None:
        run: Run | None = self.__dict__.get(_RUN)
        if isinstance(run, PlayedRun):
            run.stop()
        else:
            original(self, sig)

    return send_signal


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
