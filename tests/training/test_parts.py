"""Parts: nothing leaks from one into another, nothing is there twice, nothing takes over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.cli.training import BALANCE_BY, KEEP
from replay.training import TRAINING_FORMATS, options
from replay.training.groups import Groups, divide
from tests.interchange.chats import says
from tests.training.conftest import Export, weather

CITIES = [f"City {number}" for number in range(60)]


def test_the_command_knows_the_words_of_the_package() -> None:
    from replay.cli.export import TRAINING

    assert tuple(TRAINING_FORMATS) == TRAINING
    assert (options.KEEP, options.BALANCE_BY) == (KEEP, BALANCE_BY)


def test_conversations_that_begin_alike_are_in_one_part(export: Export) -> None:
    chats = [
        weather(city, id=f"{city}/{trial}", model=f"m-{trial}", seed=trial)
        for city in CITIES
        for trial in range(3)
    ]
    for one in chats:
        one["messages"][-1]["content"] += f" ({one['seed']})"
    parts = export("openai-sft", *chats, options="--split train=0.5,test=0.5")
    begun = {name: {first(line) for line in lines} for name, lines in parts.items()}
    assert not begun["train"] & begun["test"]
    assert len(begun["train"]) + len(begun["test"]) == len(CITIES)
    assert all(15 <= len(found) <= 45 for found in begun.values())


def test_an_agent_that_greets_first_hides_no_beginning(export: Export) -> None:
    """Nobody asked for its first answer: that prompt says nothing of the conversation."""
    chats = [
        {
            **(talk := weather(city, id=f"{city}/{trial}")),
            "messages": [says("How can I help?"), *talk["messages"], says(f"Bye {trial}.")],
        }
        for city in CITIES[:40]
        for trial in range(3)
    ]
    parts = export("openai-sft", *chats, options="--split train=0.5,test=0.5")
    begun = {
        name: {line["messages"][1]["content"] for line in lines} for name, lines in parts.items()
    }
    assert not begun["train"] & begun["test"]
    assert len(begun["train"]) + len(begun["test"]) == 40


def test_traces_of_one_label_are_in_one_part(export: Export) -> None:
    chats = [weather(city, domain=f"d{place % 6}") for place, city in enumerate(CITIES)]
    wanted = "--split train=0.5,test=0.5 --group-by domain"
    parts = export("openai-sft", *chats, options=wanted)
    place = {f"Weather in {city}?": index % 6 for index, city in enumerate(CITIES)}
    found = {name: {place[first(line)] for line in lines} for name, lines in parts.items()}
    assert found["train"]
    assert found["test"]
    assert not found["train"] & found["test"]


def test_more_traces_move_no_other_group() -> None:
    few = [[f"t{number}"] for number in range(50)]
    many = [*few, *[[f"new{number}"] for number in range(50)]]
    shares = {"train": 0.8, "test": 0.2}
    before, after = divide(few, shares, 0), divide(many, shares, 0)
    assert all(after[name] == part for name, part in before.items())
    assert divide(few, shares, 1) != before


def test_a_part_is_not_empty_where_there_are_groups_enough() -> None:
    for seed in range(20):
        parts = divide([["a"], ["b"]], {"train": 0.99, "test": 0.01}, seed)
        assert set(parts.values()) == {"train", "test"}


def test_of_too_few_groups_the_largest_parts_are_made() -> None:
    shares = {"test": 0.1, "train": 0.7, "dev": 0.2}
    for seed in range(40):
        assert set(divide([["a"]], shares, seed).values()) == {"train"}
        assert set(divide([["a"], ["b"]], shares, seed).values()) == {"train", "dev"}
        assert set(divide([["a"], ["b"], ["c"]], shares, seed).values()) == set(shares)
        assert divide([], shares, seed) == {}
        assert set(divide([["a"]], {"train": 1.0, "test": 0.0}, seed).values()) == {"train"}


def test_groups_join_over_any_key() -> None:
    groups = Groups()
    groups.add("a", [b"1"])
    groups.add("b", [b"2"])
    groups.add("c", [b"1", b"2"])
    groups.add("d", [])
    assert sorted(map(sorted, groups.all())) == [["a", "b", "c"], ["d"]]


def test_the_same_conversation_twice_is_one_example(export: Export) -> None:
    twice = [weather("Paris", id="one"), weather("Paris", id="two")]
    twice[1]["messages"][1]["tool_calls"][0]["id"] = "another"
    twice[1]["messages"][2]["tool_call_id"] = "another"
    assert len(export("openai-sft", *twice, options="--split train=1")["train"]) == 1
    both = export("openai-sft", options="--split train=1 --with-duplicates")["train"]
    assert len(both) == 2


def test_what_there_is_most_of_is_thinned_out(export: Export) -> None:
    chats = [weather(city, model="m-1") for city in CITIES[:20]]
    chats += [weather(city, model="m-2") for city in CITIES[20:23]]
    lines = export("tuples", *chats, options="--split train=1 --balance model=3")["train"]
    assert [line["model"] for line in lines].count("m-1") == 3
    assert [line["model"] for line in lines].count("m-2") == 3


def test_a_tuple_has_prompt_call_result_and_feedback(export: Export) -> None:
    said = {"step": 2, "tool_call_id": "c1", "rating": "bad", "label": "wrong_city"}
    (line,) = export("tuples", weather("Bonn", human_feedback=[said]), options="--split train=1")[
        "train"
    ]
    assert line["tool_call"] == {
        "id": "c1",
        "index": 0,
        "name": "get_weather",
        "arguments": '{"city": "Bonn"}',
    }
    assert line["tool_result"] == {"outcome": "ok", "content": "15 C"}
    assert line["prompt"]["messages"] == [{"role": "user", "content": "Weather in Bonn?"}]
    assert line["human_feedback"][0]["label"] == "wrong_city"


def test_the_data_card_counts_what_is_in_the_files(export: Export, tmp_path: Path) -> None:
    parts = export("openai-sft", *[weather(city) for city in CITIES])
    told = json.loads((tmp_path / "data" / "data-card.json").read_text())
    assert {name: part["examples"] for name, part in told["parts"].items()} == {
        name: len(lines) for name, lines in parts.items()
    }
    card = (tmp_path / "data" / "README.md").read_text()
    assert "| m-1 | 60 |" in card
    assert "60 groups of traces" in card


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--to openai-sft", "the folder is missing"),
        ("--to openai-sft -o data --keep all", "would teach mistakes"),
        ("--to openai-sft -o data --split train=0.5", "add up to 0.5, not 1"),
        ("--to openai-sft -o data --balance colour", "'colour' is not one of tool, model"),
        ("--to records --keep ok", "--keep is for training data"),
        ("--to dpo -o data --judged-by nothing", "nothing"),
    ],
)
def test_what_makes_no_sense_is_told_in_words(
    options: str, words: str, export: Export, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    export("tuples", weather("Paris"))
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert exit_code_of(["export", "traces.db", *options.split()]) == 3
    told = capsys.readouterr().err
    assert words in " ".join(told.split())
    assert "Traceback" not in told


def first(line: dict[str, Any]) -> str:
    return str(line["messages"][0]["content"])


def test_a_part_of_an_earlier_export_does_not_stay_beside_a_new_one(
    export: Export, tmp_path: Path
) -> None:
    chats = [weather(city) for city in ("Paris", "Rome", "Oslo", "Bonn", "Bern")]
    assert export("openai-sft", *chats, options="--split train=0.5,test=0.5").keys() == {
        "train",
        "test",
    }
    (tmp_path / "data" / "mine.jsonl").write_text("")

    found = export("openai-sft", options="--split train=1")

    assert found.keys() == {"train", "mine"}
