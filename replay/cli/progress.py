"""A progress line on stderr: how far, how fast, how long still. Silent where nobody watches."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from replay.cli import terminal

_BAR_CELLS = 20
_REDRAW_S = 0.1


class Progress:
    """A line that redraws itself; use as a context manager, which takes the line away again."""

    def __init__(self, unit: str, *, shown: bool | None = None) -> None:
        """``unit``: what is counted, in the plural. ``shown`` None: only on a terminal."""
        self.unit = unit
        self.shown = sys.stderr.isatty() if shown is None else shown
        self._started_s = time.monotonic()
        self._drawn_s = 0.0
        self._total = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.shown and self._drawn_s:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def update(self, done: int, total: int, *, note: str | None = None) -> None:
        """Say that ``done`` of ``total`` are done; redraws at most ten times a second.

        ``note`` is said instead of the rate.
        """
        self._total = total
        now_s = time.monotonic()
        if not self.shown or (now_s - self._drawn_s < _REDRAW_S and done < total):
            return
        self._drawn_s = now_s
        elapsed_s = now_s - self._started_s
        room = terminal.width() - 1
        line = progress_line(done, total, self.unit, elapsed_s=elapsed_s, width=room, note=note)
        sys.stderr.write(f"\r\x1b[2K{line}")
        sys.stderr.flush()

    def stage(self, words: str) -> None:
        """Say what is done when all are: it takes its time, too."""
        self.update(self._total, self._total, note=words)


def progress_line(
    done: int, total: int, unit: str, *, elapsed_s: float, width: int, note: str | None = None
) -> str:
    """Return the line: bar, counts, rate (or ``note``), time left, in at most ``width`` columns."""
    filled = _BAR_CELLS * done // total if total else _BAR_CELLS
    rate = done / elapsed_s if elapsed_s > 0 else 0.0
    counts = f"{done:,} of {total:,} {unit}"
    speed = note or (f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
    left = f"{duration((total - done) / rate)} left" if rate and done < total else ""
    parts = ["━" * filled + "─" * (_BAR_CELLS - filled), counts, speed, left]
    return "  ".join(part for part in parts if part)[:width]


def duration(seconds: float) -> str:
    """Return a length of time in words: ``4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
