"""Feedback that comes after its traces, and two exports of one run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.interchange import import_files
from replay.interchange.late_opinions import STRAY
from replay.records import Feedback, Selection
from replay.store import Store
from tests.interchange.chats import imported
from tests.interchange.conftest import WriteLines

FIXTURES = Path(__file__).parent / "fixtures"
SPANS = FIXTURES / "phoenix" / "spans.jsonl"
TABLE = FIXTURES / "phoenix" / "table.json"
ROOT = "88d060b0f117ab9a"
"""A span around others, which is no step of its trace."""


def feedback(store: Store) -> list[Feedback]:
    return [one for t in store.trace_ids(Selection()) for one in store.transcript(t).feedback]


LATE = [
    ("phoenix/spans.jsonl", "phoenix/annotations.jsonl"),
    ("langfuse/otlp.jsonl", "langfuse/scores.jsonl"),
]


@pytest.mark.parametrize(("traces", "said"), LATE)
def test_feedback_that_comes_later_is_what_it_is_when_it_comes_along(
    store: Store, tmp_path: Path, traces: str, said: str
) -> None:
    with Store.open(tmp_path / "at-once.db", "create") as other:
        import_files(other, [FIXTURES / traces, FIXTURES / said])
        at_once = feedback(other)

    imported(store, FIXTURES / traces)
    report = imported(store, FIXTURES / said)
    again = imported(store, FIXTURES / said)
    whole = imported(store, FIXTURES / traces)

    assert feedback(store) == at_once != []
    assert report.read["scores"] == report.written["scores"] == again.written["scores"] > 0
    assert (report.new_count, whole.renewed_count, whole.known_count) == (0, 0, 2)


def test_feedback_that_stands_before_its_traces_finds_them(store: Store) -> None:
    import_files(store, [FIXTURES / "phoenix" / "annotations.jsonl", SPANS])

    assert [one.label for one in feedback(store)] == ["helpful: partly"]


def annotation(**about: Any) -> dict[str, Any]:
    said = {"name": "fine", "annotator_kind": "HUMAN", "result": {"label": "yes", "score": 1}}
    return {**said, "id": "a1", **about}


@pytest.mark.parametrize(
    "about", [{"span_id": ROOT}, {"trace_id": "5a0d6d00b24fd010ae2720bb733b42eb"}]
)
def test_what_is_said_of_a_span_around_the_steps_is_said_of_the_trace(
    store: Store, write_lines: WriteLines, about: dict[str, str]
) -> None:
    imported(store, SPANS)

    imported(store, write_lines(annotation(**about)))

    (one,) = feedback(store)
    assert (one.trace_id, one.step_number) == ("5a0d6d00b24fd010ae2720bb733b42eb", None)


def test_a_step_whose_attributes_are_long_is_found_too(
    store: Store, write_lines: WriteLines
) -> None:
    spans = [json.loads(line) for line in SPANS.read_text("utf-8").splitlines()]
    tool = next(one for one in spans if one["name"] == "get_weather")
    tool["attributes"]["notes"] = "long " * 5_000
    imported(store, write_lines(*spans))

    imported(store, write_lines(annotation(span_id=tool["context"]["span_id"])))

    (one,) = feedback(store)
    assert one.step_number is not None


def test_feedback_of_langsmith_finds_its_run_by_the_run_alone(
    store: Store, write_lines: WriteLines
) -> None:
    runs = FIXTURES / "langsmith" / "runs.jsonl"
    run = next(
        run
        for run in map(json.loads, runs.read_text("utf-8").splitlines())
        if run["run_type"] == "tool"
    )
    imported(store, runs)

    imported(store, write_lines({"id": "f1", "run_id": run["id"], "key": "ok", "score": 0.5}))

    (one,) = feedback(store)
    assert (one.label, one.score) == ("ok", 0.5)
    assert one.step_number is not None


def test_feedback_on_a_trace_that_is_not_there_is_counted_and_left_out(
    store: Store, write_lines: WriteLines
) -> None:
    report = imported(store, write_lines(annotation(span_id="0" * 16)))

    assert report.notes[STRAY] == 1
    assert store.trace_ids(Selection()) == []


def test_two_exports_of_one_run_are_one_and_the_finer_times_stay(store: Store) -> None:
    imported(store, TABLE)
    finer = imported(store, SPANS)
    stored = [store.transcript(one) for one in store.trace_ids(Selection())]
    coarser = imported(store, TABLE)

    assert (finer.renewed_count, coarser.renewed_count, coarser.known_count) == (2, 0, 2)
    assert [store.transcript(one) for one in store.trace_ids(Selection())] == stored


def test_another_answer_at_the_same_times_is_no_coarser_telling(
    store: Store, write_lines: WriteLines
) -> None:
    imported(store, SPANS)
    changed = TABLE.read_text("utf-8").replace("24 degrees in Rome", "42 degrees in Rome")
    assert changed != TABLE.read_text("utf-8")

    assert imported(store, write_lines(changed)).renewed_count == 1


def test_a_trace_says_itself_what_could_not_be_carried_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = str(tmp_path / "traces.db")
    exit_code_of(["import", database, str(FIXTURES / "codex" / "session.jsonl")])
    with Store.open(database) as store:
        (trace_id,) = store.trace_ids()
    capsys.readouterr()

    assert exit_code_of(["show", database, trace_id]) == 0

    told = capsys.readouterr().out
    assert "not carried over: 4 model calls without their tool definitions: the log has" in told
