"""Traces whose one call has megabytes: as rows, deeply nested, on one line, on many short lines.

Each is recorded, and judged by a replay run: today's answer differs at a few places.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from replay.records import (
    Branch,
    BranchStep,
    CallResult,
    CallVerdict,
    Cause,
    Edit,
    ModelCall,
    Outcome,
    Record,
    ReplayRun,
    ToolCall,
    Trace,
    Verdict,
)

SIZE: Final = 5_000_000
RUN: Final = "run-3"
LABELS: Final = {"team": "search", "tier": "gold"}


def moment(second: int) -> str:
    """Return a moment of the time that these traces are from."""
    at = datetime(2028, 1, 1) + timedelta(seconds=second)  # noqa: DTZ001 - written as UTC
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def note(step: int) -> str:
    """Return a text that is another for each step, and has no secret in it."""
    return f"order {step} was looked at after {step % 31} days, in {step % 7} parts"


def _rows(size: int) -> tuple[Any, Any]:
    rows = [
        {"id": at, "name": f"part {at}", "note": note(at), "tags": ["a", "b"], "price": at / 7}
        for at in range(size // 120)
    ]
    told = {"taken": rows, "count": len(rows)}
    return told, {"taken": [*rows[:-1], {"id": -1}], "count": len(rows), "ok": True}


def _nested(size: int) -> tuple[Any, Any]:
    """A tree of five branches at each level, and below each leaf a chain of eighty objects."""
    levels = 5 if size > 100_000 else 2
    links = max(2, size // (5**levels * 20))

    def chain(value: Any) -> Any:
        for at in range(links):
            value = {"at": at, "inner": value}
        return value

    def tree(level: int, first: Any) -> Any:
        if not level:
            return first
        branches = {f"branch {at}": tree(level - 1, chain("end")) for at in range(1, 5)}
        return {"branch 0": tree(level - 1, first), **branches}

    return tree(levels, chain("end")), tree(levels, chain("another end"))


def _line(size: int) -> tuple[Any, Any]:
    text = " ".join(note(at) for at in range(size // 48))
    middle = len(text) // 2
    return text, f"{text[:middle]}CHANGED{text[middle + 40 :]}"


def _lines(size: int) -> tuple[Any, Any]:
    lines = [f"{at} {note(at)[:16]}" for at in range(size // 24)]
    today = list(lines)
    for at in range(100, len(lines), len(lines) // 20 + 1):
        today[at : at + 2] = [f"changed {at}"]
    return "\n".join(lines), "\n".join(today)


VALUES: Final[dict[str, Callable[[int], tuple[Any, Any]]]] = {
    "big-payload": _rows,
    "big-nested": _nested,
    "big-line": _line,
    "big-lines": _lines,
}
"""By trace: what makes the recorded value and today's, of about so many characters."""


def value_records(trace: str, size: int = SIZE, *, second: int = 90_000) -> list[Record]:
    """Return a trace whose one tool call has a payload and an answer of ``size`` characters."""
    recorded, today = VALUES[trace](size)
    payload = recorded if isinstance(recorded, dict) else {"text": recorded}
    arguments = json.dumps(payload)
    response = recorded if isinstance(recorded, str) else json.dumps(recorded)
    said = today if isinstance(today, str) else json.dumps(today)
    asked = {
        "id": f"call_{trace}",
        "type": "function",
        "function": {"name": "store_rows", "arguments": arguments},
    }
    question = {"role": "user", "content": "Store these rows."}
    answer = {"role": "assistant", "content": None, "tool_calls": [asked]}
    told = {"role": "tool", "tool_call_id": asked["id"], "content": response}
    common: dict[str, Any] = {"trace_id": trace, "api": "chat.completions", "model": "gpt-x"}
    return [
        Trace(id=trace, app="shop", started_at=moment(second), labels=LABELS),
        ModelCall(
            id=f"{trace}-m1", step_number=1, messages=[question], output=answer,
            started_at=moment(second + 1), duration_ms=900.0, **common,
        ),
        ToolCall(
            id=f"{trace}-c2", trace_id=trace, step_number=2, model_call_id=f"{trace}-m1",
            tool="store_rows", provider_call_id=asked["id"], arguments=arguments,
            payload=payload, result=recorded, response=response, outcome="ok",
            started_at=moment(second + 2), duration_ms=70.0,
        ),
        ModelCall(
            id=f"{trace}-m3", step_number=3, messages=[question, answer, told],
            output={"role": "assistant", "content": "Stored."},
            started_at=moment(second + 3), duration_ms=500.0, **common,
        ),
        _judged(trace, payload, today, said),
    ]  # fmt: skip


def _judged(trace: str, payload: Any, result: Any, response: str) -> CallVerdict:
    return CallVerdict(
        run_id=RUN, trace_id=trace, tool_call_id=f"{trace}-c2", step_number=2, tool="store_rows",
        verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE, signature="renamed-store_rows",
        recorded_outcome="ok",
        replayed=CallResult(
            outcome=Outcome.OK, tool="store_rows", payload=payload, result=result,
            response=response, duration_ms=2.0,
        ),
    )  # fmt: skip


def branch_records(trace: str, size: int = SIZE) -> list[Record]:
    """Return a what-if of the same call: its response edited, and what becomes of it."""
    recorded, today = VALUES[trace](size)
    payload = recorded if isinstance(recorded, dict) else {"text": recorded}
    said = today if isinstance(today, str) else json.dumps(today)
    verdict = _judged(trace, payload, today, said).model_copy(update={"run_id": f"what_if_{trace}"})
    branch = Branch(
        trace_id=trace,
        edits=[Edit(step_number=2, part="response", recorded=recorded, edited=today)],
        steps=[BranchStep(today=verdict, edited=verdict, differs=True)],
    )
    return [
        ReplayRun(
            id=f"what_if_{trace}", started_at=moment(172_100), ended_at=moment(172_110),
            status="finished", toolbox="shop.tools:toolbox", branch=branch,
        )
    ]  # fmt: skip
