"""Verdicts go into the tables in one transaction, and to the spool while it cannot be had."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from replay.errors import RecordError
from replay.records import CallResult, CallVerdict, Change, Outcome, ReplayRun, Verdict
from replay.store import Store

NOON = "2026-11-21T12:00:00.000000Z"


def verdict(number: int, *, run_id: str = "run-1") -> CallVerdict:
    return CallVerdict(
        run_id=run_id,
        trace_id="t",
        tool_call_id=f"t/{number}",
        step_number=number,
        tool="pay",
        verdict=Verdict.RESPONSE_CHANGED,
        recorded_outcome=Outcome.OK,
        replayed=CallResult(outcome=Outcome.OK, tool="pay", response=f'{{"paid": {number}}}'),
        changes=[Change(path="paid", change="changed", recorded=1.0, replayed=number)],
        signature="97aa",
    )


def begun(path: Path) -> Store:
    store = Store.open(path, "create")
    store.append(ReplayRun(id="run-1", started_at=NOON, toolbox="shop:toolbox"))
    return store


def test_what_went_in_at_once_comes_out_as_it_was(tmp_path: Path) -> None:
    verdicts = [verdict(number) for number in range(1, 4)]
    with begun(tmp_path / "traces.db") as store:
        store.append_verdicts(verdicts)
        store.append_verdicts([verdicts[1].model_copy(update={"approved": True})])

        read = list(store.verdicts("run-1"))

    assert [one.approved for one in read] == [False, True, False]
    assert read[0] == verdicts[0]
    with Store.open(tmp_path / "traces.db") as store:
        assert store.check() == []


def test_verdicts_of_a_run_that_is_not_stored_are_refused_whole(tmp_path: Path) -> None:
    with begun(tmp_path / "traces.db") as store:
        with pytest.raises(RecordError, match="names the replay run 'run-2'"):
            store.append_verdicts([verdict(1), verdict(2, run_id="run-2")])

        assert list(store.verdicts("run-1")) == []


def test_a_lock_that_does_not_end_sends_them_to_the_spool(tmp_path: Path) -> None:
    path = tmp_path / "traces.db"
    with begun(path) as store:
        store.flush()
        store._take_drainer()
        assert store._drain_connection is not None
        store._drain_connection.execute("PRAGMA busy_timeout=50")
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        store.append_verdicts([verdict(1), verdict(2)])
        waiting = store.pending_bytes()
        holder.execute("ROLLBACK")
        holder.close()

        assert waiting > 0
        assert [one.step_number for one in store.verdicts("run-1")] == [1, 2]
