"""A clock that only moves when something in its scope takes time: sleeps, answers, many reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cassettes.world.virtual_loop import VirtualTime

_TICK_NS: Final = 1_000
_FREE_READS: Final = 4096
_DOUBLE_EVERY: Final = 1024
_MONOTONIC_START_NS: Final = 1_000_000_000_000


class Clock:
    """Virtual time of one scope, in whole nanoseconds.

    Each read moves it by a microsecond. A program that waits by reading it over and over is met
    half way: after 4,096 reads the step doubles every 1,024, so that the wait ends.
    """

    __slots__ = ("_at_ns", "_loop_start_ns", "_moved_ns", "loop", "reads")

    def __init__(self, at: float) -> None:
        """``at`` is where it starts, in UTC epoch seconds."""
        self._at_ns = round(at * 1_000_000) * 1_000
        self._moved_ns = 0
        self._loop_start_ns = 0
        self.loop: VirtualTime | None = None
        """The event loop the scope was entered on; its waiting is this clock's waiting."""
        self.reads = 0

    def start(self) -> None:
        """Follow the virtual event loop that runs now, if one does."""
        from cassettes.world.virtual_loop import running_virtual_time

        self.loop = running_virtual_time()
        if self.loop is not None:
            self._loop_start_ns = self.loop.now_ns

    @property
    def elapsed_ns(self) -> int:
        """Virtual time since the scope was entered, without counting as a read."""
        waited = self.loop.now_ns - self._loop_start_ns if self.loop is not None else 0
        return self._moved_ns + waited

    def read_ns(self) -> int:
        """Return the elapsed virtual time, and count the read."""
        self.reads += 1
        late = self.reads - _FREE_READS
        self._moved_ns += _TICK_NS if late <= 0 else _TICK_NS << min(late // _DOUBLE_EVERY, 40)
        return self.elapsed_ns

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

    def reach(self, offset_ms: float) -> None:
        """Let time pass until ``offset_ms`` after the start; it never runs backwards."""
        self._moved_ns += max(0, round(offset_ms * 1e6) - self.elapsed_ns)
