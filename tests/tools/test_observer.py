from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from replay.records import Attempt, CallResult, Outcome
from replay.tools import (
    CallObserver,
    CallStart,
    Toolbox,
    current_observer,
    observe,
    observer_failures,
    run_call,
    run_call_sync,
)

in_scope: ContextVar[str | None] = ContextVar("in_scope", default=None)


class Diary(CallObserver):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def call_started(self, start: CallStart) -> None:
        self.lines.append(f"started {start.tool} {start.arguments}")

    @contextlib.contextmanager
    def scope(self, start: CallStart) -> Iterator[None]:
        token = in_scope.set(start.request_id)
        self.lines.append("entered")
        try:
            yield
        finally:
            in_scope.reset(token)
            self.lines.append("left")

    def call_attempted(self, start: CallStart, attempt: Attempt) -> None:
        self.lines.append(f"attempt {attempt.attempt_number} {attempt.outcome}")

    def call_finished(self, start: CallStart, result: CallResult) -> None:
        self.lines.append(f"finished {result.outcome}")


toolbox = Toolbox("office")


@toolbox.tool
def where() -> list[str]:
    return [str(in_scope.get()), threading.current_thread().name]


@toolbox.tool
async def awhere() -> list[str]:
    return [str(in_scope.get())]


@toolbox.tool
def fail() -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("tool", ["where", "awhere"])
@pytest.mark.parametrize("is_async", [False, True])
def test_the_observers_scope_is_around_the_tools_own_work(tool: str, is_async: bool) -> None:
    diary = Diary()
    with observe(diary):
        if is_async:
            result = asyncio.run(run_call(toolbox, tool=tool, arguments="{}", request_id="r1"))
        else:
            result = run_call_sync(toolbox, tool=tool, arguments="{}", request_id="r1")

    assert result.result[0] == "r1"
    assert in_scope.get() is None
    assert diary.lines == [f"started {tool} {{}}", "entered", "left", "finished ok"]


def test_a_call_is_told_before_anything_of_it_runs_and_after_it_failed() -> None:
    diary = Diary()
    with observe(diary):
        run_call_sync(toolbox, tool="fail", arguments="{}")
        run_call_sync(toolbox, tool="nowhere", arguments="[")

    assert diary.lines == [
        "started fail {}",
        "entered",
        "left",
        "finished failed",
        "started nowhere [",
        "finished bad_json",
    ]


def test_each_try_of_a_retried_call_is_told() -> None:
    tries: list[int] = []
    box = Toolbox()

    @box.tool(idempotent=True, attempts_max=3, retry_wait_ms=0)
    def flaky() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("reset")
        return "done"

    diary = Diary()
    with observe(diary):
        run_call_sync(box, tool="flaky", arguments="{}")

    assert diary.lines == [
        "started flaky {}",
        "entered",
        "attempt 1 failed",
        "attempt 2 ok",
        "left",
        "finished ok",
    ]


class Broken(CallObserver):
    """Fails wherever it can."""

    def call_started(self, start: CallStart) -> None:
        raise RuntimeError("started")

    def scope(self, start: CallStart) -> contextlib.AbstractContextManager[object]:
        raise RuntimeError("scope")

    def call_finished(self, start: CallStart, result: CallResult) -> None:
        raise RuntimeError("finished")


class BrokenLater(Broken):
    """Fails when its scope is left."""

    @contextlib.contextmanager
    def scope(self, start: CallStart) -> Iterator[None]:
        try:
            yield
        finally:
            raise RuntimeError("leaving")


@pytest.mark.parametrize("kind", [Broken, BrokenLater])
@pytest.mark.parametrize(("tool", "outcome"), [("where", Outcome.OK), ("fail", Outcome.FAILED)])
def test_an_observer_that_fails_costs_the_agent_nothing_and_is_counted(
    kind: type[Broken], tool: str, outcome: Outcome
) -> None:
    before = observer_failures.count
    with observe(kind()):
        result = run_call_sync(toolbox, tool=tool, arguments="{}")

    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert result.response == "Error: fail failed: ValueError: broken"
    assert observer_failures.count == before + 3


class Swallowing(CallObserver):
    """Its scope says that exceptions are dealt with."""

    def scope(self, start: CallStart) -> contextlib.AbstractContextManager[object]:
        return contextlib.suppress(Exception)


def test_a_scope_cannot_swallow_what_the_tool_raised() -> None:
    with observe(Swallowing()):
        assert run_call_sync(toolbox, tool="fail", arguments="{}").outcome is Outcome.FAILED


def test_watching_ends_with_the_block() -> None:
    before = current_observer()
    diary = Diary()
    with observe(diary):
        assert current_observer() is diary
        with observe(None):
            run_call_sync(toolbox, tool="where", arguments="{}")

    assert current_observer() is before
    assert diary.lines == []
