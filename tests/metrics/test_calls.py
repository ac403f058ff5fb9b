"""Metrics of calls, against the same questions asked of the views in SQL."""

from __future__ import annotations

import sqlite3
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.metrics import Scope, read_calls, read_cells, rolled_up, totals
from replay.records import ToolCall, Trace
from replay.store import Store
from replay.store.times import microseconds
from tests.metrics.stores import make_store


def rows_of(path: Path, where: str = "1") -> list[dict[str, Any]]:
    """Return every call with its model as the views tell it."""
    with Store.open(path) as store:
        names, rows = store.query(
            "SELECT c.tool, c.tool_version, c.outcome, c.duration_ms, c.started_at, c.actor, "
            "t.app, coalesce(m.response_model, m.model) AS model FROM tool_calls c "
            "JOIN traces t ON t.id = c.trace_id LEFT JOIN model_calls m ON m.id = c.model_call_id "
            f"WHERE {where}"
        )
    return [dict(zip(names, row, strict=True)) for row in rows]


def quantile(values: list[float], part: float) -> float | None:
    """Return a percentile the statistics module's way, which is numpy's default."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[round(part * 100) - 1]


def counted(rows: list[dict[str, Any]], *names: str) -> dict[tuple[Any, ...], Any]:
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return {name: measured(ones) for name, ones in found.items()}


def measured(rows: list[dict[str, Any]]) -> Any:
    durations = [row["duration_ms"] for row in rows if row["duration_ms"] is not None]
    return (
        dict(Counter(row["outcome"] for row in rows)),
        len(durations),
        [pytest.approx(quantile(durations, part)) for part in (0.5, 0.95, 0.99)],
    )


def told(rows: Any) -> dict[tuple[Any, ...], Any]:
    return {
        row.name: (row.outcome_counts, row.timed_count, [row.p50_ms, row.p95_ms, row.p99_ms])
        for row in rows
    }


def test_calls_by_tool_version_and_model_equal_an_sql_count(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    rows = read_calls(connection, by=("tool", "version", "model"))

    assert told(rows) == counted(rows_of(store_path), "tool", "tool_version", "model")
    assert [row.call_count for row in rows] == sorted(
        (row.call_count for row in rows), reverse=True
    )


def test_a_window_counts_the_calls_that_started_in_it(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    since, until = "2026-11-20T10:00:01.000000Z", "2026-11-21T09:00:01.000000Z"
    scope = Scope(since_us=microseconds(since), until_us=microseconds(until))

    rows = read_calls(connection, scope)

    where = f"c.started_at >= '{since}' AND c.started_at < '{until}'"
    assert told(rows) == counted(rows_of(store_path, where), "tool")
    assert rows


def test_a_scope_of_tools_models_and_traces_counts_only_those(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    scope = Scope(
        tools=("search",), models=("small-*",), traces_sql="r.app = ?", traces_values=("shop",)
    )

    rows = read_calls(connection, scope)

    where = "c.tool = 'search' AND m.model = 'small-1' AND t.app = 'shop'"
    assert told(rows) == counted(rows_of(store_path, where), "tool")
    assert rows


def test_the_schema_of_a_call_is_the_one_that_its_model_was_shown(
    connection: sqlite3.Connection,
) -> None:
    rows = read_calls(connection, by=("tool", "schema"))

    schemas = {row.name for row in rows if row.name[0] == "search" and row.name[1] is not None}
    assert len(schemas) == 2
    known = {row[0] for row in connection.execute("SELECT id FROM tool_schema_rows")}
    assert {schema for _, schema in schemas} <= known


def test_a_trend_has_every_call_in_its_bucket(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    cells = read_cells(connection, bucket_count=7, scope=Scope())

    row = totals(cells)

    starts = [microseconds(one["started_at"]) for one in rows_of(store_path)]
    buckets = Counter((at - cells.buckets.start_us) // cells.buckets.width_us for at in starts)
    assert row.trend == tuple(buckets[number] for number in range(7))
    by_time = rolled_up(cells, ("time",))
    assert [one.call_count for one in by_time] == [count for count in row.trend if count]


def test_invalid_arguments_and_unknown_tools_are_told_apart(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    row = totals(read_cells(connection, Scope()))

    outcomes = Counter(one["outcome"] for one in rows_of(store_path))
    assert row.invalid_count == outcomes["bad_json"] + outcomes["invalid_arguments"] > 0
    assert row.unknown_count == outcomes["unknown_tool"] > 0
    assert row.ok_count == outcomes["ok"]


def test_calls_without_a_time_count_and_stretch_no_trend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An imported file that says no times is stored as of 1970: all else would be one mark."""
    undated = "1970-01-01T00:00:00.000000Z"
    path = make_store(tmp_path / "mixed.db", 20)
    with Store.open(path, "w") as store:
        store.append_all(
            [
                Trace(id="old", started_at=undated),
                ToolCall(
                    id="o1",
                    trace_id="old",
                    step_number=1,
                    tool="search",
                    arguments="{}",
                    outcome="ok",
                    started_at=undated,
                ),
            ]
        )
    calls = len(rows_of(path))

    for is_of_today in (True, False):
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN")
        if not is_of_today:  # never committed
            connection.execute("DROP INDEX tool_calls_by_group")
        cells = read_cells(connection, Scope(), bucket_count=6)
        row = totals(cells)
        assert (row.call_count, sum(row.trend)) == (calls, calls - 1)
        assert cells.buckets.start_us > microseconds("2026-11-19T00:00:00.000000Z")
        times = [one.name[0] for one in rolled_up(cells, ("time",))]
        assert times[-1] is None
        later = Scope(since_us=cells.buckets.start_us)
        assert totals(read_cells(connection, later)).call_count == calls - 1
        connection.rollback()
        connection.close()
    monkeypatch.setenv("COLUMNS", "80")
    assert exit_code_of(["stats", str(path), "--by", "time"]) == 0
    printed = capsys.readouterr().out
    assert f"{calls} tool calls, 2026-11-20 00:30:01 to " in printed
    assert ", and 1 without a time" in printed


def test_a_store_without_calls_has_no_metrics(tmp_path: Path) -> None:
    with Store.open(tmp_path / "empty.db", "create"):
        pass
    connection = sqlite3.connect(tmp_path / "empty.db")

    assert read_calls(connection) == []
    assert totals(read_cells(connection, Scope())).p50_ms is None
    connection.close()
