"""Processes that a trace started and left behind end with it, however far they went."""

from __future__ import annotations

import os
import signal
from typing import Final

from cassettes.kernel.processes import descendants

_ROUNDS_MAX: Final = 100


def end_orphans() -> None:
    """End every process beneath this one; costs one system call where there is none."""
    for _ in range(_ROUNDS_MAX):  # what starts another meanwhile is met in the next round
        try:
            ended, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            continue
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
