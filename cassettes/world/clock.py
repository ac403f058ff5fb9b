"""A clock that only moves when something in its scope takes time: sleeps, answers, many reads."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cassettes.world.virtual_loop import VirtualTime

_TICK_NS: Final = 1_000
_FREE_READS: Final = 4096
_DOUBLE_EVERY: Final = 1024
_FILE_CLOCK_NS: Final = 20_000_000
"""File systems keep times by the kernel's tick, which may be this much behind."""

_MONOTONIC_START_NS: Final = 1_000_000_000_000


class Clock:
    """Virtual time of one scope, in whole nanoseconds.

    Each read moves it by a microsecond. A program that waits by reading it over and over is met
    half way: after 4,096 reads the step doubles every 1,024, so that the wait ends.

    On a virtual event loop the waiting of the loop is this clock's waiting, and what was recorded
    happens at its recorded place on the loop's time line, whatever else runs there.
    """

    __slots__ = (
        "_at_ns",
        "_loop_start_ns",
        "_moved_ns",
        "_shown_ns",
        "loop",
        "numbers",
        "reads",
        "real_start_ns",
    )

    def __init__(self, at: float) -> None:
        """``at`` is where it starts, in UTC epoch seconds."""
        self._at_ns = round(at * 1_000_000) * 1_000
        self._moved_ns = 0
        self._loop_start_ns = 0
        self._shown_ns = 0
        self.loop: VirtualTime | None = None
        """The virtual loop whose waiting counts; None while there is none."""
        self.numbers = itertools.count()
        """Numbers its futures and tasks, those of other threads too."""
        self.reads = 0
        self.real_start_ns = 0
        """When it was started, in real UTC epoch nanoseconds."""

    @property
    def start_ns(self) -> int:
        """Where it started, in UTC epoch nanoseconds."""
        return self._at_ns

    def start(self) -> None:
        """Follow the virtual event loop that runs now, if one does."""
        from cassettes.world.clock_hooks import real_wall_ns
        from cassettes.world.virtual_loop import running_virtual_time

        self.real_start_ns = real_wall_ns() - _FILE_CLOCK_NS
        found = running_virtual_time()
        if found is not None:
            self.follow(found)

    def follow(self, loop: VirtualTime) -> None:
        """Let the waiting of ``loop`` count from now on, until ``leave``."""
        self.loop = loop
        self._loop_start_ns = loop.now_ns - self._moved_ns
        self._moved_ns = 0

    def leave(self) -> None:
        """Stand on its own again."""
        self._moved_ns = self.elapsed_ns
        self._loop_start_ns = 0
        self.loop = None

    def branch(self) -> Clock:
        """Return a clock that shows the same time and goes its own way: for another thread."""
        other = Clock(0.0)
        other._at_ns = self._at_ns
        other._moved_ns = other._shown_ns = self.elapsed_ns
        other.numbers = self.numbers
        other.reads = self.reads
        other.real_start_ns = self.real_start_ns
        return other

    @property
    def elapsed_ns(self) -> int:
        """Virtual time since the scope was entered, without counting as a read."""
        return self._moved_ns + self._waited_ns

    @property
    def _waited_ns(self) -> int:
        return self.loop.now_ns - self._loop_start_ns if self.loop is not None else 0

    def read_ns(self) -> int:
        """Return the elapsed virtual time, and count the read."""
        self.reads += 1
        late = self.reads - _FREE_READS
        self._moved_ns += _TICK_NS if late <= 0 else _TICK_NS << min(late // _DOUBLE_EVERY, 40)
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

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._moved_ns += round(seconds * 1e9)
        self._shown_ns = self.elapsed_ns

    def block(self, seconds: float) -> None:
        """Let ``seconds`` pass as a blocking sleep does: on a loop, everybody on it waits."""
        if self.loop is not None:
            self.loop.now_ns += round(seconds * 1e9)
        else:
            self.advance(seconds)

    def reach(self, offset_ms: float) -> None:
        """Let time pass until ``offset_ms`` after the start, for those who block; never back."""
        offset_ns = round(offset_ms * 1e6)
        if self.loop is not None:
            self.loop.now_ns += max(0, offset_ns - self._waited_ns)
        self._arrive(offset_ns)

    async def until(self, offset_ms: float) -> None:
        """Wait until ``offset_ms`` after the start, while others on the loop go on.

        The place on the loop's time line does not depend on how often this clock was read.
        """
        offset_ns = round(offset_ms * 1e6)
        wait_ns = offset_ns - self._waited_ns
        if self.loop is not None and wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)
        self._arrive(offset_ns)

    def _arrive(self, offset_ns: int) -> None:
        """Be at ``offset_ns``, or where reads had brought us, if that is later."""
        self._moved_ns = max(0, max(offset_ns, self._shown_ns) - self._waited_ns)
        self._shown_ns = self.elapsed_ns
