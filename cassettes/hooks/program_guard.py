"""No program starts in a replay: what a child process does, no cassette sees.

An audit hook hears subprocess, os.system, exec, posix_spawn, fork and pty; multiprocessing's own
way of starting Python, which no hook hears, is wrapped. ``run:git`` among the allowed addresses
lets one program through. A refusal is kept on the cassette, whatever the tool does with it.
"""

from __future__ import annotations

import os
import shlex
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cassettes.errors import ProgramRefused
from cassettes.interaction import Request
from cassettes.scope import current, is_closed, process

RUN = "RUN"
"""The method of the request that stands for a program."""

_EVENTS = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.startfile/2",
        "os.fork",
        "os.forkpty",
        "pty.spawn",
        "_winapi.CreateProcess",
    }
)
_STARTERS = frozenset({"subprocess", "os", "posix", "cassettes.adapters.programs", __name__})
COPING = frozenset({"platform", "uuid"})
"""Modules of Python that try a program and do without: what they look for is pinned anyway."""

_ours = threading.local()


def install_program_guard() -> None:
    """Refuse programs from now on, wherever connections are refused too."""
    sys.addaudithook(_audit)
    try:
        import _posixsubprocess
    except ImportError:
        return
    real = _posixsubprocess.fork_exec

    def fork_exec(*args: Any) -> Any:
        if _is_closed():
            _judge([_text(word) for word in args[0]])
        return real(*args)

    _posixsubprocess.fork_exec = fork_exec


@contextmanager
def starting_programs() -> Iterator[None]:
    """Let this thread fork and start programs: a replayer's own doing, or an import's."""
    before = getattr(_ours, "now", False)
    _ours.now = True
    try:
        yield
    finally:
        _ours.now = before


def is_allowed_program(name: str) -> bool:
    """Return whether the user lets the program ``name`` (a path, or its last part) start."""
    allowed = process.allowed
    name = name.lower()
    return (
        "run:*" in allowed or f"run:{name}" in allowed or f"run:{os.path.basename(name)}" in allowed
    )


def _is_closed() -> bool:
    """Whether programs are refused here: only in a process that blocks, and never our own."""
    return process.blocks and is_closed() and not getattr(_ours, "now", False)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in _EVENTS and _is_closed():
        _judge(_command(event, args))


def _command(event: str, args: tuple[Any, ...]) -> list[str]:
    """Return what is to be started, as words."""
    if event == "os.system":
        return ["sh", "-c", _text(args[0])]
    if event == "subprocess.Popen":
        words = _words(args[1])
        # `executable=` starts another program than the first word says.
        return words if args[0] is None else [_text(args[0]), *words[1:]]
    if event in ("os.exec", "os.posix_spawn"):
        return [_text(args[0]), *_words(args[1])[1:]]
    if event == "os.spawn":
        return [_text(args[1]), *_words(args[2])[1:]]
    if event == "_winapi.CreateProcess":
        return _words(args[1]) if args[1] else [_text(args[0])]
    if event in ("os.fork", "os.forkpty"):
        return _forked_for()
    return _words(args[0])


def _forked_for() -> list[str]:
    """Return what a fork is for, where its caller is one that Python has."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if module == "os" and function == "_spawnvef":
            return [_text(frame.f_locals["file"]), *_words(frame.f_locals["args"])[1:]]
        if module.startswith("multiprocessing."):
            return ["multiprocessing"]
        frame = frame.f_back
    return ["fork"]


def _judge(command: list[str]) -> None:
    """Raise unless ``command`` may start."""
    if is_allowed_program(command[0]):
        _label(command[0])
        return
    if asked_by() in COPING:
        raise PermissionError("no program starts in a replay")
    shown = command_line(command)
    refuse_program(shown)
    raise ProgramRefused(shown, os.path.basename(command[0]))


def _label(program: str) -> None:
    """Keep that ``program`` ran, with the real clock and all that a process has."""
    scope = current.get()
    if scope is not None and scope.cassette is not None and scope.is_replay:
        scope.cassette.label(f"runs {os.path.basename(program)}", sys._getframe(1))


def refuse_program(shown: str) -> None:
    """Keep that the command line ``shown`` was not started, as a result of the replay."""
    scope = current.get()
    if scope is not None and scope.cassette is not None:
        scope.cassette.refuse(Request(RUN, shown))
    elif scope is None:
        process.strays.append(f"{RUN} {shown}")


def command_line(command: Sequence[str]) -> str:
    """Return ``command`` on one line, its program without the folders it is in."""
    return shlex.join([os.path.basename(command[0]) or command[0], *command[1:]])


def asked_by() -> str:
    """Return the module that starts a program, behind those that do it for others."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "") in _STARTERS:
        frame = frame.f_back
    return "" if frame is None else str(frame.f_globals.get("__name__", ""))


def _words(command: Any) -> list[str]:
    if isinstance(command, str | bytes | os.PathLike):
        return [_text(command)]
    return [_text(word) for word in command] or [""]


def _text(word: Any) -> str:
    return os.fsdecode(word) if isinstance(word, str | bytes | os.PathLike) else repr(word)
