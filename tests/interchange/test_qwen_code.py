"""Sessions of Qwen Code."""

from __future__ import annotations

from typing import Any

from replay.interchange import qwen_code
from replay.records import Outcome, ToolCall
from replay.store import Store
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines
from tests.interchange.session_forms import qwen, qwen_asks, qwen_session, qwen_tells


def told_of(call: ToolCall) -> tuple[Any, ...]:
    return call.tool, call.arguments, call.outcome, call.response


def test_a_session_of_qwen_code_is_a_trace(store: Store, write_lines: WriteLines) -> None:
    report = imported(store, write_lines(*qwen_session()))

    (call,) = tool_calls(only_transcript(store))
    first, second = model_calls(only_transcript(store))
    assert report.format == "qwen-code"
    assert report.notes[qwen_code.OTHER] == 1
    assert told_of(call) == ("get_weather", '{"city":"Paris"}', Outcome.OK, "18 degrees")
    assert (call.attributes["shown_as"], call.bound_by) == (
        "mcp__travel__get_weather",
        "provider_call_id",
    )
    assert (first.model, first.usage) == (
        "qwen3-coder-plus",
        {"promptTokenCount": 90, "candidatesTokenCount": 7},
    )
    assert len(second.messages) == 3
    assert only_transcript(store).trace.started_at == "2026-11-20T10:00:01.000000Z"


def test_what_was_taken_back_in_a_session_of_qwen_code_is_not_told(
    store: Store, write_lines: WriteLines
) -> None:
    payload = {"truncatedCount": 3}
    back = qwen(6, "system", None, subtype="rewind", systemPayload=payload, parentUuid="q1")
    lines = [*qwen_session(), back, qwen(7, "assistant", [{"text": "Cold."}], model="m")]

    report = imported(store, write_lines(*lines))

    (only,) = model_calls(only_transcript(store))
    assert report.notes[qwen_code.TAKEN_BACK] == 3
    assert [one["parts"][0]["text"] for one in only.messages] == ["How warm is it?"]


def test_a_summary_of_qwen_code_takes_the_place_of_the_conversation(
    store: Store, write_lines: WriteLines
) -> None:
    summary = [{"role": "user", "parts": [{"text": "They asked for the weather."}]}]
    payload = {"info": {}, "compressedHistory": summary}
    lines = [
        *qwen_session(),
        qwen(6, "system", None, subtype="chat_compression", systemPayload=payload),
        qwen(7, "user", [{"text": "And tomorrow?"}]),
        qwen(8, "assistant", [{"text": "Warmer."}], model="m"),
    ]

    imported(store, write_lines(*lines))

    last = model_calls(only_transcript(store))[-1]
    assert last.messages == [*summary, {"role": "user", "parts": [{"text": "And tomorrow?"}]}]


def test_what_qwen_code_refused_and_cancelled_is_told_so(
    store: Store, write_lines: WriteLines
) -> None:
    refusal = {"error": "params must have required property 'city'"}
    lines = [
        qwen(1, "user", [{"text": "How warm is it?"}]),
        qwen_asks(2, "c1"),
        qwen_tells(3, "c1", refusal, status="error", errorType="invalid_tool_params"),
        qwen_asks(4, "c2"),
        qwen_tells(5, "c2", {"error": "[Operation Cancelled]"}, status="cancelled"),
        qwen_asks(6, "c3"),
        qwen_tells(7, "c3", {"error": "no such city"}, status="error"),
    ]

    imported(store, write_lines(*lines))

    calls = tool_calls(only_transcript(store))
    assert [call.outcome for call in calls] == [
        Outcome.INVALID_ARGUMENTS,
        Outcome.CANCELLED,
        Outcome.FAILED,
    ]
    assert calls[0].response == "params must have required property 'city'"


def test_an_agent_that_qwen_code_started_is_a_conversation_of_its_own(
    store: Store, write_lines: WriteLines
) -> None:
    side = {"isSidechain": True, "agentId": "explore-1"}
    lines = [
        *qwen_session()[:3],
        qwen(20, "user", [{"text": "Explore."}], parentUuid=None, **side),
        qwen_asks(21, "d1", "Rome", **side),
        *qwen_session()[3:],
    ]

    imported(store, write_lines(*lines))

    calls = model_calls(only_transcript(store))
    (theirs,) = (call for call in calls if call.attributes.get("agent"))
    assert [one["parts"][0]["text"] for one in theirs.messages] == ["Explore."]
