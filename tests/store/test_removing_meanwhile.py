"""Removals take minutes of a large file: what others do meanwhile, and what is told of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from replay.records import Selection
from replay.store import Store, audit, database, pruning, shrinking
from replay.store.audit import ENTRIES_MAX, Noting, note_act, read_entries
from replay.store.forgetting import Forgotten, forget
from replay.store.holds import put_hold
from replay.store.keep_rules import KeepRules
from replay.store.keeping import Keeping
from replay.store.pruning import prune, pruning_of
from replay.store.removing import remove_traces
from replay.store.shrinking import empty_log, vacuum
from tests.store.test_pruning import days_ago, older_than, problems, records, transcripts

TRACES = 12
WHO = "zoe@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "traces.db"
    with Store.open(found, "create") as store:
        for number in range(TRACES):
            store.append_all(list(records(number, TRACES - number)))
    return found


def mention(store: Store, trace: str, text: str) -> None:
    store.append(
        {
            "kind": "feedback",
            "id": f"{trace}-said",
            "trace_id": trace,
            "label": "good",
            "text": text,
            "created_at": days_ago(1),
        }
    )


def entries(path: Path) -> list[str]:
    return [f"{one.act}: {one.what}" for one in read_entries(sqlite3.connect(path))]


def forgotten(path: Path, tell: Any = lambda what, done, total: None) -> Forgotten:
    with pruning_of(path, tell) as pruner:
        return forget(pruner, path, {WHO}, dry_run=False)


def test_a_hold_that_is_put_while_traces_go_is_kept_to(path: Path) -> None:
    with pruning_of(path) as pruner:
        due = pruner.candidates.due(KeepRules("5d"), 1_000_000 * int(2e9))
        put_hold(path, "t003", "a case", None)

        went = pruner.remove(due, with_pinned=False)

    assert "t003" in transcripts(path)
    assert pruner.pruned.held == ["t003"]
    assert sum(pruner.pruned.by_rule.values()) == len(went) == TRACES - 1
    assert problems(path) == []


def test_a_trace_that_goes_on_while_others_go_stays_whole(path: Path) -> None:
    with pruning_of(path) as pruner:
        due = pruner.candidates.due(KeepRules("5d"), 1_000_000 * int(2e9))
        with Store.open(path, "w") as store:
            store.append({**list(records(3, 0))[2], "id": "t003-more", "step_number": 3})

        pruner.remove(due, with_pinned=False)

    assert transcripts(path).keys() == {"t003"}
    assert pruner.pruned.going_on == 1


def test_a_key_that_was_given_to_a_newer_trace_takes_it_not_along(path: Path) -> None:
    connection = database.connect(path)
    [key] = connection.execute("SELECT key FROM trace_rows WHERE id = 't005'").fetchone()

    assert remove_traces(connection, [(key, "one-that-is-gone")]).trace_count == 0
    assert remove_traces(connection, [(key, "t005")]).trace_count == 1
    connection.close()


def test_what_went_before_ctrl_c_is_in_the_audit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_BATCH_TRACES", 2)

    def stop(what: str, done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    into = pruning.Pruned()
    with pytest.raises(KeyboardInterrupt):
        prune(path, selection=Selection(until=days_ago(2.5)), said="prune it", tell=stop, into=into)

    assert len(transcripts(path)) == TRACES - 4
    assert into.removed.trace_count == 4
    [told] = entries(path)
    assert told.startswith("removed: 4 traces, started ")
    assert told.endswith("(selected 4): prune it")
    assert problems(path) == []


def test_what_is_recorded_of_a_person_while_they_are_forgotten_goes_too(path: Path) -> None:
    with Store.open(path, "w") as store:
        mention(store, "t002", f"{WHO} liked it " * 20)
    recorder = Store.open(path, "w")

    told: list[str] = []

    def record(what: str, done: int, total: int) -> None:
        told.append(what)
        if what == "traces" and told.count(what) == 1:  # they were looked for, and are going
            mention(recorder, "t007", json.dumps({"said": WHO.upper()}))
            recorder.flush()

    with contextlib.closing(recorder):
        done = forgotten(path, record)

    assert done.trace_ids == ["t002", "t007"]
    assert transcripts(path).keys() == {f"t{n:03}" for n in range(TRACES)} - {"t002", "t007"}
    assert WHO.encode() not in path.read_bytes().lower()
    assert problems(path) == []


def test_a_hold_that_names_a_person_is_told(path: Path) -> None:
    put_hold(path, "t004", f"{WHO} asked for it", None)

    assert forgotten(path).left == ["hold of trace t004"]


def test_a_value_is_found_in_any_of_many_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from replay.store import value_finder

    monkeypatch.setattr(value_finder, "_ROWS", 5)
    with Store.open(path, "w") as store:
        mention(store, "t001", f"short: {WHO}")
        mention(store, "t009", f"long: {WHO} " * 60)

    assert forgotten(path).trace_ids == ["t001", "t009"]


def test_a_file_is_not_written_anew_in_memory_and_ctrl_c_ends_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrinking, "_LOOK_S", 0.001)
    monkeypatch.setattr(shrinking, "_INSTRUCTIONS", 100)
    connection = database.connect(path)
    connection.execute(
        "CREATE TABLE scratch AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "LIMIT 200000) SELECT i, hex(i) FROM n"
    )
    sizes: list[int] = []

    def stop(done: int, total: int) -> None:
        if done and not sizes:  # the copy has a file, and it grows
            sizes.append(done)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        vacuum(connection, stop)

    assert connection.execute("SELECT count(*) FROM scratch").fetchone() == (200_000,)
    connection.close()


def test_a_log_that_somebody_reads_is_not_said_to_be_empty(path: Path) -> None:
    reader = sqlite3.connect(path, isolation_level=None)
    writer = database.connect(path, busy_ms=0)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM trace_rows").fetchone()
    note_act(writer, "x", "changed", "y")

    assert not empty_log(writer)
    reader.execute("COMMIT")
    assert empty_log(writer)
    for one in (reader, writer):
        one.close()


def test_a_pass_of_a_recorder_is_one_entry(path: Path) -> None:
    keeping = Keeping(path, KeepRules("1d"))
    while keeping.step():
        pass

    assert entries(path) == [f"removed: {TRACES} traces: their time was over"]


def test_the_newest_entries_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ENTRIES_MAX == 100_000
    monkeypatch.setattr(audit, "ENTRIES_MAX", 3)
    connection = database.connect(path)
    for number in range(5):
        note_act(connection, "show", "read", str(number))
    connection.close()

    assert entries(path) == ["read: 4", "read: 3", "read: 2"]


def test_an_entry_that_was_rolled_back_takes_nobody_elses_place(path: Path) -> None:
    connection = database.connect(path)
    noting = Noting("prune", "removed")
    connection.execute("BEGIN")
    noting.say(connection, "1 trace")
    connection.execute("ROLLBACK")
    note_act(connection, "show", "read", "somebody else's")
    noting.say(connection, "2 traces")
    noting.say(connection, "3 traces")
    connection.close()

    assert entries(path) == ["removed: 3 traces", "read: somebody else's"]


def test_pruning_twice_at_once_counts_what_each_removed(path: Path) -> None:
    with pruning_of(path) as pruner:
        due = pruner.candidates.due(KeepRules("5d"), 1_000_000 * int(2e9))
        assert older_than(8, path).removed.trace_count == 5

        assert len(pruner.remove(due, with_pinned=False)) >= TRACES - 5
        assert pruner.pruned.removed.trace_count == TRACES - 5
    assert problems(path) == []
