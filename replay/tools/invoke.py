"""Running one function for a call: on this thread, on one of its own, or on the event loop.

A call's life (``replay.tools.call``) is written once, as a generator that yields each ``Step`` it
wants run; the two drivers here run it from plain code and from a coroutine.

A Python thread cannot be stopped from outside. When a synchronous tool passes its deadline, the
call ends with ``timeout`` at once, and the tool's thread runs on unobserved (it is a daemon, so it
does not keep the process alive). A tool that must not do that takes a timeout of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from replay.errors import ToolboxError

R = TypeVar("R")


class DeadlinePassed(Exception):
    """The step did not end in time."""


class ToolStopped(Exception):
    """The step raised ``StopIteration``, which cannot travel through generators as it is."""

    def __init__(self, error: StopIteration) -> None:
        """``error``: what was raised."""
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Step:
    """One function to run."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    is_async: bool = False
    deadline_s: float | None = None
    """Seconds from now; None: no deadline."""


Life: TypeAlias = Generator[Step, Any, R]
"""A call's life: yields steps, is sent their values or thrown their exceptions."""


def drive_sync(life: Life[R]) -> R:
    """Run ``life`` to its end on this thread and return what it returns."""
    try:
        step = next(life)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # a generator's return value is untyped
    while True:
        error: BaseException | None = None
        try:
            value = _run_sync(step)
        except BaseException as raised:  # noqa: BLE001 -- the life decides what goes on
            value, error = None, raised
        try:
            step = life.send(value) if error is None else life.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # as above


async def drive_async(life: Life[R]) -> R:
    """Run ``life`` to its end on the event loop; synchronous steps get a thread of their own."""
    try:
        step = next(life)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # as above
    while True:
        error: BaseException | None = None
        try:
            value = await _run_async(step)
        except BaseException as raised:  # noqa: BLE001 -- the life decides what goes on
            value, error = None, raised
        try:
            step = life.send(value) if error is None else life.throw(error)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # as above


def _run_sync(step: Step) -> Any:
    if step.deadline_s is None and not step.is_async:
        try:
            value = step.function(*step.args, **step.kwargs)
        except StopIteration as error:
            raise ToolStopped(error) from error
        return value if type(value) in _PLAIN else _finished_if_awaitable(value)
    if step.is_async:
        return _finished(_run_async(step))
    done = threading.Event()
    work = _Work(step, lambda: done.set())
    work.start()
    if not done.wait(step.deadline_s):
        raise DeadlinePassed
    return work.outcome()


_PLAIN = (str, dict, list, int, float, bool, type(None))


def _finished_if_awaitable(value: Any) -> Any:
    return _finished(value) if inspect.isawaitable(value) else value


def _finished(awaitable: Any) -> Any:
    async def wait() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    if inspect.iscoroutine(awaitable):
        awaitable.close()
    raise ToolboxError(
        "An async tool cannot be run from plain code inside a running event loop.",
        hint="Use `await toolbox.dispatch(...)` or `await run_call(...)` there.",
    )


async def _run_async(step: Step) -> Any:
    if not step.is_async:
        return await _in_thread(step)
    if step.deadline_s is None:
        return await step.function(*step.args, **step.kwargs)
    deadline = asyncio.timeout(step.deadline_s)
    try:
        async with deadline:
            return await step.function(*step.args, **step.kwargs)
    except TimeoutError:
        if deadline.expired():
            raise DeadlinePassed from None
        raise


async def _in_thread(step: Step) -> Any:
    """Run ``step`` on a thread of its own: all calls of a model output really run at once.

    The loop's default executor would do only for as many calls as the machine has cores, and at
    exit it waits for a tool that hangs.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    def tell_loop() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish)

    work = _Work(step, tell_loop)
    work.start()
    if step.deadline_s is None:
        await done
    else:
        deadline = asyncio.timeout(step.deadline_s)
        try:
            async with deadline:
                await done
        except TimeoutError:
            raise DeadlinePassed from None
    value = work.outcome()
    return await value if inspect.isawaitable(value) else value


class _Work:
    """One step on its way through a thread, in a copy of the context it was asked from."""

    def __init__(self, step: Step, on_done: Callable[[], None]) -> None:
        self._step = step
        self._on_done = on_done
        self._context = contextvars.copy_context()
        self._value: Any = None
        self._error: BaseException | None = None

    def start(self) -> None:
        name = getattr(self._step.function, "__name__", "tool")
        threading.Thread(target=self._run, name=f"replay-{name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self._value = self._context.run(
                self._step.function, *self._step.args, **self._step.kwargs
            )
        except StopIteration as error:
            self._error = ToolStopped(error)
        except BaseException as error:  # noqa: BLE001 -- handed to the caller's thread
            self._error = error
        self._on_done()

    def outcome(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value
