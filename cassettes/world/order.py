"""One thing after another: threads, pools and tasks of one scope take their turns by number.

A thread or a pool's job that is started inside a scope runs at once, on a thread of its own, while
whoever started it waits for its end; its clock goes its own way, and whoever collects the result
is brought to the time at which it was ready. A thread that waits for its starter in turn is given
``PATIENCE_S`` of real time, then both go on together, as they would without us.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import functools
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from cassettes.scope import Scope, current
from cassettes.world.clock import Clock

PATIENCE_S: Final = 0.2

_CLOCK: Final = "_cassettes_clock"
_NUMBER: Final = "_cassettes_number"
_numbers = itertools.count()


def install_order() -> None:
    """Hook threads, pools, and what waits for them."""
    threading.Thread.start = _start_in_turn(threading.Thread.start)  # type: ignore[method-assign]
    threading.Thread.join = _join_in_time(threading.Thread.join)  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = _submit_in_turn(  # type: ignore[method-assign]
        ThreadPoolExecutor.submit
    )
    Future.result = _result_in_time(Future.result)  # type: ignore[method-assign]
    Future.__hash__ = number_of  # type: ignore[method-assign,assignment]
    ordered = _completed_in_time(concurrent.futures.as_completed)
    concurrent.futures.as_completed = ordered
    concurrent.futures._base.as_completed = ordered
    _wait_in_virtual_time()
    asyncio.as_completed = _tasks_first(asyncio.as_completed)


def number_of(future: Any) -> int:
    """Return a future's place among its kind; sets of them are gone through in that order."""
    # Through attributes: asyncio's futures have them, but show no `__dict__`.
    if not hasattr(future, _NUMBER):
        scope = _frozen()
        numbers = _numbers if scope is None or scope.clock is None else scope.clock.numbers
        setattr(future, _NUMBER, next(numbers))
    number: int = getattr(future, _NUMBER)
    return number


def time_left_ns(job: Any) -> int | None:
    """Return how far ahead of the scope in force a finished job is; None if it is not finished."""
    scope = _frozen()
    own: Clock | None = job.__dict__.get(_CLOCK)
    if scope is None or scope.clock is None or own is None or not job.done():
        return None
    return max(0, own.elapsed_ns - scope.clock.elapsed_ns)


def _frozen() -> Scope | None:
    scope = current.get()
    return None if scope is None or scope.clock is None else scope


def _start_in_turn(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        scope = _frozen()
        if scope is None:
            original(self)
            return
        assert scope.clock is not None
        own = scope.clock.branch()
        self.__dict__[_CLOCK] = own
        with _in(scope.branch(own)):
            original(self)
        _real_join(self, PATIENCE_S)

    return start


_real_join = threading.Thread.join
_real_wait = threading.Condition.wait


class _in:  # used as a verb
    """Put another scope in force: what is started inside inherits it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __enter__(self) -> None:
        self._token = current.set(self._scope)

    def __exit__(self, *exc: object) -> None:
        current.reset(self._token)


def _join_in_time(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        original(self, timeout)
        if not self.is_alive():
            _catch_up(self.__dict__.get(_CLOCK))

    return join


def _catch_up(other: Clock | None) -> None:
    scope = _frozen()
    if other is not None and scope is not None and scope.clock is not None:
        scope.clock.reach(other.elapsed_ns / 1e6)


def _submit_in_turn(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(
        self: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        scope = _frozen()
        if scope is None:
            return original(self, function, *args, **kwargs)
        assert scope.clock is not None
        own = scope.clock.branch()
        branch = scope.branch(own)
        context = getattr(getattr(function, "func", None), "__self__", None)
        if isinstance(context, contextvars.Context):
            context.run(current.set, branch)  # asyncio.to_thread brings a context of its own
        with _in(branch):
            future = original(self, function, *args, **kwargs)
        future.__dict__[_CLOCK] = own
        number_of(future)
        condition = future._condition
        with condition:
            if future._state in ("PENDING", "RUNNING"):
                _real_wait(condition, PATIENCE_S)
        return future

    return submit


def _result_in_time(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def result(self: Any, timeout: float | None = None) -> Any:
        try:
            return original(self, timeout)
        finally:
            if self.done():
                _catch_up(self.__dict__.get(_CLOCK))

    return result


def _completed_in_time(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def as_completed(fs: Iterable[Any], timeout: float | None = None) -> Iterator[Any]:
        futures = list(dict.fromkeys(fs))
        clocks = [one.__dict__.get(_CLOCK) for one in futures]
        if _frozen() is None or None in clocks or not all(one.done() for one in futures):
            yield from original(futures, timeout)
            return
        for one in sorted(futures, key=_ready):
            _catch_up(one.__dict__[_CLOCK])
            yield one

    return as_completed


def _ready(future: Any) -> tuple[int, int]:
    return future.__dict__[_CLOCK].elapsed_ns, number_of(future)


def _wait_in_virtual_time() -> None:
    """Let a wait with a limit pass at once where nobody is left who could end it."""

    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        scope = _frozen()
        if scope is None or timeout is None:
            return _real_wait(self, timeout)
        assert scope.clock is not None
        alone = threading.active_count() - _idle_workers() <= 1
        woken = _real_wait(self, 0 if alone else timeout)
        if not woken:
            scope.clock.block(max(0.0, timeout))
        return woken

    threading.Condition.wait = wait  # type: ignore[method-assign]
    # Both count down to a deadline, on a clock that must be the one that `wait` moves.
    threading._time = queue.time = time.monotonic  # type: ignore[attr-defined]


def _idle_workers() -> int:
    """Count the threads of pools that wait for work."""
    found = 0
    for thread in threading.enumerate():
        arguments = getattr(thread, "_args", ()) or ()
        pool = arguments[0]() if arguments and callable(arguments[0]) else None
        if isinstance(pool, ThreadPoolExecutor) and pool._work_queue.empty():
            found += 1
    return found


def _tasks_first(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def as_completed(fs: Any, **options: Any) -> Any:
        if _frozen() is not None and not hasattr(fs, "__aiter__"):
            fs = [asyncio.ensure_future(one) for one in fs]
        return original(fs, **options)

    return as_completed
