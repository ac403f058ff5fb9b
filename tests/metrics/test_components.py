"""Where the time goes: stages and interactions as components."""

from __future__ import annotations

import sqlite3

import pytest

from replay.metrics import Scope, network_ms, read_components


def test_stages_and_interactions_of_a_call_become_components(
    connection: sqlite3.Connection,
) -> None:
    scope = Scope(traces_sql="r.id = ?", traces_values=("t0000",), tools=("search",))

    found = read_components(connection, scope)

    timed = {row.component: row.durations_ms[-1] for row in found.rows if row.tool == "search"}
    # The tool took 90 ms; its two questions overlap by 20 of their 40 ms.
    assert timed == {"marshal": 2.0, "validate": 2.0, "tool": 30.0, "network": 60.0}


def test_questions_that_overlap_are_waited_for_once() -> None:
    def asked(start: float, took: float) -> dict[str, float]:
        return {"offset_ms": start, "duration_ms": took}

    assert network_ms([asked(0, 10), asked(5, 10), asked(6, 2), asked(40, 5)]) == 20.0
    assert network_ms([{"offset_ms": None, "duration_ms": 3}]) is None


def test_only_the_newest_calls_are_read_and_it_says_so(connection: sqlite3.Connection) -> None:
    found = read_components(connection, calls_max=10)

    count = connection.execute("SELECT count(*) FROM tool_call_rows").fetchone()[0]
    assert (found.read_count, found.call_count) == (10, count)


def test_model_durations_are_those_of_the_model_calls(connection: sqlite3.Connection) -> None:
    found = read_components(connection, Scope(models=("large-2",)))

    (row,) = [row for row in found.rows if row.component == "model"]
    total = connection.execute(
        "SELECT sum(m.duration_ms) FROM model_call_rows m JOIN model_settings s "
        "ON s.key = m.settings WHERE s.model = 'large-2'"
    ).fetchone()[0]
    assert row.total_ms == pytest.approx(total)
