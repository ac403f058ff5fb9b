"""The real OpenAI client, in all its ways, against a scripted model server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from replay import Recorder
from replay.demo.model_server import Call, ModelServer, Turn
from replay.records import ModelCall, Outcome, ToolCall, Transcript
from tests.recorder.agents import Tool
from tests.recorder.conftest import AgentRun

SCRIPT = [
    [Call("get_weather", {"city": "Paris"}), Call("search_flights", {"to": "PAR"})],
    "18 °C in Paris, and a flight for 412 EUR.",
]


def get_weather(city: str, unit: str = "c") -> dict[str, Any]:
    return {"city": city, "degrees": 18, "unit": unit}


def search_flights(to: str) -> list[dict[str, Any]]:
    return [{"to": to, "price": 412}]


TOOLS: dict[str, Tool] = {"get_weather": get_weather, "search_flights": search_flights}


def watched(recorder: Recorder) -> dict[str, Tool]:
    return {name: recorder.tool(tool) for name, tool in TOOLS.items()}


def only_trace(recorder: Recorder) -> Transcript:
    (trace_id,) = recorder.store.trace_ids()
    return recorder.store.transcript(trace_id)


def model_calls(transcript: Transcript) -> list[ModelCall]:
    return [step for step in transcript.steps if isinstance(step, ModelCall)]


def tool_calls(transcript: Transcript) -> list[ToolCall]:
    return [step for step in transcript.steps if isinstance(step, ToolCall)]


def test_a_whole_conversation_is_one_trace(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    server = model(SCRIPT)
    tools = watched(recorder)

    messages = hold_conversation(server.base_url, "To Paris?", tools, recorder)

    transcript = only_trace(recorder)
    first, weather, flights, last = transcript.steps
    assert [step.step_number for step in transcript.steps] == [1, 2, 3, 4]
    assert isinstance(first, ModelCall)
    assert isinstance(last, ModelCall)
    assert isinstance(weather, ToolCall)
    assert isinstance(flights, ToolCall)
    assert (weather.model_call_id, weather.call_index) == (first.id, 0)
    assert (flights.model_call_id, flights.call_index) == (first.id, 1)
    assert weather.arguments == '{"city": "Paris"}'
    assert weather.payload == {"city": "Paris", "unit": "c"}
    assert weather.result == {"city": "Paris", "degrees": 18, "unit": "c"}
    assert weather.response == json.dumps(weather.result)
    assert (weather.outcome, flights.outcome) == (Outcome.OK, Outcome.OK)
    assert first.messages == messages[:1]
    assert len(last.messages) == len(messages) - 1
    assert len(last.tools) == 2
    assert (first.finish_reason, last.response_model) in (
        ("tool_calls", "gpt-5-2026-11-01"),
        ("completed", "gpt-5-2026-11-01"),
    )
    assert "18 °C in Paris" in json.dumps(last.output, ensure_ascii=False)
    assert first.response_id is not None
    assert first.request_id is not None
    assert first.status_code == 200
    assert first.streamed == (first.first_chunk_ms is not None)


def test_the_agent_sees_the_same_with_and_without_us(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    alone, beside = model(SCRIPT), model(SCRIPT)

    bare = hold_conversation(alone.base_url, "To Paris?", TOOLS, None)
    recorded = hold_conversation(beside.base_url, "To Paris?", watched(recorder), recorder)

    assert recorded == bare
    assert [_sent(exchange) for exchange in beside.exchanges] == [
        _sent(exchange) for exchange in alone.exchanges
    ]


def _sent(exchange: Any) -> Any:
    headers = {k: v for k, v in exchange.headers.items() if k.lower() != "host"}
    headers.pop("X-Stainless-Idempotency-Key", None)
    headers.pop("Idempotency-Key", None)
    return exchange.path, headers, exchange.body


def test_usage_is_kept(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    server = model(["Hello."])

    hold_conversation(server.base_url, "Hi", {}, recorder)

    (call,) = model_calls(only_trace(recorder))
    # Chat streams have no usage unless it is asked for, and we never ask.
    wanted = None if call.api == "chat.completions" and call.streamed else call.usage
    assert call.usage == wanted
    assert wanted is None or wanted["total_tokens"] > 0


def test_the_effective_prompt_is_kept_where_requests_are_deltas(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    server = model(SCRIPT)

    messages = hold_conversation(server.base_url, "To Paris?", TOOLS, recorder)

    first, last = model_calls(only_trace(recorder))
    is_delta = first.api == "responses"
    assert last.request_mode == ("delta" if is_delta else "full")
    assert last.previous_response_id == (first.response_id if is_delta else None)
    assert [_essence(message) for message in last.messages] == [
        _essence(message) for message in messages[:-1]
    ]


def _essence(message: Any) -> Any:
    """A message without the nulls and defaults that SDKs leave out when they send it back."""
    return {
        key: message.get(key)
        for key in ("role", "type", "content", "call_id", "tool_call_id", "arguments", "output")
        if message.get(key)
    }


def test_what_the_model_is_told_is_kept_for_calls_that_never_ran(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    asked = [Call("get_weather", '{"city": "Par'), Call("book_hotel", {}), Call("get_weather", {})]
    server = model([asked, "Sorry."])
    tools = {"get_weather": recorder.tool(get_weather)}

    hold_conversation(server.base_url, "To Paris?", tools, recorder)

    bad, unknown, incomplete = tool_calls(only_trace(recorder))
    assert (bad.outcome, bad.response) == (Outcome.BAD_JSON, "Error: the arguments are not JSON")
    assert bad.arguments == '{"city": "Par'
    assert unknown.outcome == Outcome.UNKNOWN_TOOL
    assert unknown.response == "Error: there is no tool book_hotel"
    assert incomplete.outcome == Outcome.INVALID_ARGUMENTS
    assert incomplete.error is not None
    assert incomplete.error.type == "TypeError"


def test_a_tool_that_raises_is_recorded_with_its_exception(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    def search(to: str) -> None:
        raise LookupError(f"no flights to {to}")

    server = model([Call("search_flights", {"to": "PAR"}), "Sorry."])
    tools = {"search_flights": recorder.tool(name="search_flights")(search)}

    hold_conversation(server.base_url, "To Paris?", tools, recorder)

    (call,) = tool_calls(only_trace(recorder))
    assert call.outcome == Outcome.FAILED
    assert call.error is not None
    assert (call.error.type, call.error.message) == ("LookupError", "no flights to PAR")
    assert call.error.traceback is not None
    assert "raise LookupError" in call.error.traceback
    assert call.response == "Error: no flights to PAR"


def test_retries_are_attempts_of_one_model_call(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    server = model([Turn(["Hello."], failures=(429, 500))])

    hold_conversation(server.base_url, "Hi", {}, recorder)

    transcript = only_trace(recorder)
    (call,) = model_calls(transcript)
    attempts = transcript.attempts[call.id]
    assert (call.status_code, call.error) == (200, None)
    assert [(a.attempt_number, a.status_code) for a in attempts] == [(1, 429), (2, 500), (3, 200)]
    assert attempts[0].error is not None
    # A client that asked for a stream retries without reading why.
    assert attempts[0].error.message in ("scripted 429", "(no body was read)")
    assert "Hello." in json.dumps(call.output)


def test_a_failure_that_is_not_retried_is_a_model_call_with_an_error(
    recorder: Recorder, model: Callable[..., ModelServer], hold_conversation: AgentRun
) -> None:
    import openai

    server = model([Turn(["Hello."], failures=(404,))])

    with pytest.raises(openai.NotFoundError):
        hold_conversation(server.base_url, "Hi", {}, recorder)

    transcript = only_trace(recorder)
    (call,) = model_calls(transcript)
    assert (call.status_code, call.output) == (404, None)
    assert call.error is not None
    assert call.error.message == "scripted 404"
    assert transcript.attempts == {}
    assert transcript.trace.attributes["raised"].startswith("NotFoundError")
