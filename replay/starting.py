"""How worker processes are started, and how some are started ahead of time.

A worker spends its first quarter of a second importing, and so does the command that wants it. So
`replay run` starts workers before it imports anything itself. One that was started ahead is taken
where it is just what is wanted (command line, environment, folder), and ended otherwise.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

_ASK: Final = 0xFFFFFFFF
_NO_RANDOM_ADDRESSES: Final = 0x0040000

_PINNED: Final = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    # A set literal iterates differently when its module was compiled just now than when it was
    # loaded from a .pyc, under one and the same hash seed: never write one.
    "PYTHONDONTWRITEBYTECODE": "1",
    # Native libraries start threads at import, and a process with threads cannot fork safely.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
ROOT: Final = Path(__file__).resolve().parent.parent
"""The folder that holds our packages."""
_ALLOWED: Final = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV")

# `-P` keeps the folder of the command off the path until our own imports are done. The package's
# own root goes to the end, for a checkout that is not installed. Our own modules may leave .pyc
# files, where the command itself may: compiling them takes longer than all else that a start does.
_START: Final = (
    "import sys; sys.path.append({root!r}); sys.dont_write_bytecode = {no_bytecode}; "
    "from replay.replayer.worker import main; sys.dont_write_bytecode = True; main()"
)

_ahead: list[tuple[tuple[list[str], dict[str, str], str], subprocess.Popen[bytes]]] = []


def worker_command() -> list[str]:
    """Return the command line that starts a worker with this interpreter."""
    start = _START.format(root=str(ROOT), no_bytecode=sys.dont_write_bytecode)
    return [sys.executable, "-P", "-c", start]


def worker_environment(more: Mapping[str, str], pinned: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a worker.

    ``more``: variables beyond the allow-list. ``pinned``: values that even pinned variables get.
    """
    inherited = {name: os.environ[name] for name in _ALLOWED if name in os.environ}
    return {**inherited, **more, **_PINNED, **pinned}


def started_here(
    argv: Sequence[str], environment: Mapping[str, str], folder: str
) -> subprocess.Popen[bytes]:
    """Start a process of this machine with three pipes, in a session of its own.

    Or return one that was started so ahead of time.

    Raises:
        OSError: it cannot be started.
    """
    wanted = (list(argv), dict(environment), folder)
    for index, (start, process) in enumerate(_ahead):
        if start == wanted:
            del _ahead[index]
            return process
    return _started(*wanted)


def start_ahead(count: int, more: Mapping[str, str]) -> None:
    """Start ``count`` workers in the working directory; ``more``: variables they get.

    A machine that cannot says so when they are wanted.
    """
    folder = str(Path.cwd().resolve())
    wanted = (worker_command(), worker_environment(more, {}), folder)
    with fixed_addresses(), contextlib.suppress(OSError):
        _ahead.extend((wanted, _started(*wanted)) for _ in range(count))


def end_ahead() -> None:
    """End the workers that were started ahead and that nobody took."""
    while _ahead:
        _, process = _ahead.pop()
        process.kill()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
        process.wait()


def _started(argv: list[str], environment: dict[str, str], folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        # Ctrl-C in the terminal is for the command, which then stops its workers.
        start_new_session=True,
    )


@contextlib.contextmanager
def fixed_addresses() -> Iterator[None]:
    """Start processes inside whose addresses are not random; where that is forbidden, they are.

    Sets of objects without a hash of their own are gone through in the order of addresses. Linux
    chooses these anew for each process, unless told not to.
    """
    personality = _personality()
    before = -1 if personality is None else personality(_ASK)
    if personality is None or before == -1 or personality(before | _NO_RANDOM_ADDRESSES) == -1:
        yield
        return
    try:
        yield
    finally:
        personality(before)


@cache
def _personality() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "personality", None)
