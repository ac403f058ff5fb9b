from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.errors import ToolboxError
from replay.records import Outcome
from replay.replayer.environment import place_of
from replay.replayer.questions.asking import Asking, Question
from replay.replayer.questions.compared import Captured, ReadChange, Terms, Watched
from replay.replayer.questions.rereading import place_of_error

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tools() -> Iterator[Asking]:
    place = place_of("asked_tools:toolbox", paths=[HERE])
    with Asking(place, answer_wait_s=5.0) as asking:
        yield asking


def test_every_version_is_described_with_where_it_is(tools: Asking) -> None:
    told = tools.toolbox
    assert [(tool.name, tool.version, tool.runs) for tool in told.tools] == [
        ("create_event", "1", False),
        ("create_event", "2", True),
        ("say", None, True),
    ]
    assert [(one.tool, one.old, one.new) for one in told.translations] == [
        ("create_event", "1", "2")
    ]
    second = told.find("create_event")
    assert second is not None
    assert second.version == "2"
    assert second.parameters["required"] == ["title", "starts_at"]
    assert second.result == {"type": "object", "additionalProperties": {"type": "string"}}
    assert Path(second.file or "").name == "asked_tools.py"
    assert second.shown["openai-strict"]["function"]["strict"] is True


def test_arguments_are_judged_and_no_tool_runs(tools: Asking) -> None:
    good, missing, bad, unknown = tools.judge(
        [
            Question("create_event", '{"title":"x","starts_at":"9:00"}'),
            Question("create_event", '{"title":"x"}'),
            Question("create_event", '{"title":'),
            Question("delete_event", "{}"),
        ]
    )
    assert (good.outcome, good.version) == (Outcome.OK, "2")
    assert good.payload == {"title": "x", "starts_at": "9:00"}
    assert missing.outcome is Outcome.INVALID_ARGUMENTS
    assert [error["loc"] for error in missing.errors] == [["starts_at"]]
    assert bad.outcome is Outcome.BAD_JSON
    assert unknown.outcome is Outcome.UNKNOWN_TOOL


def test_older_arguments_are_translated_first_or_judged_as_they_are(tools: Asking) -> None:
    old = '{"title":"x","start":"9:00"}'
    by_old, translated, untranslated = tools.judge(
        [
            Question("create_event", old, version="1"),
            Question("create_event", old, from_version="1"),
            Question("create_event", old),
        ]
    )
    assert by_old.outcome is Outcome.OK
    assert translated.outcome is Outcome.OK
    assert translated.translated == {"title": "x", "starts_at": "9:00"}
    assert untranslated.outcome is Outcome.INVALID_ARGUMENTS


def test_a_translation_that_raises_is_an_answer(tools: Asking) -> None:
    (answer,) = tools.judge([Question("create_event", '{"title":"x"}', from_version="1")])
    assert (answer.outcome, answer.stage) == (Outcome.FAILED, "translate")
    assert "KeyError" in (answer.message or "")


@pytest.mark.slow
def test_a_validator_that_dies_hangs_or_raises_costs_its_own_question(tools: Asking) -> None:
    words = ["a", "exit", "b", "raise", "hang", "c"]
    answers = list(tools.judge(Question("say", f'{{"word":"{word}"}}') for word in words))
    assert [answer.outcome for answer in answers] == [
        Outcome.OK,
        Outcome.CRASHED,
        Outcome.OK,
        Outcome.FAILED,
        Outcome.TIMEOUT,
        Outcome.OK,
    ]
    assert "exit status 3" in (answers[1].message or "")


@pytest.mark.slow
def test_answers_come_in_order_from_several_workers_whatever_dies() -> None:
    words = [f"w{number}" for number in range(3_000)]
    words[700] = "exit"
    place = place_of("asked_tools:toolbox", paths=[HERE])

    with Asking(place, answer_wait_s=20.0, jobs=2) as asking:
        answers = list(asking.judge(Question("say", f'{{"word":"{word}"}}') for word in words))

    told = [answer.payload["word"] if answer.payload else "exit" for answer in answers]
    assert told == words


def test_what_is_asked_is_read_only_some_batches_ahead_of_the_answers(tools: Asking) -> None:
    read = 0

    def questions() -> Iterator[Question]:
        nonlocal read
        for _ in range(50_000):
            read += 1
            yield Question("say", '{"word":"a"}')

    answers = tools.judge(questions())
    next(answers)

    assert read <= 5_000
    assert next(tools.judge([Question("say", '{"word":"b"}')])).payload == {"word": "b"}


def test_captured_arguments_are_told_only_where_they_differ(tools: Asking) -> None:
    today = Terms("create_event")
    older = Terms("create_event", from_version="1")
    watched = Terms("create_event", watched=(Watched(("minutes",)), Watched(("title",), True)))
    read = '{"title":"x","starts_at":"9:00"}'
    old = '{"title":"x","start":"9:00"}'
    payload = {"title": "x", "starts_at": "9:00"}

    same, other, translated, missing, seen, broken = tools.compare(
        [
            Captured(today, read, payload, True),
            Captured(today, read, {**payload, "title": "y"}, True),
            Captured(older, old, {"title": "x", "start": "9:00"}, True),
            Captured(today, '{"title":"x"}'),
            Captured(watched, read),
            Captured(today, "{"),
        ]
    )

    assert same.is_plain
    assert other.changes == (ReadChange("title", "changed", "y", "x"),)
    assert (translated.outcome, translated.is_translated) == (Outcome.OK, True)
    assert [(error.type, error.path) for error in missing.errors] == [("missing", "starts_at")]
    assert seen.concerned == 0b11
    assert broken.outcome is Outcome.BAD_JSON


@pytest.mark.parametrize(
    ("loc", "kind", "place"),
    [
        (["guests", 1, "age"], "int_parsing", ["guests", 1, "age"]),
        (["guests", 0, "name"], "missing", ["guests", 0, "name"]),
        (["pet", "cat", "lives"], "int_type", ["pet", "lives"]),
        (["pet", "dog", "breed"], "missing", ["pet", "breed"]),
        (["amount", "int"], "int_type", ["amount"]),
        (["nowhere"], "value_error", []),
    ],
)
def test_the_place_of_an_error_is_one_in_the_payload(
    loc: list[str | int], kind: str, place: list[str | int]
) -> None:
    values = {"guests": [{}, {"age": "x"}], "pet": {"kind": "cat", "lives": "9"}, "amount": "x"}

    assert place_of_error(loc, values, kind) == place


def test_a_toolbox_that_cannot_be_loaded_is_said() -> None:
    with pytest.raises(ToolboxError, match="asked_tool"):
        Asking(place_of("asked_tool:toolbox", paths=[HERE]))
