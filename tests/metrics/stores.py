"""Recorded calls made up for metrics: every outcome, two models, two versions of the schemas."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay.records import Interaction, ModelCall, Outcome, StageTiming, ToolCall, Trace
from replay.store import Store

_START = datetime(2026, 11, 20, tzinfo=UTC)

TOOLS = ("search", "book", "refund")
MODELS = ("small-1", "large-2")
OUTCOMES = (Outcome.OK,) * 12 + (
    Outcome.FAILED,
    Outcome.INVALID_ARGUMENTS,
    Outcome.BAD_JSON,
    Outcome.UNKNOWN_TOOL,
)


def moment(second: float) -> str:
    return (_START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def definition(tool: str, version: int) -> dict[str, Any]:
    properties = {"city": {"type": "string"}, "count": {"type": "integer", "default": 1}}
    if version == 2:
        properties["unit"] = {"type": "string"}
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    return {"type": "function", "function": {"name": tool, "parameters": parameters}}


def records(trace_count: int, seed: int = 1) -> list[Any]:
    """Return so many traces of a model call and up to three tool calls each."""
    chance = random.Random(seed)
    found: list[Any] = []
    for number in range(trace_count):
        trace, start = f"t{number:04d}", number * 1800.0
        found.append(
            Trace(
                id=trace,
                app=("shop", "desk")[number % 2],
                started_at=moment(start),
                ended_at=moment(start + 9),
            )
        )
        usage = {"prompt_tokens": 100 + number, "completion_tokens": 7}
        if number % 3 == 0:
            usage["prompt_tokens_details"] = {"cached_tokens": 64}
        found.append(
            ModelCall(
                id=f"{trace}-m",
                trace_id=trace,
                step_number=1,
                api="chat.completions",
                model=MODELS[number % 2],
                messages=[{"role": "user", "content": "Go on."}],
                tools=[definition(tool, 1 + (number > trace_count // 2)) for tool in TOOLS],
                output={"role": "assistant", "content": None},
                usage=usage,
                started_at=moment(start),
                duration_ms=chance.expovariate(1 / 900),
            )
        )
        found += [_call(trace, start, index, chance) for index in range(chance.randint(0, 3))]
    return found


def _call(trace: str, start: float, index: int, chance: random.Random) -> ToolCall:
    outcome = chance.choice(OUTCOMES)
    return ToolCall(
        id=f"{trace}-c{index}",
        trace_id=trace,
        step_number=2 + index,
        model_call_id=f"{trace}-m",
        call_index=index,
        tool="invented" if outcome is Outcome.UNKNOWN_TOOL else chance.choice(TOOLS),
        tool_version=chance.choice(["1", "2", None]),
        arguments='{"city": "Oslo"}',
        outcome=outcome,
        started_at=moment(start + 1 + index),
        duration_ms=None if chance.random() < 0.1 else chance.expovariate(1 / 40),
    )


def timed_call(trace: str, **more: Any) -> list[Any]:
    """Return a call with stages, and two questions to the outside that overlap."""
    stages = [
        ("parse", 1000),
        ("resolve", 500),
        ("validate", 2000),
        ("invoke", 90_000),
        ("encode", 500),
    ]
    fields: dict[str, Any] = {
        "id": f"{trace}-timed",
        "trace_id": trace,
        "step_number": 9,
        "tool": "search",
        "arguments": "{}",
        "outcome": Outcome.OK,
        "started_at": moment(5),
        "duration_ms": 94.0,
        "stages": [StageTiming(stage, took) for stage, took in stages],  # type: ignore[arg-type]
    }
    call = ToolCall(**(fields | more))
    return [
        call,
        *(
            _asked(call.id, at, start, took)
            for at, (start, took) in enumerate([(1.0, 40.0), (21.0, 40.0)])
        ),
    ]


def _asked(call: str, index: int, offset_ms: float, duration_ms: float) -> Interaction:
    exchange = {"offset_ms": offset_ms, "duration_ms": duration_ms}
    return Interaction(
        id=f"{call}-i{index}", tool_call_id=call, interaction_index=index, exchange=exchange
    )


def make_store(path: Path, trace_count: int = 120, *, more: list[Any] | None = None) -> Path:
    with Store.open(path, "create") as store:
        store.append_all(records(trace_count))
        store.append_all(more or [])
    return path
