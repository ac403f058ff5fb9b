"""Logs of gateways: pairs of requests and answers, whoever wrote them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay.records import Outcome, Selection, Transcript
from replay.store import Store
from tests.interchange.chats import (
    WEATHER_TOOL,
    answers,
    asked_by_user,
    asks,
    call,
    imported,
    model_calls,
    says,
    tool_calls,
)
from tests.interchange.conftest import WriteLines

ASKED = asks(call("c1", "get_weather", '{"city": "Paris"}'))


def exchange(messages: list[Any], said: dict[str, Any], number: int = 1) -> tuple[Any, Any]:
    request = {"model": "gpt-5", "messages": messages, "tools": [WEATHER_TOOL]}
    answer = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": "gpt-5-2026",
        "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    return request, answer


def conversation(question: str = "Weather?", number: int = 1) -> list[tuple[Any, Any]]:
    first = [asked_by_user(question)]
    second = [*first, ASKED, answers("c1", "15 C")]
    return [exchange(first, ASKED, number), exchange(second, says("15 degrees."), -number)]


SHAPES: dict[str, Any] = {
    "bodies": lambda q, a: {"request": q, "response": a},
    "bodies one level down": lambda q, a: {"request": {"body": q}, "response": {"body": a}},
    "bodies as text": lambda q, a: {
        "request_body": json.dumps(q),
        "response_body": json.dumps(a),
        "status": 200,
    },
    "names in camel case": lambda q, a: {"requestBody": q, "responseBody": a, "provider": "openai"},
    "litellm": lambda q, a: {
        "call_type": "completion",
        "model": "gpt-5",
        "messages": q["messages"],
        "model_parameters": {"tools": q["tools"]},
        "response": a,
    },
}


def transcripts(store: Store) -> list[Transcript]:
    return [store.transcript(one) for one in store.trace_ids(Selection())]


@pytest.mark.parametrize("shape", SHAPES)
def test_pairs_in_every_shape_become_one_conversation(
    store: Store, write_lines: WriteLines, shape: str
) -> None:
    report = imported(store, write_lines(*(SHAPES[shape](*one) for one in conversation())))

    (transcript,) = transcripts(store)
    (get_weather,) = tool_calls(transcript)
    assert report.format == "gateway"
    assert len(model_calls(transcript)) == 2
    assert (get_weather.arguments, get_weather.response) == ('{"city": "Paris"}', "15 C")
    assert get_weather.outcome is Outcome.OK


def test_equal_questions_asked_side_by_side_are_conversations_of_their_own(
    store: Store, write_lines: WriteLines
) -> None:
    talks = [[SHAPES["bodies"](*one) for one in conversation(number=number)] for number in (1, 2)]

    imported(store, write_lines(talks[0][0], talks[1][0], talks[0][1], talks[1][1]))

    assert sorted(len(tool_calls(one)) for one in transcripts(store)) == [1, 1]
    assert [call.response for one in transcripts(store) for call in tool_calls(one)] == ["15 C"] * 2


@pytest.mark.parametrize(
    "where",
    [
        {"metadata": {"session_id": "s1"}},
        {"properties": {"Helicone-Session-Id": "s1"}},
        {"trace_id": "s1"},
        {"request_headers": {"helicone-session-id": "s1"}},
    ],
)
def test_a_session_id_keeps_requests_together_that_do_not_go_on_from_one_another(
    store: Store, write_lines: WriteLines, where: dict[str, Any]
) -> None:
    pairs = [SHAPES["bodies"](*one) for one in (conversation("A")[0], conversation("B", 2)[0])]

    imported(store, write_lines(*({**pair, **where} for pair in pairs)))

    (transcript,) = transcripts(store)
    assert transcript.trace.labels == {"session": "s1"}
    assert len(model_calls(transcript)) == 2


def test_a_response_that_an_earlier_request_of_the_log_gave_is_gone_on_from(
    store: Store, write_lines: WriteLines
) -> None:
    item = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "output": "15 C"}
    first = {
        "request": {"model": "gpt-5", "input": "Weather?"},
        "response": {"object": "response", "id": "r1", "output": [item], "status": "completed"},
    }
    second = {
        "request": {"model": "gpt-5", "input": [result], "previous_response_id": "r1"},
        "response": {"object": "response", "id": "r2", "output": [], "status": "completed"},
    }

    imported(store, write_lines(first, second))

    (transcript,) = transcripts(store)
    last = model_calls(transcript)[-1]
    assert [call.response for call in tool_calls(transcript)] == ["15 C"]
    assert last.messages == [{"role": "user", "content": "Weather?"}, item, result]
    assert (last.request_mode, last.previous_response_id) == ("delta", "r1")


def test_anthropic_messages_are_told_by_their_shape(store: Store, write_lines: WriteLines) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Rome"}}
    told = {"type": "tool_result", "tool_use_id": "t1", "content": "no", "is_error": True}
    question: list[Any] = [{"role": "user", "content": "Weather?"}]
    later = [*question, {"role": "assistant", "content": [use]}]
    later.append({"role": "user", "content": [told]})

    def pair(messages: list[Any], content: list[Any]) -> dict[str, Any]:
        answer = {
            "type": "message",
            "id": f"m{len(messages)}",
            "role": "assistant",
            "content": content,
        }
        return {"request": {"model": "claude", "messages": messages}, "response": answer}

    imported(store, write_lines(pair(question, [use]), pair(later, [])))

    calls = [call for one in transcripts(store) for call in tool_calls(one)]
    assert [(call.outcome, call.response) for call in calls] == [(Outcome.FAILED, "no")]


def test_a_request_that_failed_is_kept_with_its_error(
    store: Store, write_lines: WriteLines
) -> None:
    request, _ = exchange([asked_by_user()], {})
    failure = {"error": {"type": "rate_limit_error", "message": "slow down"}}

    imported(store, write_lines({"request": request, "response": failure, "status_code": 429}))

    (model_call,) = [one for t in transcripts(store) for one in model_calls(t)]
    assert model_call.status_code == 429
    assert model_call.error is not None
    assert (model_call.error.type, model_call.error.message) == ("rate_limit_error", "slow down")
