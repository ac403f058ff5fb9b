"""One thing after another: threads, pools and tasks of a frozen world take their turns.

The locks of `threading` are ours, so everything that is built on them (conditions, events, queues,
pools, timers) waits by passing the turn. Futures and tasks are hashed by number, so that sets of
them are gone through in one order.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from cassettes.scope import Scope, current
from cassettes.world import turns
from cassettes.world.locks import Lock, RLock

_NUMBER: Final = "_cassettes_number"
_TURN: Final = "_cassettes_turn"
_numbers = itertools.count()


def install_order() -> None:
    """Hook threads, what they wait for, and sets of futures."""
    turns.install_turns()
    _replace_locks()
    threading.Thread.start = _start_in_turn(threading.Thread.start)  # type: ignore[method-assign]
    threading.Thread.join = _join_in_turn(threading.Thread.join)  # type: ignore[method-assign]
    threading.Thread.is_alive = _alive_in_turn(  # type: ignore[method-assign]
        threading.Thread.is_alive
    )
    ThreadPoolExecutor.submit = _submit_in_turn(  # type: ignore[method-assign]
        ThreadPoolExecutor.submit
    )
    threading.Thread.__hash__ = number_of  # type: ignore[method-assign,assignment]
    Future.__hash__ = number_of  # type: ignore[method-assign,assignment]
    asyncio.as_completed = _tasks_first(asyncio.as_completed)
    asyncio.tasks.as_completed = asyncio.as_completed


def number_of(future: Any) -> int:
    """Return a future's place among its kind; sets of them are gone through in that order."""
    # Through attributes: asyncio's futures have them, but show no `__dict__`.
    if not hasattr(future, _NUMBER):
        scope = _frozen()
        numbers = _numbers if scope is None or scope.clock is None else scope.clock.numbers
        setattr(future, _NUMBER, next(numbers))
    number: int = getattr(future, _NUMBER)
    return number


def _frozen() -> Scope | None:
    scope = current.get()
    return None if scope is None or scope.clock is None else scope


def _replace_locks() -> None:
    module: Any = threading
    module.Lock = module._allocate_lock = Lock
    module.RLock = module._PyRLock = RLock
    module._CRLock = None
    # The one in C waits where nobody can pass the turn.
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[misc,attr-defined]
    # Both count down to a deadline, on a clock that must be the one that waits move.
    module._time = queue.time = time.monotonic  # type: ignore[attr-defined]
    # Made before us, and held while other threads may want them. The pools' one for all is not:
    # nobody passes the turn while holding it, and worlds on other threads want it too.
    if hasattr(functools, "RLock"):  # cached_property's, until 3.11
        functools.RLock = RLock
    logging._lock = RLock()  # type: ignore[attr-defined]
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None and handler.lock is not None:
            handler.lock = RLock()


def _start_in_turn(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        if not turns.starts_ours() or _TURN in self.__dict__:
            original(self)
            return
        run = self.run

        def run_in_turn() -> None:
            turns.enter(turn)
            try:
                run()
            except BaseException:  # noqa: BLE001 -- as threading does, but before the turn passes
                self._invoke_excepthook(self)  # type: ignore[attr-defined]
            finally:
                turn.turns.end(turn)

        self.run = run_in_turn  # type: ignore[method-assign]
        turn = self.__dict__[_TURN] = turns.here().turns.add(self)
        with turns.aside():  # its beginning is awaited for real
            original(self)

    return start


def _join_in_turn(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        turn: turns.Turn | None = self.__dict__.get(_TURN)
        me = turns.held_here()
        if turn is None or me is None or me is turn or turn.turns is not me.turns:
            original(self, timeout)
        else:
            me.turns.join(turn, None if timeout is None else round(timeout * 1e9))

    return join


def _alive_in_turn(original: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(original)
    def is_alive(self: threading.Thread) -> bool:
        turn: turns.Turn | None = self.__dict__.get(_TURN)
        return original(self) and (turn is None or not turn.is_over)

    return is_alive


def _submit_in_turn(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(
        self: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        if _frozen() is None:
            return original(self, function, *args, **kwargs)
        with turns.starting_ours():  # a pool's threads belong to no scope; their jobs do
            return original(self, function, *args, **kwargs)

    return submit


def _tasks_first(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def as_completed(fs: Any, **options: Any) -> Any:
        if _frozen() is not None and not hasattr(fs, "__aiter__"):
            fs = [asyncio.ensure_future(one) for one in fs]
        return original(fs, **options)

    return as_completed
