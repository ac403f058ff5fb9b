"""The group in a call's row: given with every write, right whatever comes when."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from replay.metrics import read_calls
from replay.metrics.cells import has_groups
from replay.store import Store
from replay.store.database import connect_reading
from tests.metrics.stores import make_store, records

BY = ("tool", "version", "schema", "model", "actor")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_store(tmp_path / "traces.db", 30)


def counted(path: Path) -> list[Any]:
    connection = connect_reading(path)
    assert has_groups(connection)
    rows = read_calls(connection, by=BY)
    connection.close()
    return [(row.name, row.outcome_counts, row.durations_ms, row.trend) for row in rows]


def without_groups(path: Path) -> list[Any]:
    """Count row by row, as for a file of an older version."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE tool_call_rows SET call_group = NULL")
    rows = read_calls(connection, by=BY)
    connection.close()
    return [(row.name, row.outcome_counts, row.durations_ms, row.trend) for row in rows]


def check(path: Path) -> list[Any]:
    with Store.open(path, "w") as store:
        return store.check()


def test_the_index_counts_what_the_rows_count(path: Path) -> None:
    assert counted(path) == without_groups(path)
    assert check(path) == []


def test_a_call_that_ends_later_moves_to_the_group_of_its_outcome(path: Path) -> None:
    with Store.open(path, "w") as store:
        call = store.tool_calls(limit=1)[0]
        store.append(call.model_copy(update={"outcome": "timeout", "duration_ms": 5000.0}))

    assert counted(path) == without_groups(path)


def test_a_model_call_that_names_its_model_later_moves_its_calls(path: Path) -> None:
    with Store.open(path, "w") as store:
        store.append_all(
            one.model_copy(update={"response_model": "small-1-2026-11-01"})
            for one in records(30)
            if one.kind == "model_call"
        )

    assert {name[3] for name, *_ in counted(path)} == {"small-1-2026-11-01"}
    assert check(path) == []
    assert counted(path) == without_groups(path)


def test_calls_of_an_older_version_are_grouped_once_asked(path: Path) -> None:
    before = counted(path)
    without_groups(path)

    with Store.open(path, "r") as store:
        store.group_calls()

    assert counted(path) == before
    connection = sqlite3.connect(path)
    left = connection.execute("SELECT count(*) FROM tool_call_rows WHERE call_group IS NULL")
    assert left.fetchone() == (0,)
    connection.close()


def test_the_check_finds_a_call_in_a_group_of_others(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE tool_call_rows SET call_group = (SELECT key FROM call_groups g WHERE "
        "g.tool <> tool_call_rows.tool LIMIT 1) WHERE key = 1"
    )
    connection.commit()
    connection.close()

    (problem,) = check(path)

    assert problem.what == "A call is counted under another tool, model or outcome than its own"
