"""Records of a small database with everything in it: parallel calls, errors, a replay run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from replay.records import (
    CallError,
    CallResult,
    CallVerdict,
    Cause,
    Change,
    Finding,
    Interaction,
    ModelCall,
    Outcome,
    ReplayRun,
    ToolCall,
    Trace,
    Verdict,
)
from replay.store import Store

WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object"}},
}


def moment(second: int) -> str:
    return f"2026-11-20T10:{second // 60:02d}:{second % 60:02d}.000000Z"


def asked(*names: str) -> dict[str, Any]:
    calls = [
        {
            "id": f"p{at}",
            "type": "function",
            "function": {"name": name, "arguments": '{"city": "Oslo"}'},
        }
        for at, name in enumerate(names)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def model_call(trace: str, number: int, output: Any, messages: list[Any]) -> ModelCall:
    return ModelCall(
        id=f"{trace}-m{number}",
        trace_id=trace,
        step_number=number,
        api="chat.completions",
        model="small-1",
        messages=messages,
        tools=[WEATHER],
        output=output,
        started_at=moment(number),
        duration_ms=12.5,
    )


def tool_call(trace: str, number: int, tool: str, **more: Any) -> ToolCall:
    fields: dict[str, Any] = {
        "model_call_id": f"{trace}-m1",
        "arguments": '{"city": "Oslo"}',
        "payload": {"city": "Oslo"},
        "response": '{"temperature": 4, "city": "Oslo", "sky": "grey"}',
        "outcome": "ok",
        "duration_ms": 3.0,
    }
    return ToolCall(
        id=f"{trace}-c{number}",
        trace_id=trace,
        step_number=number,
        tool=tool,
        started_at=moment(number),
        **(fields | more),
    )


def trip(trace: str, second: int) -> list[Any]:
    """A trace: one model output asks for three calls, the last of which fails."""
    question = {"role": "user", "content": f"What is the weather for {trace}?"}
    return [
        Trace(id=trace, app="trip", started_at=moment(second), ended_at=moment(second + 9)),
        model_call(trace, 1, asked("get_weather", "get_weather", "book"), [question]),
        tool_call(trace, 2, "get_weather", provider_call_id="p0"),
        tool_call(trace, 3, "get_weather", call_index=1, provider_call_id="p1"),
        tool_call(
            trace,
            4,
            "book",
            call_index=2,
            provider_call_id="p2",
            outcome="failed",
            response="Error: book failed",
            error=CallError(type="ValueError", message="no [room] left", traceback="Traceback"),
        ),
        model_call(
            trace,
            5,
            {"role": "assistant", "content": "It is 4 degrees."},
            [question, asked("get_weather")],
        ),
    ]


def interaction(trace: str) -> Interaction:
    exchange = {
        "request": {"method": "GET", "uri": "http://api.test/weather?city=Oslo", "headers": {}},
        "response": {"status": 200, "body": {"temperature": 4}},
    }
    return Interaction(
        id=f"{trace}-i1", tool_call_id=f"{trace}-c2", interaction_index=0, exchange=exchange
    )


def verdict(run: str, trace: str, number: int, said: Verdict, **more: Any) -> CallVerdict:
    return CallVerdict(
        run_id=run,
        trace_id=trace,
        tool_call_id=f"{trace}-c{number}",
        step_number=number,
        tool="get_weather",
        verdict=said,
        **more,
    )


def changed(run: str, trace: str, number: int) -> CallVerdict:
    return verdict(
        run,
        trace,
        number,
        Verdict.RESPONSE_CHANGED,
        cause=Cause.CODE,
        signature="5161a7e1",
        recorded_outcome="ok",
        changes=[
            Change(path="temperature", change="removed", recorded=4),
            Change(path="degrees", change="added", replayed=4),
        ],
        replayed=CallResult(
            outcome=Outcome.OK,
            tool="get_weather",
            response='{"degrees": 4, "city": "Oslo", "sky": "grey"}',
            duration_ms=2.0,
        ),
    )


def replay_run(run: str = "run-1") -> list[Any]:
    """A replay run over trace ``b-trip`` that found one thing."""
    return [
        ReplayRun(
            id=run,
            started_at=moment(600),
            ended_at=moment(601),
            status="finished",
            toolbox="travel_v2:toolbox",
            trace_count=1,
            call_count=3,
            verdict_counts={"same": 2, "response_changed": 1},
            exit_code=2,
        ),
        verdict(run, "b-trip", 2, Verdict.SAME),
        changed(run, "b-trip", 3),
        verdict(run, "b-trip", 4, Verdict.SAME),
        Finding(
            run_id=run,
            signature="5161a7e1",
            tool="get_weather",
            verdict=Verdict.RESPONSE_CHANGED,
            cause=Cause.CODE,
            title="get_weather: `temperature` is now `degrees`",
            call_count=1,
            first_divergence_count=1,
            trace_count=1,
            tool_call_total=3,
            models={"small-1": 1},
            example_tool_call_id="b-trip-c3",
            example_trace_id="b-trip",
            example_step_number=3,
        ),
    ]


def write(path: Path, *records: Any) -> None:
    with Store.open(path, "create") as store:
        store.append_all(records)
