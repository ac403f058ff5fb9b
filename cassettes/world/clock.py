"""A clock that only moves when something in its scope takes time: sleeps, answers, many reads."""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

from cassettes.world.turns import Turns, here

_TICK_NS: Final = 1_000
_FREE_READS: Final = 4096
_DOUBLE_EVERY: Final = 1024
_YIELD_EVERY: Final = 256
_FILE_CLOCK_NS: Final = 20_000_000
"""File systems keep times by the kernel's tick, which may be this much behind."""

_MONOTONIC_START_NS: Final = 1_000_000_000_000


class Clock:
    """Virtual time of one scope, in whole nanoseconds.

    Each read moves it by a microsecond. A program that waits by reading it over and over is met
    half way: after 4,096 reads the step doubles every 1,024, so that the wait ends.

    The time line of the thread it is started on, and of all threads and event loops under that, is
    this clock's as well: what they wait, it waits. What was recorded happens at its recorded place
    there, whatever else runs.
    """

    __slots__ = (
        "_at_ns",
        "_moved_ns",
        "_shown_ns",
        "_start_ns",
        "_turns",
        "file_numbers",
        "numbers",
        "reads",
        "real_start_ns",
    )

    def __init__(self, at: float) -> None:
        """``at`` is where it starts, in UTC epoch seconds."""
        self._at_ns = round(at * 1_000_000) * 1_000
        self._moved_ns = 0
        self._shown_ns = 0
        self._start_ns = 0
        self._turns: Turns | None = None
        self.file_numbers: dict[tuple[int, int], int] = {}
        """The numbers that files have here, by device and real number."""
        self.numbers = itertools.count()
        """Numbers its futures, tasks and hashed objects, those of other threads too."""
        self.reads = 0
        self.real_start_ns = 0
        """When it was started, in real UTC epoch nanoseconds."""

    @property
    def start_ns(self) -> int:
        """Where it started, in UTC epoch nanoseconds."""
        return self._at_ns

    def start(self) -> None:
        """Start it, on the time line of the running thread."""
        from cassettes.world.clock_hooks import real_wall_ns

        self.real_start_ns = real_wall_ns() - _FILE_CLOCK_NS
        self._turns = here().turns
        self._turns.scope_count += 1
        self._start_ns = self._turns.now_ns

    def settle(self) -> None:
        """Let threads that were started and could run do so, before the scope is left."""
        if self._turns is None:
            return
        if here().turns is self._turns:
            self._turns.come_back(here())
            if self._turns.has_others:
                self._turns.let_others_run()
        self._turns.scope_count -= 1

    @property
    def elapsed_ns(self) -> int:
        """Virtual time since the scope was entered, without counting as a read."""
        return self._moved_ns + self._waited_ns

    @property
    def _waited_ns(self) -> int:
        return 0 if self._turns is None else self._turns.now_ns - self._start_ns

    def read_ns(self) -> int:
        """Return the elapsed virtual time, and count the read."""
        self.reads += 1
        late = self.reads - _FREE_READS
        if late <= 0:
            self._moved_ns += _TICK_NS
        elif self._turns is None:
            self._moved_ns += _TICK_NS << min(late // _DOUBLE_EVERY, 40)
        else:
            # For all on the time line: what is waited for may be one of them.
            self._turns.now_ns += _TICK_NS << min(late // _DOUBLE_EVERY, 40)
            if not late % _YIELD_EVERY and self._turns.has_others:
                self._turns.let_others_run()
        self._shown_ns = self.elapsed_ns
        return self._shown_ns

    def wall_ns(self) -> int:
        """Return UTC epoch nanoseconds."""
        return self._at_ns + self.read_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds from an arbitrary, constant start."""
        return _MONOTONIC_START_NS + self.read_ns()

    def quiet_wall_ns(self) -> int:
        """Return UTC epoch nanoseconds without counting a read: for logging's own use."""
        return self._at_ns + self.elapsed_ns

    def block(self, seconds: float) -> None:
        """Let ``seconds`` pass as a blocking sleep does: other threads run, an event loop waits."""
        if self._turns is None:
            self._moved_ns += round(seconds * 1e9)
        else:
            self._turns.pass_time(round(seconds * 1e9))
        self._shown_ns = self.elapsed_ns

    def reach(self, offset_ms: float) -> None:
        """Let time pass until ``offset_ms`` after the start, for those who block; never back."""
        offset_ns = round(offset_ms * 1e6)
        if self._turns is not None:
            self._turns.pass_time(max(0, offset_ns - self._waited_ns))
        self._arrive(offset_ns)

    async def until(self, offset_ms: float) -> None:
        """Wait until ``offset_ms`` after the start, while others on the loop go on.

        The place on the time line does not depend on how often this clock was read.
        """
        offset_ns = round(offset_ms * 1e6)
        wait_ns = offset_ns - self._waited_ns
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        self._arrive(offset_ns)

    def _arrive(self, offset_ns: int) -> None:
        """Be at ``offset_ns``, or where reads had brought us, if that is later."""
        self._moved_ns = max(0, max(offset_ns, self._shown_ns) - self._waited_ns)
        self._shown_ns = self.elapsed_ns
