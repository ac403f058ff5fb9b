"""When a background thread may drain: in the gaps that the application leaves.

Two threads of one interpreter take turns, and a drain's turns are long: while one ran, an append
took up to ten times longer. So the drain waits until nothing was appended for a moment, takes a
slice, and looks again. An application that leaves no gap is drained all the same when much waits,
or for long, with a pause after each record.
"""

from __future__ import annotations

import time
from typing import Final

LOOK_S: Final = 2.0
"""Seconds between two looks at a spool where nothing waits."""
GAP_S: Final = 0.03
"""An application that appended nothing for so long is in a gap."""
WAITING_SIZE_MAX: Final = 32 * 2**20
"""Bytes that wait for a gap; more are drained beside the appends."""
WAITING_S_MAX: Final = 30.0
"""Seconds that the oldest record waits for a gap: a reader in another process is so far behind."""
SLICE_SIZE: Final = 256 * 2**10
"""Bytes of a spool that are drained at once; about ten milliseconds of work."""

BREATH_S: Final = 0.001
"""Seconds between two slices: without a gap, other writers would never get the database's lock."""

_PAUSE_S: Final = 0.0001


class Pace:
    """One spool's waiting bytes, as the background thread saw them at its last look."""

    def __init__(self) -> None:
        self._size = 0
        self._waiting_since: float | None = None
        self._is_beside = False

    def may_drain(self, size: int, drained: int) -> bool:
        """Say whether to drain a slice now. ``size``: bytes appended, ``drained``: of these.

        False: look again after `wait_s`.
        """
        now = time.monotonic()
        is_gap, self._size = size == self._size, size
        if size <= drained:
            self._waiting_since = None
            return False
        self._waiting_since = self._waiting_since or now
        is_late = now - self._waiting_since > WAITING_S_MAX
        self._is_beside = not is_gap
        return is_gap or is_late or size - drained > WAITING_SIZE_MAX

    @property
    def wait_s(self) -> float:
        """Seconds until the next look."""
        return LOOK_S if self._waiting_since is None else GAP_S

    def let_appends_through(self, size: int) -> None:
        """Between two records: sleep for a moment if the application appends meanwhile.

        A thread that gives the interpreter up only around SQLite's calls takes it back before a
        waiting one wakes: an append would wait for the switch interval of 5 ms.
        """
        if size != self._size:
            self._size = size
            self._is_beside = True
        if self._is_beside:
            time.sleep(_PAUSE_S)
