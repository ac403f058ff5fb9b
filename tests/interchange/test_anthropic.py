from __future__ import annotations

from typing import Any

import pytest

from replay.records import Outcome
from replay.store import Store
from tests.interchange.chats import (
    exported,
    imported,
    model_calls,
    only_transcript,
    tool_calls,
    weather_chat,
)
from tests.interchange.conftest import WriteLines

TOOL = {"name": "get_weather", "description": "Weather.", "input_schema": {"type": "object"}}


def conversation() -> dict[str, Any]:
    return {
        "system": [{"type": "text", "text": "Be brief."}],
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "tools": [TOOL],
        "messages": [
            {"role": "user", "content": "Weather in Paris and Rome?"},
            {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude-sonnet-4-5-20250929",
                "stop_reason": "tool_use",
                "usage": {"input_tokens": 10, "output_tokens": 5},
                "content": [
                    {"type": "thinking", "thinking": "two cities", "signature": "s"},
                    {"type": "text", "text": "I look."},
                    {
                        "type": "tool_use",
                        "id": "t1",
                        "name": "get_weather",
                        "input": {"c": "Paris"},
                    },
                    {"type": "tool_use", "id": "t2", "name": "get_weather", "input": {"c": "Röme"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "t2", "is_error": True, "content": "no"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "t1",
                        "content": [{"type": "text", "text": "15 C"}],
                    },
                ],
            },
            {"role": "assistant", "content": "15 degrees in Paris."},
        ],
    }


def test_tool_use_and_tool_result_become_one_tool_call(
    store: Store, write_lines: WriteLines
) -> None:
    report = imported(store, write_lines(conversation()))

    paris, rome = tool_calls(only_transcript(store))
    assert (paris.arguments, paris.response, paris.outcome) == ('{"c":"Paris"}', "15 C", "ok")
    assert (rome.arguments, rome.response, rome.outcome) == ('{"c":"Röme"}', "no", Outcome.FAILED)
    assert (rome.provider_call_id, rome.call_index) == ("t2", 1)
    assert report.format == "anthropic-messages"
    assert report.is_complete
    assert report.notes["raw argument texts: the format has them parsed"] == 2


def test_the_answers_own_fields_become_fields_of_the_model_call(
    store: Store, write_lines: WriteLines
) -> None:
    line = conversation()

    imported(store, write_lines(line))

    first, second = model_calls(only_transcript(store))
    assert (first.provider, first.api) == ("anthropic", "messages")
    assert (first.model, first.response_model) == (
        "claude-sonnet-4-5",
        "claude-sonnet-4-5-20250929",
    )
    assert (first.response_id, first.finish_reason) == ("msg_1", "tool_use")
    assert first.usage == {"input_tokens": 10, "output_tokens": 5}
    assert first.parameters == {"max_tokens": 1024}
    assert first.messages == [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        line["messages"][0],
    ]
    assert second.output == [{"type": "text", "text": "15 degrees in Paris."}]


def test_a_line_comes_out_as_it_went_in(store: Store, write_lines: WriteLines) -> None:
    line = conversation()

    imported(store, write_lines(line))

    assert exported(store, "anthropic-messages") == [line]


UNUSUAL: list[dict[str, Any]] = [
    {"system": "s", "messages": [{"role": "user", "content": "only a question"}]},
    {"tools": [TOOL], "messages": []},
    {
        "system": None,
        "messages": [
            {"role": "user", "content": "a", "timestamp": "2026-01-01T00:00:00Z"},
            {"role": "assistant", "content": "b", "usage": "unknown", "id": 4},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "gone"}]},
        ],
    },
]


@pytest.mark.parametrize("line", UNUSUAL)
def test_an_unusual_line_comes_out_too(
    store: Store, write_lines: WriteLines, line: dict[str, Any]
) -> None:
    report = imported(store, write_lines(line))

    assert report.format == "anthropic-messages"
    assert report.is_complete
    assert exported(store, "anthropic-messages") == [line]


def test_calls_that_the_provider_ran_itself_are_told_and_kept(
    store: Store, write_lines: WriteLines
) -> None:
    block = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
    line = {"messages": [{"role": "assistant", "content": [block]}]}

    report = imported(store, write_lines(line))

    assert tool_calls(only_transcript(store)) == []
    assert model_calls(only_transcript(store))[0].output == [block]
    assert (
        report.notes["calls that the provider ran itself: kept in the output, not replayable"] == 1
    )
    assert exported(store, "anthropic-messages") == [line]


def test_a_chat_line_is_written_in_anthropics_shape(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(weather_chat()))

    (line,) = exported(store, "anthropic-messages")
    assert line["system"] == "Be brief."
    assert line["messages"] == [
        {"role": "user", "content": "Weather in Paris and Rome?"},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Paris"}},
                {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Rome"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "15 C"},
                {"type": "tool_result", "tool_use_id": "c1", "content": "no such city"},
            ],
        },
        {"role": "assistant", "content": "15 degrees in Paris."},
    ]


def test_an_anthropic_line_is_written_as_chat(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(conversation()))

    (line,) = exported(store, "openai-chat")
    assert [message["role"] for message in line["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
    ]
    assert line["messages"][2]["tool_calls"][1]["function"] == {
        "name": "get_weather",
        "arguments": '{"c":"Röme"}',
    }
    assert line["messages"][3] == {
        "role": "tool",
        "tool_call_id": "t2",
        "content": "no",
        "error": True,
    }
    assert line["tools"][0]["function"]["parameters"] == {"type": "object"}
