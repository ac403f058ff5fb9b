"""Traces that hold every kind of fact, and what can be asked of each kind after a round trip."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from replay.interchange.shapes import chat_messages, chat_tools
from replay.interchange.spans import chat_usage
from replay.records import (
    Attempt,
    CallError,
    Feedback,
    Interaction,
    ModelCall,
    Outcome,
    Pin,
    Record,
    Stage,
    StageTiming,
    ToolCall,
    ToolSchema,
    Trace,
    Transcript,
)

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Tell it.", "parameters": SCHEMA},
}
CLAUDE_TOOL = {"name": "get_weather", "description": "Tell it.", "input_schema": SCHEMA}
ASKED = {"role": "user", "content": "Paris?"}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":  "Paris"}'},
}
BAD = {"id": "call_2", "type": "function", "function": {"name": "get_weather", "arguments": "{"}}


def at(seconds: float) -> str:
    return f"2026-11-20T12:00:{seconds:09.6f}Z"


def chat_trace() -> list[Record]:
    """A trace of chat completions: two calls at once, one of which ends badly."""
    said = {"role": "assistant", "content": None, "tool_calls": [CALL, BAD]}
    told = [
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": "Error: no JSON"},
    ]
    system = {"role": "system", "content": "Be brief."}
    first = [system, ASKED]
    return [_schema(), _trace("chat"), *_steps("chat", "chat.completions", first, said, told)]


def claude_trace() -> list[Record]:
    """The same of Anthropic's messages, with a thought."""
    said = [
        {"type": "thinking", "thinking": "Which city?", "signature": "c2lnbmVk"},
        {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}},
    ]
    told = {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "rain"}],
    }
    system = {"role": "system", "content": "Be brief."}
    return [_trace("claude"), *_claude_steps([system, ASKED], said, told)]


def _trace(name: str) -> Trace:
    return Trace(
        id=name,
        app="weather",
        started_at=at(0),
        ended_at=at(9),
        outcome="answered",
        start={"place": "Berlin"},
        labels={"team": "a", "session": "s-1"},
        code_version="4f1c2a",
    )


def _schema() -> ToolSchema:
    return ToolSchema(id="b2-16:1", tool="get_weather", dialect="pydantic", definition=SCHEMA)


def _steps(name: str, api: str, first: list[Any], said: Any, told: list[Any]) -> list[Record]:
    usage = chat_usage(10, 5, cached=4, reasoning=2)
    shared: dict[str, Any] = {
        "trace_id": name,
        "api": api,
        "provider": "openai",
        "model": "gpt-5",
        "response_model": "gpt-5-2026",
        "tools": [CHAT_TOOL],
        "parameters": {"temperature": 0.2, "response_format": {"type": "text"}},
        "usage": usage,
        "streamed": True,
    }
    question = ModelCall(
        id=f"{name}#1",
        step_number=1,
        messages=first,
        output=said,
        finish_reason="tool_calls",
        response_id="resp_1",
        started_at=at(1),
        duration_ms=500.0,
        first_chunk_ms=20.0,
        status_code=200,
        **shared,
    )
    answer = ModelCall(
        id=f"{name}#4",
        step_number=4,
        messages=[*first, said, *told],
        output={"role": "assistant", "content": "It rains."},
        finish_reason="stop",
        response_id="resp_2",
        started_at=at(3),
        duration_ms=250.5,
        **shared,
    )
    fine = _fine_call(name, 2, CALL["function"]["arguments"])  # type: ignore[index]
    bad = ToolCall(
        id=f"{name}#3",
        trace_id=name,
        step_number=3,
        model_call_id=f"{name}#1",
        call_index=1,
        provider_call_id="call_2",
        tool="get_weather",
        arguments="{",
        response="Error: no JSON",
        outcome=Outcome.BAD_JSON,
        error=CallError(type="BadJson", message="ends too early", stage=Stage.PARSE),
        started_at=at(1.6),
        duration_ms=1.0,
        offset_ms=100.0,
    )
    by_user = ToolCall(
        id=f"{name}#5",
        trace_id=name,
        step_number=5,
        actor="user",
        tool="look_outside",
        arguments="{}",
        response="wet",
        outcome=Outcome.OK,
        started_at=at(4),
        duration_ms=1.0,
    )
    return [question, fine, bad, answer, by_user, *_around(name)]


def _fine_call(name: str, step: int, arguments: str) -> ToolCall:
    return ToolCall(
        id=f"{name}#{step}",
        trace_id=name,
        step_number=step,
        model_call_id=f"{name}#1",
        provider_call_id="call_1",
        tool="get_weather",
        tool_version="2",
        schema_hash="b2-16:1" if name == "chat" else None,
        arguments=arguments,
        payload={"city": "Paris"},
        result={"sky": "rain"},
        response="rain",
        outcome=Outcome.OK,
        stages=[StageTiming(Stage.INVOKE, 1000.0)],
        started_at=at(1.55),
        duration_ms=100.0,
        offset_ms=50.0,
        state_hash="s1",
        draws={"a.py:1": [{"uuid": "u"}]},
    )


