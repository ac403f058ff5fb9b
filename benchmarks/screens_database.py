"""The database of the terminal UI's measurement: a million calls, a long trace, big values.

`queries_database` makes the million, with two replay runs. Some traces come on top, the newest:
`LONG`, of ten thousand steps, each model call of which saw the whole conversation before it, and
those of `screens_values`, whose one call has five megabytes. A third replay run judged them all,
and found differences.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.queries_database import build as build_calls
from benchmarks.screens_values import (
    LABELS,
    RUN,
    VALUES,
    branch_records,
    moment,
    note,
    value_records,
)
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
LONG_STEPS: Final = 10_000
BIG: Final = "big-payload"

_CALLS_PER_ANSWER: Final = 3
_BATCH: Final = 1_000
_SEEN: Final = 8
"""Messages that a model call of the long trace is written with; `_see_everything` gives it all."""


def build(path: Path, call_count: int, *, has_long: bool = True, has_values: bool = True) -> None:
    """Make a database of about ``call_count`` tool calls in many traces, and those traces."""
    if call_count:
        build_calls(path, call_count)
    with Store.open(path, "w" if call_count else "create") as store:
        store.append_all([_run()])
        if has_long:
            _append_long(store)
        if has_values:
            for at, trace in enumerate(reversed(VALUES)):
                store.append_all(value_records(trace, second=90_000 + 10 * at))
            store.append_all(branch_records(BIG))
        store.append_all(_findings(has_long=has_long, has_values=has_values))
    if has_long:
        _see_everything(path)


def _append_long(store: Store) -> None:
    batch: list[Record] = [Trace(id=LONG, app="shop", started_at=moment(0), labels=LABELS)]
    for record in _long_steps():
        batch.append(record)
        if len(batch) >= _BATCH:
            store.append_all(batch)
            batch.clear()
    store.append_all(batch)


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
            started_at=moment(step),
            duration_ms=800.0,
        )
        messages.append(answer)
        for index, one in enumerate(asked):
            if step >= LONG_STEPS:
                break
            step += 1
            response = json.dumps({"order": step, "state": "sent", "note": note(step)})
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
                started_at=moment(step),
                duration_ms=12.0,
            )
            messages.append({"role": "tool", "tool_call_id": one["id"], "content": response})
            yield _verdict(LONG, step, one["function"]["name"], is_changed=step % 50 == 0)


def _asked(step: int) -> dict[str, Any]:
    arguments = json.dumps({"order": step, "fields": ["state", "note"], "why": note(step)})
    return {
        "id": f"call_{step}",
        "type": "function",
        "function": {"name": f"tool_{step % 5}", "arguments": arguments},
    }


def _run() -> ReplayRun:
    return ReplayRun(
        id=RUN, started_at=moment(172_000), ended_at=moment(172_060), status="finished",
        toolbox="shop.tools:toolbox", trace_count=2, call_count=LONG_STEPS, exit_code=2,
        verdict_counts={"same": LONG_STEPS - 200, "response_changed": 200},
    )  # fmt: skip


def _verdict(
    trace: str, step: int, tool: str, *, is_changed: bool, response: str | None = None
) -> CallVerdict:
    if not is_changed:
        return CallVerdict(
            run_id=RUN, trace_id=trace, tool_call_id=f"{trace}-c{step}", step_number=step,
            tool=tool, verdict=Verdict.SAME,
        )  # fmt: skip
    today = json.dumps({"order": step, "status": "sent", "note": note(step)})
    return CallVerdict(
        run_id=RUN, trace_id=trace, tool_call_id=f"{trace}-c{step}", step_number=step,
        tool=tool, verdict=Verdict.RESPONSE_CHANGED, cause=Cause.CODE, signature=f"renamed-{tool}",
        recorded_outcome="ok",
        changes=[Change(path="state", change="removed", recorded="sent")],
        replayed=CallResult(
            outcome=Outcome.OK, tool=tool, response=response or today, duration_ms=2.0
        ),
    )  # fmt: skip


def _findings(*, has_long: bool, has_values: bool) -> list[Record]:
    examples = {"store_rows": (BIG, 2)} if has_values else {}
    for step in range(LONG_STEPS if has_long else 0, 0, -1):
        tool = f"tool_{step % 5}"
        if step % 50 == 0 and step % (_CALLS_PER_ANSWER + 1) != 1:
            examples[tool] = (LONG, step)
    return [
        Finding(
            run_id=RUN, signature=f"renamed-{tool}", tool=tool,
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
