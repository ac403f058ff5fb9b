"""The database of the terminal UI's measurement: a million calls, a long trace, a big payload.

`queries_database` makes the million, with two replay runs. Two traces come on top, the newest:
`LONG`, of ten thousand steps, each model call of which saw the whole conversation before it, and
`BIG`, whose one call has a payload and a response of five megabytes. A third replay run judged
both, and found differences.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.queries_database import build as build_calls
from replay.records import (
    CallResult,
    CallVerdict,
    Cause,
    Change,
    Finding,
    ModelCall,
    Outcome,
    Record,
    ReplayRun,
    ToolCall,
    Trace,
    Verdict,
)
from replay.store import Store

LONG: Final = "long-transcript"
BIG: Final = "big-payload"
LONG_STEPS: Final = 10_000
BIG_SIZE: Final = 5_000_000

_CALLS_PER_ANSWER: Final = 3
_BATCH: Final = 1_000
_SEEN: Final = 8
"""Messages that a model call of the long trace is written with; `_see_everything` gives it all."""


def build(path: Path, call_count: int) -> None:
    """Make a database of about ``call_count`` tool calls in many traces, and those two."""
    build_calls(path, call_count)
    with Store.open(path, "w") as store:
        store.append_all(
            [_run(), Trace(id=LONG, app="shop", started_at=_moment(0), labels=_LABELS)]
        )
        batch: list[Record] = []
        for record in _long_steps():
            batch.append(record)
            if len(batch) >= _BATCH:
                store.append_all(batch)
                batch.clear()
        store.append_all(batch)
        store.append_all(_big_records())
        store.append_all(_findings())
    _see_everything(path)


_LABELS: Final = {"team": "search", "tier": "gold"}


def _moment(second: int) -> str:
    moment = datetime(2028, 1, 1) + timedelta(seconds=second)  # noqa: DTZ001 - written as UTC
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _long_steps() -> Iterator[Record]:
    messages: list[Any] = [
        {"role": "system", "content": "You look after a shop."},
        {"role": "user", "content": "Check every order of this year, one by one."},
    ]
    step = 0
    while step < LONG_STEPS:
        step += 1
        asked = [_asked(step + at) for at in range(1, _CALLS_PER_ANSWER + 1)]
        answer = {"role": "assistant", "content": None, "tool_calls": asked}
        model_call = f"{LONG}-m{step}"
        yield ModelCall(
            id=model_call,
            trace_id=LONG,
            step_number=step,
            api="chat.completions",
            model="gpt-x",
            response_model="gpt-x-2028-01-01",
            messages=messages[-_SEEN:],
            output=answer,
            started_at=_moment(step),
            duration_ms=800.0,
        )
        messages.append(answer)
        for index, one in enumerate(asked):
            if step >= LONG_STEPS:
                break
            step += 1
            response = json.dumps({"order": step, "state": "sent", "note": _note(step)})
            yield ToolCall(
                id=f"{LONG}-c{step}",
                trace_id=LONG,
                step_number=step,
                model_call_id=model_call,
                call_index=index,
                provider_call_id=one["id"],
                tool=one["function"]["name"],
                arguments=one["function"]["arguments"],
                payload=json.loads(one["function"]["arguments"]),
                result=json.loads(response),
                response=response,
                outcome="failed" if step % 97 == 0 else "ok",
                started_at=_moment(step),
                duration_ms=12.0,
            )
            messages.append({"role": "tool", "tool_call_id": one["id"], "content": response})
            yield _verdict(LONG, step, one["function"]["name"], is_changed=step % 50 == 0)


def _asked(step: int) -> dict[str, Any]:
    arguments = json.dumps({"order": step, "fields": ["state", "note"], "why": _note(step)})
    return {
        "id": f"call_{step}",
        "type": "function",
        "function": {"name": f"tool_{step % 5}", "arguments": arguments},
    }


def _note(step: int) -> str:
    return f"order {step} was looked at after {step % 31} days, in {step % 7} parts"


def _big_records() -> list[Record]:
    rows = [
        {"id": at, "name": f"part {at}", "note": _note(at), "tags": ["a", "b"], "price": at / 7}
        for at in range(BIG_SIZE // 120)
    ]
    arguments = json.dumps({"rows": rows})
    response = json.dumps({"taken": rows, "count": len(rows)})
    today = json.dumps({"taken": [*rows[:-1], {"id": -1}], "count": len(rows), "ok": True})
    asked = {
        "id": "call_big",
        "type": "function",
        "function": {"name": "store_rows", "arguments": arguments},
    }
    question = {"role": "user", "content": "Store these rows."}
    answer = {"role": "assistant", "content": None, "tool_calls": [asked]}
    told = {"role": "tool", "tool_call_id": "call_big", "content": response}
    common: dict[str, Any] = {"trace_id": BIG, "api": "chat.completions", "model": "gpt-x"}
    return [
        Trace(id=BIG, app="shop", started_at=_moment(90_000), labels=_LABELS),
        ModelCall(
            id=f"{BIG}-m1", step_number=1, messages=[question], output=answer,
            started_at=_moment(90_001), duration_ms=900.0, **common,
        ),
        ToolCall(
            id=f"{BIG}-c2", trace_id=BIG, step_number=2, model_call_id=f"{BIG}-m1",
            tool="store_rows",
            provider_call_id="call_big", arguments=arguments, payload={"rows": rows},
            result=json.loads(response), response=response, outcome="ok",
            started_at=_moment(90_002), duration_ms=70.0,
        ),
        ModelCall(
            id=f"{BIG}-m3", step_number=3, messages=[question, answer, told],
            output={"role": "assistant", "content": "Stored."},
            started_at=_moment(90_003), duration_ms=500.0, **common,
        ),
        _verdict(BIG, 2, "store_rows", is_changed=True, response=today),
    ]  # fmt: skip


def _run() -> ReplayRun:
    return ReplayRun(
        id="run-3", started_at=_moment(172_000), ended_at=_moment(172_060), status="finished",
        toolbox="shop.tools:toolbox", trace_count=2, call_count=LONG_STEPS, exit_code=2,
        verdict_counts={"same": LONG_STEPS - 200, "response_changed": 200},
    )  # fmt: skip


def _verdict(
    trace: str, step: int, tool: str, *, is_changed: bool, response: str | None = None
) -> CallVerdict:
    if not is_changed:
        return CallVerdict(
            run_id="run-3", trace_id=trace, tool_call_id=f"{trace}-c{step}", step_number=step,
            tool=tool, verdict=Verdict.SAME,
        )  # fmt: skip
    today = json.dumps({"order": step, "status": "sent", "note": _note(step)})
    return CallVerdict(
        run_id="run-3", trace_id=trace, tool_call_id=f"{trace}-c{step}", step_number=step,
        tool=tool, verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE, signature=f"renamed-{tool}",
        recorded_outcome="ok",
        changes=[Change(path="state", change="removed", recorded="sent")],
        replayed=CallResult(
            outcome=Outcome.OK, tool=tool, response=response or today, duration_ms=2.0
        ),
    )  # fmt: skip


def _findings() -> list[Record]:
    examples = {"store_rows": (BIG, 2)}
    for step in range(LONG_STEPS, 0, -1):
        tool = f"tool_{step % 5}"
        if step % 50 == 0 and step % (_CALLS_PER_ANSWER + 1) != 1:
            examples[tool] = (LONG, step)
    return [
        Finding(
            run_id="run-3", signature=f"renamed-{tool}", tool=tool,
            verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE,
            title=f"{tool}: `state` is now `status`", call_count=40, first_divergence_count=1,
            trace_count=1, tool_call_total=1_500, example_tool_call_id=f"{trace}-c{step}",
            example_trace_id=trace, example_step_number=step,
        )
        for tool, (trace, step) in examples.items()
    ]  # fmt: skip


def _see_everything(path: Path) -> None:
    """Give each prompt of the long trace all messages before it: as an agent sends them.

    Through the store that would be four gigabytes of prompts to say the same.
    """
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE model_call_rows SET prompt = (SELECT json_array(json_array(1, "
            "max(span.value ->> 1))) FROM json_each(prompt) span) "
            "WHERE trace = (SELECT key FROM trace_rows WHERE id = ?)",
            (LONG,),
        )
    connection.close()