def _around(name: str) -> list[Record]:
    return [
        Attempt(id=f"{name}!1", call_id=f"{name}#1", attempt_number=1, started_at=at(1)),
        Attempt(id=f"{name}!2", call_id=f"{name}#1", attempt_number=2, started_at=at(1.2)),
        Interaction(
            id=f"{name}?1",
            tool_call_id=f"{name}#2",
            interaction_index=0,
            exchange={"request": {"method": "GET", "uri": "http://weather/paris"}},
        ),
        Feedback(
            id=f"{name}.f1",
            trace_id=name,
            step_number=2,
            label="wrong_city",
            score=0.0,
            text="It was Oslo.",
            annotator="ann",
            correction={"tool": "get_weather", "arguments": {"city": "Oslo"}},
            created_at=at(8),
        ),
        Pin(id=f"{name}/", trace_id=name, pinned_at=at(8)),
    ]


def _claude_steps(first: list[Any], said: list[Any], told: Any) -> list[Record]:
    shared: dict[str, Any] = {
        "trace_id": "claude",
        "api": "messages",
        "provider": "anthropic",
        "model": "claude-5",
        "tools": [CLAUDE_TOOL],
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }
    question = ModelCall(
        id="claude#1",
        step_number=1,
        messages=first,
        output=said,
        finish_reason="tool_use",
        started_at=at(1),
        duration_ms=500.0,
        **shared,
    )
    answer = ModelCall(
        id="claude#3",
        step_number=3,
        messages=[*first, {"role": "assistant", "content": said}, told],
        output=[{"type": "text", "text": "It rains."}],
        finish_reason="end_turn",
        started_at=at(3),
        duration_ms=250.0,
        **shared,
    )
    return [question, _fine_call("claude", 2, '{"city":"Paris"}'), answer]


Ask = Callable[[Transcript], Any]


def models(told: Transcript) -> list[ModelCall]:
    return [step for step in told.steps if isinstance(step, ModelCall)]


def calls(told: Transcript) -> list[ToolCall]:
    """Those of the model."""
    return [one for one in told.steps if isinstance(one, ToolCall) and one.actor == "assistant"]


def of_others(told: Transcript) -> list[ToolCall]:
    return [one for one in told.steps if isinstance(one, ToolCall) and one.actor != "assistant"]


def words(told: Transcript) -> list[Any]:
    """What prompts say, but for how they repeat the arguments of calls."""
    return [
        [(message["role"], message.get("content")) for message in chat_messages(one)]
        for one in models(told)
    ]


def arguments(told: Transcript) -> list[Any]:
    """As JSON, where they are JSON."""
    found = []
    for one in calls(told):
        try:
            found.append(json.loads(one.arguments))
        except ValueError:
            found.append(None)
    return found


def of_models(*names: str) -> Ask:
    return lambda told: [[getattr(one, name) for name in names] for one in models(told)]


def of_calls(*names: str) -> Ask:
    return lambda told: [[getattr(one, name) for name in names] for one in calls(told)]


def of_trace(*names: str) -> Ask:
    return lambda told: [getattr(told.trace, name) for name in names]


def of_feedback(*names: str) -> Ask:
    return lambda told: [[getattr(one, name) for name in names] for one in told.feedback]


def thoughts(told: Transcript) -> bool:
    return any("Which city?" in str(one.output) for one in models(told))


def of_error(told: Transcript) -> list[Any]:
    found = [one.error for one in calls(told)]
    return [one and (one.type, one.message, one.stage) for one in found]


CHAT_FACTS: dict[str, Ask] = {
    "what prompts say": words,
    "tool definitions": lambda told: [chat_tools(one) for one in models(told)],
    "tools called, with their arguments": arguments,
    "raw arguments, byte for byte": of_calls("arguments"),
    "what the model was told": of_calls("response"),
    "ids of calls": of_calls("provider_call_id"),
    "outcomes": of_calls("outcome"),
    "errors of tools": of_error,
    "model asked for": of_models("model"),
    "model that answered": of_models("response_model"),
    "provider": of_models("provider"),
    "parameters": of_models("parameters"),
    "finish reasons": of_models("finish_reason"),
    "ids of answers": of_models("response_id"),
    "tokens": of_models("usage"),
    "when steps began": lambda told: [one.started_at for one in (*models(told), *calls(told))],
    "how long steps took": lambda told: [one.duration_ms for one in (*models(told), *calls(told))],
    "time to the first chunk": of_models("first_chunk_ms"),
    "streamed or not": of_models("streamed"),
    "calls of other actors": lambda told: [(one.actor, one.tool) for one in of_others(told)],
    "tool versions": of_calls("tool_version"),
    "id of the trace": of_trace("id"),
    "app": of_trace("app"),
    "start of the world": of_trace("start"),
    "labels": of_trace("labels"),
    "outcome of the trace": of_trace("outcome"),
    "code version": of_trace("code_version"),
    "when the trace began": of_trace("started_at"),
    "feedback": of_feedback("step_number", "label", "score", "text", "annotator"),
    "corrections in feedback": of_feedback("correction"),
    "payloads and results": of_calls("payload", "result"),
    "stages": of_calls("stages"),
    "states and draws": of_calls("state_hash", "draws"),
    "what tools asked outside": lambda told: sum(map(len, told.interactions.values())),
    "tries": lambda told: sum(map(len, told.attempts.values())),
    "pins": lambda told: len(told.pins),
    "schemas that validated": of_calls("schema_hash"),
}
"""What is asked of the chat trace, by its name in docs/export.md."""

CLAUDE_FACTS: dict[str, Ask] = {
    "the API's own shape": of_models("api", "messages", "tools", "output"),
    "thoughts": thoughts,
}
"""What is asked of the Anthropic trace."""
