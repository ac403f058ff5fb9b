"""Recorded and replayed calls in the few words that a test of verdicts needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from replay.records import (
    CallError,
    CallResult,
    CallVerdict,
    InteractionChange,
    Lanes,
    ModelCall,
    Outcome,
    OutsideReport,
    ReplayedCall,
    Stage,
    ToolCall,
    Trace,
    Transcript,
)
from replay.verdicts import Rules, judge

AT = "2026-11-21T09:00:00.000000Z"


def recorded(response: str | None = "ok", **fields: Any) -> ToolCall:
    plain: dict[str, Any] = {
        "id": "c1",
        "trace_id": "t1",
        "step_number": 2,
        "tool": "book",
        "arguments": '{"room": 7}',
        "outcome": Outcome.OK,
        "started_at": AT,
    }
    return ToolCall(response=response, **{**plain, **fields})


def replayed(
    response: str | None = "ok",
    outcome: Outcome = Outcome.OK,
    *,
    error: CallError | None = None,
    outside: list[InteractionChange] | None = None,
    asked: list[str] | None = None,
    recorded_outcome: Outcome | None = None,
    call_id: str = "c1",
    tool: str = "book",
    **fields: Any,
) -> ReplayedCall:
    return ReplayedCall(
        tool_call_id=call_id,
        result=CallResult(outcome=outcome, tool=tool, response=response, error=error, **fields),
        outside=OutsideReport(changes=outside or [], asked=asked or []),
        recorded_outcome=recorded_outcome,
    )


def failure(message: str, kind: str = "ValueError", stage: Stage = Stage.INVOKE) -> CallError:
    return CallError(type=kind, message=message, stage=stage)


def miss(request: str = "GET https://api.example.com/rooms/7") -> InteractionChange:
    return InteractionChange(change="unanswered", request=request)


def verdict_on(
    call: ToolCall, today: ReplayedCall, rules: Rules | None = None, **lanes: Any
) -> CallVerdict:
    situation = lanes.pop("situation", None)
    again = lanes.pop("again", None)
    return judge(
        call,
        Lanes(replayed=today, **lanes),
        rules or Rules(),
        run_id="r1",
        situation=situation,
        again=again,
    )


@dataclass
class Scene:
    """A trace in the making: model calls and tool calls with their replays."""

    steps: list[ModelCall | ToolCall] = field(default_factory=list)
    lanes: dict[str, Lanes] = field(default_factory=dict)

    def model(self, name: str = "gpt-4o") -> str:
        number = len(self.steps) + 1
        call = ModelCall(
            id=f"m{number}",
            trace_id="t1",
            step_number=number,
            api="chat.completions",
            model="gpt-4o",
            response_model=name,
            started_at=AT,
        )
        self.steps.append(call)
        return call.id

    def tool(
        self,
        today: ReplayedCall,
        asked_by: str | None = None,
        lanes: dict[str, Any] | None = None,
        **fields: Any,
    ) -> str:
        number = len(self.steps) + 1
        call = recorded(id=f"c{number}", step_number=number, model_call_id=asked_by, **fields)
        self.steps.append(call)
        self.lanes[call.id] = Lanes(
            replayed=today.model_copy(update={"tool_call_id": call.id}), **(lanes or {})
        )
        return call.id

    def transcript(self) -> Transcript:
        return Transcript(trace=Trace(id="t1", started_at=AT), steps=list(self.steps))
