"""Trying again: only idempotent tools, only what may pass, and always with one request id."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from replay.records import Attempt, CallError, Outcome, Stage
from replay.tools.current import CurrentCall
from replay.tools.invoke import DeadlinePassed, Life, Step
from replay.tools.observer import CallObserver, CallStart, tell_attempted
from replay.tools.refusals import Refusal, Throttled
from replay.tools.tool import Tool


def attempts(
    tool: Tool,
    step: Step,
    call: CurrentCall,
    start: CallStart,
    observer: CallObserver | None,
) -> Life[Any]:
    """Run ``step`` until it succeeds, the attempts are used up, or the call's deadline passes.

    An exception is tried again unless it is ``Refused`` or ``Denied``, or says that the process or
    the call is to end. The deadline is that of all attempts together.
    """
    last = tool.options.attempts_max
    began_s = time.monotonic()
    wait_s = tool.options.retry_wait_ms / 1000
    for number in range(1, last + 1):
        call.attempt_number = number
        started_at = _now() if last > 1 else ""  # only told of more than one
        tried_s = time.monotonic()
        try:
            value = yield _within(step, began_s)
        except Exception as error:
            if last > 1:
                _tell(observer, start, number, started_at, tried_s, error)
            if number == last or not _may_pass(error) or _left_s(step, began_s) < wait_s:
                raise
        else:
            if number > 1:
                _tell(observer, start, number, started_at, tried_s, None)
            return value
        yield Step(asyncio.sleep if tool.is_async else time.sleep, (wait_s,), {}, tool.is_async)
        wait_s *= 2
    raise AssertionError("unreachable")


def _may_pass(error: Exception) -> bool:
    return not isinstance(error, Refusal | DeadlinePassed) or isinstance(error, Throttled)


def _left_s(step: Step, began_s: float) -> float:
    if step.deadline_s is None:
        return float("inf")
    return step.deadline_s - (time.monotonic() - began_s)


def _within(step: Step, began_s: float) -> Step:
    if step.deadline_s is None:
        return step
    return replace(step, deadline_s=max(0.0, _left_s(step, began_s)))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _tell(
    observer: CallObserver | None,
    start: CallStart,
    number: int,
    started_at: str,
    tried_s: float,
    error: Exception | None,
) -> None:
    if observer is None:
        return
    outcome, said = Outcome.OK, None
    if error is not None:
        outcome = Outcome.TIMEOUT if isinstance(error, DeadlinePassed) else Outcome.FAILED
        if isinstance(error, Refusal):
            outcome = error.outcome
        said = CallError(type=type(error).__name__, message=str(error), stage=Stage.INVOKE)
    attempt = Attempt(
        id=f"{start.request_id}#{number}",
        call_id=start.request_id,
        attempt_number=number,
        started_at=started_at,
        duration_ms=(time.monotonic() - tried_s) * 1000,
        outcome=outcome,
        error=said,
    )
    tell_attempted(observer, start, attempt)
