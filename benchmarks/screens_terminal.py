"""A program in a terminal of our own: when it answers a key, what that costs it, how big it is."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

QUIET_S: Final = 0.04
"""So long without a byte and without anything to do, and the screen is painted."""
_LOOK_S: Final = 0.005
_WAIT_S: Final = 60.0
_ANSWER_S: Final = 2.0


class Answer(NamedTuple):
    """How long a key took, in milliseconds."""

    first: float
    """Until the first byte."""
    last: float
    """Until the last one."""
    first_cpu: float
    """The processor time until the first byte."""
    cpu: float
    """The processor time until nothing more is done: also of what is then read in a thread."""


class Terminal:
    """One program on a pseudo-terminal; everything it writes comes here, with its time."""

    def __init__(self, command: Sequence[str], *, columns: int = 120, lines: int = 36) -> None:
        """Start ``command``; the clock starts just before."""
        self.started_at = time.perf_counter()
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            size = struct.pack("HHHH", lines, columns, 0, 0)
            fcntl.ioctl(1, termios.TIOCSWINSZ, size)
            environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execvpe(command[0], list(command), environment)
        self.written = bytearray()
        self.is_ended = False

    def _read(self, wait_s: float) -> bool:
        """Take what is there; False: nothing came in time, or the program has ended."""
        ready, _, _ = select.select([self._file], [], [], max(0.0, wait_s))
        if not ready:
            return False
        try:
            data = os.read(self._file, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self.is_ended = True
            return False
        self.written += data
        return True

    def sees(self, pattern: str, since: int = 0) -> float:
        """Wait until ``pattern`` was written; return when.

        Raises:
            TimeoutError: it never came.
        """
        wanted = re.compile(pattern.encode())
        end = time.perf_counter() + _WAIT_S
        while not self.is_ended and time.perf_counter() < end:
            if wanted.search(self.written, since):
                return time.perf_counter()
            self._read(end - time.perf_counter())
        raise TimeoutError(f"not seen: {pattern!r}\n{bytes(self.written[-3000:])!r}")

    def settle(self, quiet_s: float = QUIET_S) -> float:
        """Wait until nothing more is written and nothing is done; return when the last byte came.

        On a machine that others use too, silence alone says little: a program that would go on
        may have to wait for its turn.
        """
        last = time.perf_counter()
        quiet_since = last
        while not self.is_ended and time.perf_counter() < quiet_since + quiet_s:
            if self._read(_LOOK_S):
                last = quiet_since = time.perf_counter()
            elif self._is_running():
                quiet_since = time.perf_counter()
        return last

    def _is_running(self) -> bool:
        """Say whether it, or what it started, runs or waits for the processor or a disk.

        Two schemas are compared in a process of their own; a key that is pressed meanwhile would
        be said to be answered by what that process found.
        """
        return any(_is_busy(pid) for pid in [self.pid, *_started_by(self.pid)])

    def press(self, keys: str) -> float:
        """Write ``keys``; return when."""
        now = time.perf_counter()
        os.write(self._file, keys.encode())
        return now

    def answer_ms(self, keys: str) -> Answer | None:
        """Press; return how long the answer took.

        None: nothing was written: the key has nothing to do here.
        """
        before = self.cpu_ms()
        pressed = self.press(keys)
        if not self._read(_ANSWER_S):
            return None
        first, first_cpu = time.perf_counter(), self.cpu_ms()
        last = self.settle()
        return Answer(
            (first - pressed) * 1000,
            (last - pressed) * 1000,
            first_cpu - before,
            self.cpu_ms() - before,
        )

    def cpu_ms(self) -> float:
        """Return the processor time of all threads, living and gone (Linux names that clock so)."""
        return time.clock_gettime_ns((~self.pid << 3) | 2) / 1e6

    def memory_mb(self) -> tuple[float, float]:
        """Return the resident memory: now, and at its highest."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        now, high = (re.search(rf"{name}:\s+(\d+)", text) for name in ("VmRSS", "VmHWM"))
        assert now is not None
        assert high is not None
        return int(now[1]) / 1024, int(high[1]) / 1024

    def close(self) -> None:
        """End the program."""
        if not self.is_ended:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._file)
        os.waitpid(self.pid, 0)


def _is_busy(pid: int) -> bool:
    for file in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            state = file.read_text().rpartition(")")[2].split()[0]
        except OSError:  # the thread has ended
            continue
        if state in "RD":
            return True
    return False


def _started_by(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in file.read_text().split()]
        except OSError:
            continue
    return found
