"""Feedback may be stored before its trace, or name one that never comes: that makes no trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.metrics.connection import reading
from replay.metrics.conversations import Conversations
from replay.metrics.runs import read_endings
from replay.metrics.scope import Scope
from replay.records import Sample, Selection, Trace
from replay.store import Store
from replay.training.collecting import collect
from replay.training.options import TrainingOptions
from tests.store.test_pruning import records


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three traces, feedback on one of them, and feedback on one that nobody knows."""
    monkeypatch.chdir(tmp_path)
    found = tmp_path / "traces.db"
    with Recorder(found, mask=False) as recorder:
        for number in range(3):
            made = records(number, 9 - number)
            recorder.store.append_all([one for one in made if one["kind"] != "interaction"])
        recorder.feedback("t001", score=1.0)
        assert recorder.feedback("nope", text="of ann@example.com")
    return found


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert exit_code_of(list(words)) == 0
    return capsys.readouterr().out


def test_it_is_counted_as_a_trace_nowhere(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nope" not in printed(capsys, "list", str(path))
    with Store.open(path) as store:
        assert store.trace_ids() == ["t000", "t001", "t002"]
        sampled = store.trace_ids(Selection(sample=Sample(count=9, newest=True)))
        assert sampled == ["t000", "t001", "t002"]
        counts = collect(store, Selection(), "tuples", TrainingOptions()).counts
    with reading(path) as connection:
        assert Conversations(connection).count(Scope()) == 3
        assert len(list(Conversations(connection).of(Scope(), 9))) == 3
        assert read_endings(connection).unsaid_count == 3
    assert counts.trace_count == 3
    assert counts.last_at is not None
    [newest] = [one for one in records(2, 7) if one["kind"] == "trace"]
    assert counts.last_at[:10] == newest["started_at"][:10]


def test_a_check_and_the_doctor_name_it_and_find_nothing_wrong(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(capsys, "db", "check", str(path))
    assert "is whole" in said
    assert "'nope'" in said
    told = json.loads(printed(capsys, "db", "check", str(path), "--json"))
    assert (told["problems"], told["feedback_of_no_trace"]) == ([], {"nope": 1})
    exit_code_of(["doctor", str(path), "--json"])
    findings = json.loads(capsys.readouterr().out)
    [finding] = [one for one in findings if one["name"] == "feedback"]
    assert (finding["state"], "'nope'" in finding["text"]) == ("note", True)


def test_its_trace_may_come_later(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(path, "w") as store:
        store.append(Trace(id="nope", started_at="2026-01-01T00:00:00.000000Z"))

    with Store.open(path) as store:
        assert "nope" in store.trace_ids()
        assert len(store.transcript("nope").feedback) == 1
        assert store.feedback_of_no_trace() == []
    assert "not stored" not in printed(capsys, "db", "check", str(path))


def test_it_is_masked_and_removed_as_traces_are(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "mask", str(path), "--apply", "--personal")
    with Store.open(path) as store:
        [said] = store.transcript("nope").feedback
    assert "ann@example.com" not in str(said.text)

    printed(capsys, "prune", str(path), "--trace", "nope")

    with Store.open(path) as store:
        assert store.feedback_of_no_trace() == []
        assert len(store.trace_ids()) == 3
