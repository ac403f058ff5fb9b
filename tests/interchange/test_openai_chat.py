from __future__ import annotations

from typing import Any

import pytest

from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store
from tests.interchange.chats import (
    WEATHER_TOOL,
    answers,
    asked_by_user,
    asks,
    call,
    chat,
    exported,
    imported,
    model_calls,
    only_transcript,
    says,
    tool_calls,
    weather_chat,
)
from tests.interchange.conftest import WriteLines


def test_each_assistant_message_is_one_model_call_with_the_prompt_it_saw(
    store: Store, write_lines: WriteLines
) -> None:
    line = weather_chat()

    imported(store, write_lines(line))

    first, second = model_calls(only_transcript(store))
    assert first.messages == line["messages"][:2]
    assert first.output == line["messages"][2]
    assert first.tools == [WEATHER_TOOL]
    assert first.model == "gpt-4o"
    assert second.output == line["messages"][5]
    assert [message["role"] for message in second.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
    ]


def test_steps_are_numbered_in_the_order_of_the_file(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(weather_chat()))

    steps = only_transcript(store).steps
    assert [(type(step), step.step_number) for step in steps] == [
        (ModelCall, 1),
        (ToolCall, 2),
        (ToolCall, 3),
        (ModelCall, 4),
    ]


def test_arguments_are_kept_byte_for_byte(store: Store, write_lines: WriteLines) -> None:
    imported(store, write_lines(weather_chat()))

    arguments = [one.arguments for one in tool_calls(only_transcript(store))]
    assert arguments == ['{"city": "Paris"}', '{"city":"Rome"}']


def test_the_second_answer_with_a_repeated_id_goes_to_the_second_call(
    store: Store, write_lines: WriteLines
) -> None:
    imported(store, write_lines(weather_chat()))

    paris, rome = tool_calls(only_transcript(store))
    assert (paris.response, paris.outcome) == ("15 C", Outcome.OK)
    assert (rome.response, rome.outcome) == ("no such city", Outcome.FAILED)
    assert rome.error is not None
    assert rome.error.message == "no such city"


def test_an_id_that_comes_back_in_a_later_message_is_bound_in_order(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        asks(call("x", "look", '{"n": 1}')),
        answers("x", "one"),
        asks(call("x", "look", '{"n": 2}')),
        answers("x", "two"),
    )

    imported(store, write_lines(line))

    assert [one.response for one in tool_calls(only_transcript(store))] == ["one", "two"]


def test_a_missing_answer_does_not_shift_the_answers_of_later_calls(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        asks(call("x", "look", '{"n": 1}')),
        asked_by_user("never mind"),
        asks(call("x", "look", '{"n": 2}')),
        answers("x", "two"),
    )

    imported(store, write_lines(line))

    first, second = tool_calls(only_transcript(store))
    assert (first.response, first.outcome) == (None, Outcome.UNFINISHED)
    assert (second.response, second.outcome) == ("two", Outcome.OK)


def test_answers_without_an_id_are_bound_by_tool_and_position(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        asks(call(None, "a", "{}"), call(None, "b", "{}")),
        answers(None, "from b", name="b"),
        answers(None, "from a"),
    )

    imported(store, write_lines(line))

    a, b = tool_calls(only_transcript(store))
    assert (a.response, b.response) == ("from a", "from b")
    assert a.bound_by == "position"


def test_an_answer_to_no_call_is_kept_and_told(store: Store, write_lines: WriteLines) -> None:
    line = chat(asks(call("x", "look", "{}")), answers("y", "stray"), says("done"))

    report = imported(store, write_lines(line))

    (look,) = tool_calls(only_transcript(store))
    assert look.outcome == Outcome.UNFINISHED
    assert report.notes["answers to no call of the conversation: kept as messages"] == 1
    assert exported(store, "openai-chat") == [line]


@pytest.mark.parametrize("arguments", ['{"city": "Par', "[1, 2]", "Paris"])
def test_arguments_that_are_no_json_object_are_bad_json(
    store: Store, write_lines: WriteLines, arguments: str
) -> None:
    line = chat(asks(call("x", "get_weather", arguments)), answers("x", "cannot read that"))

    imported(store, write_lines(line))

    (one,) = tool_calls(only_transcript(store))
    assert one.outcome == Outcome.BAD_JSON
    assert one.arguments == arguments


def test_an_answer_marked_as_a_success_is_believed(store: Store, write_lines: WriteLines) -> None:
    line = chat(asks(call("x", "get_weather", "Paris")), answers("x", "15 C", error=False))

    imported(store, write_lines(line))

    (one,) = tool_calls(only_transcript(store))
    assert one.outcome == Outcome.OK


def test_a_tool_that_was_not_shown_is_unknown_only_where_the_answer_says_so(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        asks(call("1", "get_wether", "{}"), call("2", "hidden_tool", "{}")),
        answers("1", "Unknown tool: get_wether"),
        answers("2", "it worked"),
        tools=[WEATHER_TOOL],
    )

    imported(store, write_lines(line))

    outcomes = [one.outcome for one in tool_calls(only_transcript(store))]
    assert outcomes == [Outcome.UNKNOWN_TOOL, Outcome.OK]


