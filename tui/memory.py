"""What is no longer looked at is freed, goes back to the system, and keeps no key waiting."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_SIZE: Final = 256 * 2**10
_YOUNG_MAX: Final = 5_000
"""New objects, of which most are rings that drawing leaves behind: some milliseconds of looking."""
_MIDDLE_S: Final = 1.0
_ALL_S: Final = 10.0
"""So long without a key, and there is time to look at everything, a quarter of a second."""


def give_back_what_is_freed() -> None:
    """Let the C library map what is large by itself, and unmap it when it is freed.

    glibc would do so up to the first large text that is freed, and from then on put texts of that
    size between everything else, where what is freed stays. Elsewhere than on Linux: nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # musl has none
        library.mallopt(_MMAP_THRESHOLD, _SIZE)
        library.mallopt(_TRIM_THRESHOLD, _SIZE)


def give_back_now() -> None:
    """Give back to the system what is free in between: after something large was let go of.

    Some milliseconds, in which other threads run. Elsewhere than with glibc: nothing.
    """
    if sys.platform.startswith("linux") and hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


_READING: Final = threading.RLock()
"""One reading at a time, whatever screens they are for: each holds ten times what it reads."""


@contextmanager
def reading_much() -> Iterator[None]:
    """Read megabytes without the collector, which then takes them for old.

    It would look at all of them while they are read, and once more while somebody waits for a key.
    What is freed by counting is freed as ever. One thread at a time: the next one waits.
    """
    with _READING:
        gc.disable()
        try:
            yield
        finally:
            gc.freeze()  # what there is becomes old without being looked at
            gc.unfreeze()
            gc.enable()
            give_back_now()


class Tidying:
    """The collector's work, done between two keys: on its own it comes in the middle of one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` in seconds."""
        self._clock = clock
        self._pressed_at = clock()
        self._closed_count = 0
        """Since everything was looked at; each is a ring of some thousand objects."""
        self._is_middle_due = False

    def pressed(self) -> None:
        """A key was pressed: somebody may press another."""
        self._pressed_at = self._clock()

    def closed(self) -> None:
        """A screen was closed."""
        self._closed_count += 1
        self._is_middle_due = True

    def look(self) -> int | None:
        """Collect what is due, now that nothing is asked; return the oldest generation looked at.

        None: nothing was due.
        """
        if not gc.isenabled():
            return None
        idle_s = self._clock() - self._pressed_at
        if self._closed_count and idle_s > _ALL_S:
            self._closed_count, self._is_middle_due = 0, False
            generation = 2
        elif self._is_middle_due and idle_s > _MIDDLE_S:
            self._is_middle_due = False
            generation = 1
        elif gc.get_count()[0] > _YOUNG_MAX:
            generation = 0
        else:
            return None
        gc.collect(generation)
        if generation:
            give_back_now()
        return generation
