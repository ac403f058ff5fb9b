"""How many processes a guarded one has, and how they all end with it."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path
from typing import Final

_PR_SET_CHILD_SUBREAPER = 36
_ROUNDS_MAX: Final = 100


class Processes:
    """The descendants of the process that is asked: it is the parent of whatever loses its own."""

    def __init__(self, working_pid: int, count_max: int | None) -> None:
        """``working_pid`` is the child that is guarded; somebody else waits for it."""
        self.count_max = count_max
        self._working_pid = working_pid
        self._count = 1
        """Those there were when last counted, and all that were let start since; at first, one."""
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def has_room(self) -> bool:
        """Return whether one more may start, and count it."""
        if self.count_max is None:
            return True
        if self._count >= self.count_max:
            self._reap()
            self._count = len(descendants(os.getpid()))
        if self._count >= self.count_max:
            return False
        self._count += 1
        return True

    def end_all(self) -> None:
        """End what the guarded process left behind, however far it went from it."""
        for _ in range(_ROUNDS_MAX):  # what starts another meanwhile is met in the next round
            left = descendants(os.getpid())
            for pid in left:
                _kill(pid)
            self._reap()
            if not left:
                return

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None or ended.si_pid == self._working_pid:
                return
            os.waitpid(ended.si_pid, 0)


def descendants(ancestor: int) -> list[int]:
    """Return the processes that ``ancestor`` started, and those that these started in turn."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                status = Path(f"/proc/{name}/stat").read_text("utf-8", "replace")
            except OSError:
                continue  # it ended meanwhile
            state, parent, *_ = status.rpartition(")")[2].split()
            if state not in "ZX":
                parents[int(name)] = int(parent)
    found: list[int] = []
    for pid in parents:
        above = parents.get(pid, 0)
        while above > 1 and above != ancestor:
            above = parents.get(above, 0)
        if above == ancestor:
            found.append(pid)
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