def test_a_simulated_users_calls_are_steps_that_the_model_never_saw(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        says("Is your phone on?"),
        {"role": "user", "content": None, "tool_calls": [call("u1", "check_phone", "{}")]},
        answers("u1", "it is on", requestor="user"),
        asked_by_user("Yes."),
        says("Good."),
    )

    imported(store, write_lines(line))

    transcript = only_transcript(store)
    (check,) = tool_calls(transcript)
    assert (check.actor, check.tool, check.response) == ("user", "check_phone", "it is on")
    assert check.model_call_id is None
    assert check.step_number == 2
    assert model_calls(transcript)[1].messages == [line["messages"][0], line["messages"][3]]
    assert exported(store, "openai-chat") == [line]


def test_positional_arguments_are_kept(store: Store, write_lines: WriteLines) -> None:
    line = chat(asks(call("x", "add", "{}", positional=[1, 2])), answers("x", "3"))

    imported(store, write_lines(line))

    (add,) = tool_calls(only_transcript(store))
    assert add.positional == [1, 2]
    assert "verbatim" not in only_transcript(store).trace.attributes
    assert "positional" not in model_calls(only_transcript(store))[0].output["tool_calls"][0]
    assert exported(store, "openai-chat") == [line]


def test_fields_about_a_message_are_no_part_of_the_prompt(
    store: Store, write_lines: WriteLines
) -> None:
    line = chat(
        asked_by_user() | {"timestamp": "2026-11-20T10:00:01", "cost": 0.1},
        says("Hi", timestamp="2026-11-20T10:00:02", usage={"prompt_tokens": 3}, weight=0),
    )

    imported(store, write_lines(line))

    (answer,) = model_calls(only_transcript(store))
    assert answer.messages == [asked_by_user()]
    assert answer.output == says("Hi")
    assert answer.usage == {"prompt_tokens": 3}
    assert answer.attributes["message"] == {"timestamp": "2026-11-20T10:00:02", "weight": 0}
    assert "verbatim" not in only_transcript(store).trace.attributes
    assert answer.started_at == "2026-11-20T10:00:02.000000Z"
    assert exported(store, "openai-chat") == [line]


def test_the_start_of_the_world_is_init_with_corpus_and_domain(
    store: Store, write_lines: WriteLines
) -> None:
    line = weather_chat() | {"init": {"rows": [1]}, "domain": "airline", "split": "test"}

    imported(store, write_lines(line))

    trace = only_transcript(store).trace
    assert trace.start == {"init": {"rows": [1]}, "domain": "airline"}
    assert trace.labels == {"id": "w/1", "domain": "airline"}
    assert trace.attributes["line"]["split"] == "test"


def test_toolset_and_system_prompt_come_from_the_contexts_beside_the_file(
    store: Store, write_lines: WriteLines
) -> None:
    entry = {"tools": [WEATHER_TOOL], "system": "Be brief."}
    write_lines({"c7": entry}, name="contexts.json")
    line = chat(asked_by_user(), says("Hi"), context="c7")

    imported(store, write_lines(line))

    (answer,) = model_calls(only_transcript(store))
    assert answer.messages == [{"role": "system", "content": "Be brief."}, asked_by_user()]
    assert answer.tools == [WEATHER_TOOL]
    assert exported(store, "openai-chat") == [line]
    assert exported(store, "openai-chat", inline=True) == [
        {
            "messages": [{"role": "system", "content": "Be brief."}, *line["messages"]],
            "tools": [WEATHER_TOOL],
        }
    ]


def test_a_context_that_is_nowhere_is_told(store: Store, write_lines: WriteLines) -> None:
    report = imported(store, write_lines(chat(asked_by_user(), says("Hi"), context="c7")))

    assert report.notes["conversations whose `context` is in no contexts.json beside"] == 1


def test_the_old_function_call_form_is_read_too(store: Store, write_lines: WriteLines) -> None:
    line = chat(
        says("") | {"function_call": {"name": "get_weather", "arguments": "{}"}},
        {"role": "function", "name": "get_weather", "content": "15 C"},
        functions=[{"name": "get_weather", "parameters": {}}],
    )

    report = imported(store, write_lines(line))

    (one,) = tool_calls(only_transcript(store))
    assert (one.tool, one.response) == ("get_weather", "15 C")
    assert report.is_complete
    assert exported(store, "openai-chat") == [line]


UNUSUAL: list[dict[str, Any]] = [
    chat(asked_by_user(), id=7),
    chat(asked_by_user(), model="m", tools=[WEATHER_TOOL]),
    chat(says("a"), model=None, tools=[], init=None),
    chat(asks(call("1", "f", {"a": 1})), answers("1", [{"type": "text", "text": "x"}])),
    chat(asks({"id": "1", "type": "custom", "custom": {"name": "sh", "input": "ls -l"}})),
    chat(asks(call("1", "f", None), call("2", "g", "")), answers("2", None)),
    chat(says("lone surrogate \ud83d, NUL \x00"), answers("?", "x"), big=2**70),
    chat(
        {"role": "user", "content": "look", "tool_calls": [call("1", "f", "{}", extra=1)]},
        answers("1", "y"),
        says("ok", tool_calls=None),
    ),
]


@pytest.mark.parametrize("line", UNUSUAL)
def test_an_unusual_line_comes_out_as_it_went_in(
    store: Store, write_lines: WriteLines, line: dict[str, Any]
) -> None:
    report = imported(store, write_lines(line))

    assert report.is_complete
    assert exported(store, "openai-chat") == [line]
