"""Preference pairs: one prompt, what was wanted and what was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says
from tests.training.conftest import WEATHER, Export, corrected, retried, weather

ALL = "--split train=1"


def test_a_correction_is_preferred_to_what_the_model_did(export: Export) -> None:
    right = {"tool": "get_weather", "arguments": {"city": "Bonn"}}
    (pair,) = export("dpo", corrected("Bonn", "Berlin", right), options=ALL)["train"]
    assert arguments(pair) == ({"city": "Bonn"}, {"city": "Berlin"})
    assert pair["input"]["messages"][-1]["role"] == "user"
    assert pair["input"]["tools"] == [WEATHER]


@pytest.mark.parametrize("wrong", ['{"town": "Rome"}', '{"city": 3}', "{broken"])
def test_a_retry_is_preferred_to_the_call_that_was_rejected(export: Export, wrong: str) -> None:
    (pair,) = export("dpo", retried("Rome", wrong), options=ALL)["train"]
    (wanted,) = pair["preferred_output"]
    assert wanted["content"] is None, "the apology answers a mistake that was never made here"
    assert wanted["tool_calls"][0]["function"]["arguments"] == '{"city": "Rome"}'
    assert pair["non_preferred_output"][0]["tool_calls"][0]["function"]["arguments"] == wrong


def test_a_retry_of_another_tool_is_no_pair(export: Export) -> None:
    other = {"type": "function", "function": {"name": "get_news", "parameters": {}}}
    talk = chat(
        asked_by_user("Weather in Rome?"),
        asks(call("c1", "get_weather", '{"town": "Rome"}')),
        answers("c1", "Error", error=True),
        asks(call("c2", "get_news", "{}")),
        answers("c2", "none"),
        says("No idea."),
        id="o",
        tools=[WEATHER, other],
    )
    assert export("dpo", talk, options=ALL)["train"] == []


def test_the_same_prompt_answered_well_by_another_model_is_preferred(export: Export) -> None:
    bad = weather("Bern", '{"place": "Bern"}', id="bad", model="m-1")
    good = weather("Bern", id="good", model="m-2")
    (pair,) = export("dpo", bad, good, options=ALL)["train"]
    assert arguments(pair) == ({"city": "Bern"}, {"place": "Bern"})


def test_nothing_is_a_pair_where_nothing_was_wrong(export: Export) -> None:
    assert export("dpo", weather("Paris"), options=ALL)["train"] == []


def test_the_card_says_why_no_pair_was_made(export: Export, tmp_path: Path) -> None:
    failed = chat(
        asked_by_user("Weather in Rome?"),
        asks(call("c1", "get_weather", '{"city": "Rome"}')),
        answers("c1", "Error: no such station", error=True),
        says("No idea."),
        id="f",
        tools=[WEATHER],
    )
    assert export("dpo", failed, weather("Bonn", '{"town": "Bonn"}'), options=ALL)["train"] == []

    [card] = (tmp_path / "data").glob("*.md")
    told = card.read_text("utf-8")
    assert "| no pair: nothing better is known | 1 |" in told
    assert "| no pair: nothing wrong with it | 2 |" in told
    assert "| no pair: a call did not end well | 1 |" in told


def arguments(pair: dict[str, Any]) -> tuple[Any, Any]:
    return tuple(  # type: ignore[return-value]  # two
        json.loads(pair[name][0]["tool_calls"][0]["function"]["arguments"])
        for name in ("preferred_output", "non_preferred_output")
    )


def test_a_call_of_which_only_the_shape_is_stored_is_no_mistake(export: Export) -> None:
    shape = '{"stored":"shape","hash":"ab","shape":{"city":"string"}}'
    assert export("dpo", retried("Rome", shape), options="--split train=1")["train"] == []
