"""Locks on which the threads of a frozen world wait by taking turns, and all others for real.

Everything else in `threading`, `queue` and `concurrent.futures` waits on these two.
"""

from __future__ import annotations

import _thread
from collections import deque
from types import TracebackType
from typing import Any, Final

from cassettes.world.turns import Turn, held_here, wake

_NEVER: Final = -1


class Lock:
    """As ``threading.Lock``."""

    __slots__ = ("__weakref__", "_real", "_waiting")

    def __init__(self) -> None:
        self._real = _thread.allocate_lock()
        self._waiting: deque[Turn] | None = None

    def acquire(self, blocking: bool = True, timeout: float = _NEVER) -> bool:
        """Take the lock, or say that it could not be had."""
        if timeout != _NEVER and (timeout < 0 or not blocking):
            return self._real.acquire(blocking, timeout)  # which says what is wrong with it
        if self._real.acquire(False):
            return True
        if not blocking:
            return False
        turn = held_here()
        if turn is None:
            return self._real.acquire(True, timeout)
        return self._wait(turn, None if timeout == _NEVER else round(timeout * 1e9))

    def _wait(self, turn: Turn, timeout_ns: int | None) -> bool:
        turns = turn.turns
        until_ns = None if timeout_ns is None else turns.now_ns + timeout_ns
        if self._waiting is None:
            self._waiting = deque()
        while True:
            left_ns = None if until_ns is None else until_ns - turns.now_ns
            if left_ns is not None and left_ns <= 0:
                return False
            turns.park(self._waiting, "", left_ns)
            if self._real.acquire(False):
                return True

    def release(self) -> None:
        """Let the next one have it."""
        self._real.release()
        if self._waiting:
            wake(self._waiting)

    def locked(self) -> bool:
        """Return whether somebody has it."""
        return self._real.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def _at_fork_reinit(self) -> None:
        self._real = _thread.allocate_lock()
        self._waiting = None

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle '_thread.lock' object")


class RLock:
    """As ``threading.RLock``."""

    __slots__ = ("__weakref__", "_block", "_count", "_owner")

    def __init__(self) -> None:
        self._block = Lock()
        self._owner: int | None = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = _NEVER) -> bool:
        """Take the lock, once more if this thread has it."""
        me = _thread.get_ident()
        if self._owner == me:
            self._count += 1
            return True
        if not self._block.acquire(blocking, timeout):
            return False
        self._owner = me
        self._count = 1
        return True

    def release(self) -> None:
        """Give it back once."""
        if self._owner != _thread.get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._block.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._block._at_fork_reinit()
        self._owner = None
        self._count = 0

    # What Condition asks of its lock

    def _is_owned(self) -> bool:
        return self._owner == _thread.get_ident()

    def _release_save(self) -> tuple[int, int | None]:
        state = self._count, self._owner
        self._count = 0
        self._owner = None
        self._block.release()
        return state

    def _acquire_restore(self, state: tuple[int, int | None]) -> None:
        self._block.acquire()
        self._count, self._owner = state

    def _recursion_count(self) -> int:
        return self._count if self._is_owned() else 0

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle '_thread.RLock' object")
