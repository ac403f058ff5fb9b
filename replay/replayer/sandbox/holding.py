"""A worker lays its limits on itself, and says in words which of them a call ran into."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import re
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Any, Final

from cassettes.hooks.file_watch import FILE_VERBS
from cassettes.kernel import landlock
from replay.records import JsonObject
from replay.replayer.sandbox.limits import Limits

LIMIT_REACHED: Final = "LimitReached"
"""The error type of a call that took more than it may."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
_LATE: Final = "Timeout ("
"""How faulthandler begins what it says of a process whose time is over."""
_BY_ERRNO: Final = {
    "[Errno 12]": "memory",
    "[Errno 24]": "open_files",
    "[Errno 27]": "file",
    "[Errno 28]": "scratch",
}
_OUT_OF_MEMORY: Final = ("MemoryError", "_ArrayMemoryError")
_CRASHED_AT: Final = re.compile(r'\(most recent call first\):\n  File "([^"]+)"')
"""Where faulthandler says that a process was when it broke."""
_OWN: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_FILE_ACTS: Final = tuple(f"{verb} " for verb in FILE_VERBS)
_FAULT_STATUS: Final = 70
_MAPPED_BYTES: Final = 4 << 30

_limits = Limits()
_sandbox: JsonObject = {"is_on": False, "has_scratch": False, "writes": True}


def hold_worker(limits: Limits, sandbox: JsonObject) -> None:
    """Lay on this process, and on all it forks, the limits that hold a process's life long.

    ``sandbox`` says what it runs in: ``is_on``, ``has_scratch`` (its temporary files have a place
    of their own, which can be full), and ``writes`` (tools write files of the user's).
    """
    global _limits, _sandbox
    _limits, _sandbox = limits, sandbox
    # What a process has to itself, not what it maps: libraries reserve far more than they use.
    _lay("RLIMIT_DATA", limits.memory_bytes)
    if sandbox["is_on"] and limits.memory_bytes is not None:
        # Shared memory counts only here; a margin, for what is mapped and never used.
        _lay("RLIMIT_AS", limits.memory_bytes + _MAPPED_BYTES)
    _lay("RLIMIT_FSIZE", limits.file_bytes)
    _lay("RLIMIT_NOFILE", limits.open_file_count)
    _lay("RLIMIT_CORE", 0)


def hold_fork() -> None:
    """Let this fork outlive its parent by nothing, and send no signal but to its own."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with contextlib.suppress(OSError):  # a kernel without it: the pool outlives its workers
        landlock.hold_signals()


def adopt_orphans() -> None:
    """Become the parent of whatever loses its own beneath this process."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_real(act: str) -> bool:
    """Return whether what a call did was done for real: a sandbox lets it write no file."""
    return bool(_sandbox["writes"]) or not act.startswith(_FILE_ACTS)


def begin_call() -> None:
    """Give the call that begins its processor time, whatever the calls before it took."""
    if _limits.cpu_s is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lay("RLIMIT_CPU", round(used.ru_utime + used.ru_stime + 0.5) + _limits.cpu_s, hard=False)


@contextlib.contextmanager
def in_time(limits: Limits) -> Iterator[None]:
    """End the process, and say where it was, when the block takes longer than an import may."""
    if limits.import_s is None:
        yield
        return
    faulthandler.dump_traceback_later(limits.import_s, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def limit_of_error(kind: str, message: str) -> str | None:
    """Return the limit that an error of a call is about, in words; None: it is about none."""
    name = next((one for start, one in _BY_ERRNO.items() if message.startswith(start)), None)
    if kind.rpartition(".")[2] in _OUT_OF_MEMORY:
        name = "memory"
    if name == "scratch" and not _sandbox["has_scratch"]:
        return None  # the disk itself is full, which is nobody's limit
    return None if name is None else _limits.words(name)


def limit_of_end(status: int, words: str, limits: Limits) -> str | None:
    """Return the limit that ended a process, in words; None: none did, as far as one can tell.

    ``words`` is what it last printed.
    """
    if status == -signal.SIGXCPU:
        return limits.words("cpu")
    if status == -signal.SIGXFSZ:
        return limits.words("file")
    last = words.rstrip().rpartition("\n")[2]
    if status == _FAULT_STATUS and last.startswith(_OUT_OF_MEMORY):
        return limits.words("memory")
    if status == -signal.SIGABRT and "bad_alloc" in words:
        return limits.words("memory")
    if status == -signal.SIGSEGV and (at := _CRASHED_AT.search(words)):
        # Our own writing of its answer: orjson (3.13) does not look whether it got its memory.
        return f"{limits.words('memory')} (its answer is too large)" if _is_ours(at[1]) else None
    if status == -signal.SIGSEGV and not words and limits.memory_bytes is not None:
        # Whoever breaks is named by faulthandler, unless what it needs for that is broken too:
        # native code that is refused memory, and does not look, writes where it should not.
        return f"Perhaps {limits.words('memory')} (it broke without a word)"
    return None


def _is_ours(path: str) -> bool:
    return path.startswith(_OWN)


def was_late(words: str) -> bool:
    """Return whether a worker ended because the import of its tools took too long."""
    return words.startswith(_LATE) or f"\n{_LATE}" in words


def _lay(name: str, wanted: int | None, *, hard: bool = True) -> None:
    which = getattr(resource, name, None)
    if wanted is None or which is None:
        return
    _, hard_now = resource.getrlimit(which)
    if hard_now != resource.RLIM_INFINITY:
        wanted = min(wanted, hard_now)
    with contextlib.suppress(OSError, ValueError):  # macOS knows names that it does not hold
        resource.setrlimit(which, (wanted, wanted if hard else hard_now))
