"""A database of what is seldom and still happens: many of what there are otherwise few of.

Two hundred calls of one model output, ten thousand replay runs, five hundred traces of a megabyte
each, and a tool whose schema was changed three hundred times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.screens_values import LABELS, moment, note
from replay.records import ModelCall, Record, ReplayRun, ToolCall, Trace
from replay.store import Store

PARALLEL: Final = "many-at-once"
PARALLEL_CALLS: Final = 200
RUNS: Final = 10_000
BIG_TRACES: Final = 500
BIG_SIZE: Final = 1_000_000
VERSIONS: Final = 300
SCHEMA_TOOL: Final = "a_tool_that_changes"
_BATCH: Final = 500


def build(path: Path) -> None:
    """Make it."""
    with Store.open(path, "create") as store:
        for records in (_parallel(), _versions(), _runs(), _big_traces()):
            batch: list[Record] = []
            for record in records:
                batch.append(record)
                if len(batch) >= _BATCH:
                    store.append_all(batch)
                    batch.clear()
            store.append_all(batch)


def _parallel() -> Iterator[Record]:
    yield Trace(id=PARALLEL, app="shop", started_at=moment(200_000), labels=LABELS)
    asked = [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": "look_up", "arguments": json.dumps({"order": at})},
        }
        for at in range(PARALLEL_CALLS)
    ]
    answer = {"role": "assistant", "content": None, "tool_calls": asked}
    question: list[Any] = [{"role": "user", "content": "Look up all of them."}]
    common: dict[str, Any] = {"trace_id": PARALLEL, "api": "chat.completions", "model": "gpt-x"}
    yield ModelCall(
        id=f"{PARALLEL}-m1", step_number=1, messages=question, output=answer,
        started_at=moment(200_001), duration_ms=900.0, **common,
    )  # fmt: skip
    told = []
    for at in range(PARALLEL_CALLS):
        response = json.dumps({"order": at, "note": note(at)})
        told.append({"role": "tool", "tool_call_id": f"call_{at}", "content": response})
        yield ToolCall(
            id=f"{PARALLEL}-c{at}", trace_id=PARALLEL, step_number=2 + at, call_index=at,
            model_call_id=f"{PARALLEL}-m1", tool="look_up", provider_call_id=f"call_{at}",
            arguments=json.dumps({"order": at}), payload={"order": at},
            result=json.loads(response), response=response, outcome="ok",
            started_at=moment(200_002), duration_ms=20.0,
        )  # fmt: skip
    yield ModelCall(
        id=f"{PARALLEL}-m{PARALLEL_CALLS + 2}", step_number=PARALLEL_CALLS + 2,
        messages=[*question, answer, *told], output={"role": "assistant", "content": "Done."},
        started_at=moment(200_010), duration_ms=500.0, **common,
    )  # fmt: skip


def _versions() -> Iterator[Record]:
    yield Trace(id="versions", app="shop", started_at=moment(100_000))
    for at in range(VERSIONS):
        properties = {f"field_{number}": {"type": "string"} for number in range(at, at + 20)}
        tool = {
            "type": "function",
            "function": {
                "name": SCHEMA_TOOL,
                "parameters": {"type": "object", "properties": properties},
            },
        }
        yield ModelCall(
            id=f"versions-m{at}", trace_id="versions", step_number=at + 1, api="chat.completions",
            model="gpt-x", messages=[{"role": "user", "content": "Hello."}], tools=[tool],
            output={"role": "assistant", "content": "Hello."}, started_at=moment(100_000 + at),
        )  # fmt: skip


def _runs() -> Iterator[Record]:
    for at in range(RUNS):
        yield ReplayRun(
            id=f"run-{at:05}", started_at=moment(at), ended_at=moment(at + 1), status="finished",
            toolbox="shop.tools:toolbox", trace_count=1, call_count=200, exit_code=0,
            verdict_counts={"same": 200},
        )  # fmt: skip


def _big_traces() -> Iterator[Record]:
    text = " ".join(note(at) for at in range(BIG_SIZE // 48))
    for at in range(BIG_TRACES):
        trace = f"megabyte-{at:03}"
        yield Trace(id=trace, app="shop", started_at=moment(10_000 + at))
        yield ToolCall(
            id=f"{trace}-c1", trace_id=trace, step_number=1, tool="read_page",
            arguments=json.dumps({"page": at}), payload={"page": at}, response=f"{at} {text}",
            outcome="ok", started_at=moment(10_000 + at), duration_ms=20.0,
        )  # fmt: skip
