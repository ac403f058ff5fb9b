"""An event loop that does not wait: when nothing can run, its time jumps to the next timer.

``asyncio.sleep(5)`` costs nothing, timeouts and deadlines fire in their right order. Where a real
wait is under way (a thread, a child process, an allowed connection) it waits for real.
"""

from __future__ import annotations

import asyncio
import math
import os
import selectors
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cassettes.scope import current
from cassettes.world.order import PATIENCE_S, number_of, time_left_ns

_LOOP_START_NS = 1_000_000_000_000


class VirtualTime:
    """How far a loop's time has moved by waiting."""

    __slots__ = ("now_ns",)

    def __init__(self) -> None:
        self.now_ns = 0


class _JumpingSelector(selectors.DefaultSelector):
    """Polls, and where it would have to wait, lets virtual time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.real_limit_s: Callable[[], float] = lambda: 0.0
        self.jump: Callable[[float], None] = lambda seconds: None

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            return super().select(None)
        limit = self.real_limit_s()
        if limit:
            events = super().select(min(timeout, limit))
        if not events and timeout > 0:
            # What is waited for does not come before the next timer, or waits for it itself.
            self.jump(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on virtual time, for processes that replay."""

    def __init__(self) -> None:
        self.virtual_time = VirtualTime()
        self._jobs_count = 0
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.real_limit_s = self._real_limit_s
        selector.jump = self._jump
        self.set_task_factory(_numbered_task)

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future with a place among its kind."""
        return _NumberedFuture(loop=self)

    def run_forever(self) -> None:
        """Run; the clock of the scope in force follows, unless it follows a loop already."""
        scope = current.get()
        clock = None if scope is None else scope.clock
        if clock is None or clock.loop is not None:
            super().run_forever()
            return
        clock.follow(self.virtual_time)
        try:
            super().run_forever()
        finally:
            clock.leave()

    def time(self) -> float:
        """Return the loop's virtual time in seconds."""
        return (_LOOP_START_NS + self.virtual_time.now_ns) / 1e9

    def run_in_executor(  # type: ignore[override]  # passed on as it comes
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        """Run ``func`` in a thread; it is done when its own clock says so.

        A job that is not done by itself waits for the loop: time then stands still until it is.
        """
        if executor is None:
            executor = self._default_executor  # type: ignore[has-type]
            if executor is None:
                executor = ThreadPoolExecutor(thread_name_prefix="asyncio")
                self._default_executor = executor
        job = executor.submit(func, *args)
        delay_ns = time_left_ns(job)
        if delay_ns is not None:
            late: Any = self.create_future()
            self.call_later(delay_ns / 1e9, _hand_over, job, late)
            return late
        future = asyncio.wrap_future(job, loop=self)
        self._jobs_count += 1
        future.add_done_callback(self._job_done)
        return future

    def _job_done(self, future: Any) -> None:
        self._jobs_count -= 1

    def _jump(self, seconds: float) -> None:
        step_ns = round(seconds * 1e9)
        self.virtual_time.now_ns += max(step_ns, 1)

    def _real_limit_s(self) -> float:
        """Return how long something real is waited for before the next timer's time comes."""
        if self._has_connections():
            return math.inf
        return PATIENCE_S if self._jobs_count else 0.0

    def _has_connections(self) -> bool:
        """Whether a socket other than the loop's own wake-up pair is being watched."""
        own = self._ssock  # type: ignore[attr-defined]
        for key in self._selector.get_map().values():  # type: ignore[attr-defined]
            if key.fileobj is own or key.fd == own.fileno():
                continue
            if stat.S_ISSOCK(os.fstat(key.fd).st_mode):
                return True
        return False


def _hand_over(job: Any, future: Any) -> None:
    if future.done():
        return
    error = job.exception()
    if error is None:
        future.set_result(job.result())
    else:
        future.set_exception(error)


class _NumberedTask(asyncio.Task[Any]):
    """A task that sets go through in the order in which tasks were made."""

    def __hash__(self) -> int:
        return number_of(self)


class _NumberedFuture(asyncio.Future[Any]):
    """The same for what is no task."""

    def __hash__(self) -> int:
        return number_of(self)


def _numbered_task(loop: Any, coroutine: Any, **options: Any) -> Any:
    task = _NumberedTask(coroutine, loop=loop, **options)
    number_of(task)
    return task


def running_virtual_time() -> VirtualTime | None:
    """Return the virtual time of the loop that runs in this thread, or None."""
    loop = asyncio._get_running_loop()
    return loop.virtual_time if isinstance(loop, VirtualLoop) else None


def install_virtual_loop() -> None:
    """Make every event loop that asyncio creates from now on a virtual one."""
    asyncio.events.new_event_loop = asyncio.new_event_loop = VirtualLoop
