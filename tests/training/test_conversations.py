"""Supervised fine-tuning: what is learned, what is only read, and where a conversation ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says
from tests.training.conftest import WEATHER, Export, corrected, retried, weather

ALL = "--split train=1"


def test_a_good_conversation_is_learned_whole(export: Export) -> None:
    (line,) = export("openai-sft", weather("Paris"), options=ALL)["train"]
    assert [message["role"] for message in line["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert weights(line) == [1, 1]
    assert line["tools"] == [WEATHER]


def test_a_conversation_ends_before_its_first_mistake(export: Export) -> None:
    first = weather("Paris")
    mistake = retried("Rome", '{"town": "Rome"}')
    both = {**first, "messages": first["messages"] + mistake["messages"]}
    (line,) = export("openai-sft", both, options=ALL)["train"]
    assert line["messages"][-1]["content"] == "15 degrees in Paris."


def test_a_call_that_failed_in_its_tool_is_read_and_not_learned(export: Export) -> None:
    talk = chat(
        asked_by_user("Weather in Atlantis?"),
        asks(call("c1", "get_weather", '{"city": "Atlantis"}')),
        answers("c1", "no such city", error=True),
        says("There is no such city."),
        id="a",
        tools=[WEATHER],
    )
    (line,) = export("openai-sft", talk, options=ALL)["train"]
    assert weights(line) == [0, 1]
    (line,) = export("openai-sft", options=f"{ALL} --keep valid")["train"]
    assert weights(line) == [1, 1]


def test_answers_from_before_the_recording_are_read_and_not_learned(export: Export) -> None:
    """A request body of Anthropic's holds earlier turns; here a prompt that nobody recorded."""
    talk = weather("Paris")
    first = {"role": "assistant", "content": "How can I help?"}
    told = {**talk, "messages": [first, *talk["messages"]]}
    (line,) = export("openai-sft", told, options=ALL)["train"]
    assert weights(line) == [1, 1, 1], "an import takes every answer of the model for a decision"


def test_a_correction_takes_the_place_of_what_the_model_did(export: Export) -> None:
    right = {"tool": "get_weather", "arguments": {"city": "Bonn"}}
    (line,) = export("openai-sft", corrected("Bonn", "Berlin", right), options=ALL)["train"]
    last = line["messages"][-1]
    assert json.loads(last["tool_calls"][0]["function"]["arguments"]) == {"city": "Bonn"}
    assert last["weight"] == 1
    assert len(line["messages"]) == 2


def test_a_correction_in_words_is_what_should_have_been_written(export: Export) -> None:
    (line,) = export("openai-sft", corrected("Bonn", "Berlin", "Which Bonn?"), options=ALL)["train"]
    assert line["messages"][-1] == {"role": "assistant", "content": "Which Bonn?", "weight": 1}


def test_a_correction_that_does_not_fit_the_schema_is_left_out_and_said(
    export: Export, capsys: Any
) -> None:
    wrong = {"tool": "get_weather", "arguments": {"town": "Bonn"}}
    assert export("openai-sft", corrected("Bonn", "Berlin", wrong), options=ALL)["train"] == []
    assert "a correction with arguments that do not fit" in capsys.readouterr().err


def test_only_rated_decisions_are_kept_where_that_is_asked_for(export: Export) -> None:
    good = weather("Oslo", human_feedback=[{"rating": "good"}])
    lines = export("openai-sft", weather("Paris"), good, options=f"{ALL} --keep good")["train"]
    assert [line["messages"][0]["content"] for line in lines] == ["Weather in Oslo?"]


def test_anthropic_lines_end_with_the_models_message(export: Export) -> None:
    talk = weather("Paris")
    told = {**talk, "messages": [{"role": "system", "content": "Be brief."}, *talk["messages"]]}
    (line,) = export("anthropic", told, options=ALL)["train"]
    assert line["system"] == "Be brief."
    assert line["tools"][0]["input_schema"]["required"] == ["city"]
    assert [message["role"] for message in line["messages"]] == [
        "user",
        "assistant",
        "user",
        "assistant",
    ]


def test_people_begin_an_anthropic_line(export: Export) -> None:
    talk = weather("Paris")
    greeted = {**talk, "messages": [says("How can I help?"), *talk["messages"]]}
    (line,) = export("anthropic", greeted, options=ALL)["train"]
    assert line["messages"][0] == {"role": "user", "content": "Weather in Paris?"}
    alone = chat(says("How can I help?"), id="alone", tools=[WEATHER])
    assert export("anthropic", alone, options=ALL)["train"] == []


@pytest.mark.parametrize("name", ["openai-sft", "anthropic"])
def test_ids_that_begin_anew_in_every_answer_are_told_apart(export: Export, name: str) -> None:
    """Anthropic refuses a conversation in which two calls have one id."""
    first, second = weather("Paris"), weather("Rome")
    both = {**first, "messages": [*first["messages"], *second["messages"]]}
    (line,) = export(name, both, options=ALL)["train"]
    text = json.dumps(line["messages"])
    assert [text.count(f'"{one}"') for one in ("c1", "c1_2")] == [2, 2]
    assert text.index('"c1_2"') > text.index("Weather in Rome?")


def test_toolformer_texts_have_their_calls_inside(export: Export) -> None:
    (line,) = export("toolformer", weather("Paris"), options=ALL)["train"]
    assert line["text"].splitlines() == [
        "User: Weather in Paris?",
        '[get_weather(city="Paris") → 15 C]',
        "Assistant: 15 degrees in Paris.",
    ]


def test_a_call_without_its_answer_is_no_prompt(export: Export, capsys: Any) -> None:
    talk = weather("Paris")
    cut = {**talk, "messages": [talk["messages"][0], talk["messages"][1], talk["messages"][3]]}
    (line,) = export("openai-sft", cut, options=f"{ALL} --keep valid")["train"]
    assert len(line["messages"]) == 2, "what came before the gap is fine"
    assert "the prompt has a call without its answer" in capsys.readouterr().err


def weights(line: dict[str, Any]) -> list[int]:
    return [one["weight"] for one in line["messages"] if one["role"] == "assistant"]
