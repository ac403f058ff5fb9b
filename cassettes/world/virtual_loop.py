"""An event loop that does not wait: when nothing can run, its time jumps to the next timer.

``asyncio.sleep(5)`` costs nothing, timeouts and deadlines fire in their right order. Threads under
the loop's own take their turns while it waits. Where a real wait is under way (a child process, an
allowed connection) it waits for real; where there is nothing to wait for, the innermost task that
waits is told so: ``Deadlock``.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter as _real_perf_counter
from typing import Any, Final

from cassettes.errors import Deadlock
from cassettes.places import place_of, user_frame
from cassettes.world.order import number_of
from cassettes.world.turns import Turn, here, strangers, wake

_LOOP_START_NS: Final = 1_000_000_000_000
_POLL_S: Final = 0.01


class _Waiting:
    """Whether loops wait for real just now."""

    is_real = False


@contextlib.contextmanager
def waiting_for_real() -> Iterator[None]:
    """Let every virtual loop of the process wait as others do while the block runs."""
    before = _Waiting.is_real
    _Waiting.is_real = True
    try:
        yield
    finally:
        _Waiting.is_real = before


class _JumpingSelector(selectors.DefaultSelector):
    """Polls, and where it would have to wait, lets virtual time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.wait: Callable[[float | None], bool] = lambda timeout: False

    def select(self, timeout: float | None = None) -> Any:
        if _Waiting.is_real:
            return self._wait_for_real(timeout)
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.wait(timeout):
            return super().select(0)
        return self._wait_for_real(timeout)

    def _wait_for_real(self, timeout: float | None) -> Any:
        """Wait as other loops do; the time that passed has passed on the loop's clock too."""
        began = _real_perf_counter()
        events = super().select(timeout)
        passed = _real_perf_counter() - began if events or timeout is None else timeout
        if _Waiting.is_real or not events:
            here().turns.now_ns += max(round(passed * 1e9), 1)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """A selector loop on virtual time, for processes that replay."""

    def __init__(self) -> None:
        self._began_ns = here().turns.now_ns
        self._waiting: deque[Turn] = deque()
        selector = _JumpingSelector()
        super().__init__(selector)
        selector.wait = self._let_pass
        self._own_count = len(selector.get_map())
        self.set_task_factory(_numbered_task)

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future with a place among its kind."""
        return _NumberedFuture(loop=self)

    def time(self) -> float:
        """Return the loop's virtual time in seconds."""
        return (_LOOP_START_NS + here().turns.now_ns - self._began_ns) / 1e9

    def _write_to_self(self) -> None:
        super()._write_to_self()  # type: ignore[misc]
        wake(self._waiting)

    def _let_pass(self, timeout: float | None) -> bool:
        """Let ``timeout`` pass, or what is waited for happen; False: only a real wait helps."""
        turns = here().turns
        if self._watches_others():
            if not turns.has_others:
                return False
            turns.let_others_run()
            self._selector_poll(_POLL_S if timeout is None else min(timeout, _POLL_S))
            return True
        timeout_ns = None if timeout is None else max(round(timeout * 1e9), 1)
        if timeout_ns is not None and not turns.has_others:
            turns.now_ns += timeout_ns
            return True
        if strangers(turns) and not turns.has_others:
            return False
        try:
            turns.park(self._waiting, "the event loop", timeout_ns)
        except Deadlock as deadlock:
            if not self._tell(deadlock):
                raise
        return True

    def _selector_poll(self, timeout: float) -> None:
        selectors.DefaultSelector.select(self._selector, timeout)  # type: ignore[attr-defined]

    def _watches_others(self) -> bool:
        """Whether something outside could end the wait: a connection, a program, a signal."""
        selector: Any = self._selector  # type: ignore[attr-defined]
        signals = getattr(self, "_signal_handlers", None)
        return len(selector.get_map()) > self._own_count or bool(signals)

    def _tell(self, deadlock: Deadlock) -> bool:
        """Let the innermost wait of a task end in ``deadlock``; False where no task waits."""
        tasks = sorted(asyncio.all_tasks(self), key=number_of)
        waits = [*map(_wait_of, tasks), *deadlock.waits[1:]]
        for task in reversed(tasks):
            future: Any = getattr(task, "_fut_waiter", None)
            if isinstance(future, asyncio.Future) and not isinstance(future, asyncio.Task):
                if future.done() or isinstance(future, asyncio.tasks._GatheringFuture):  # type: ignore[attr-defined]
                    continue
                future.set_exception(Deadlock(waits))
                return True
        return False


def _wait_of(task: asyncio.Task[Any]) -> str:
    """Return where a task waits: the innermost of its coroutines that is the user's."""
    awaited: Any = task.get_coro()
    name, place = getattr(awaited, "__qualname__", task.get_name()), ""
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and user_frame(frame) is frame:
            name, place = awaited.__qualname__, place_of(frame)
        awaited = getattr(awaited, "cr_await", None)
    return f"{name} waits" + (f" at {place}" if place else "")


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


def is_virtual() -> bool:
    """Return whether the loop that runs in this thread is a virtual one."""
    return isinstance(asyncio._get_running_loop(), VirtualLoop)


def install_virtual_loop() -> None:
    """Make every event loop that asyncio creates from now on a virtual one."""
    asyncio.events.new_event_loop = asyncio.new_event_loop = VirtualLoop
