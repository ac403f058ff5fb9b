"""What keeps counting a million calls fast, as far as it can be counted instead of timed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.metrics import Scope, read_cells, read_models
from replay.metrics.budgets import check_budgets
from replay.metrics.components import count_calls
from replay.metrics.invented import read_made_up
from replay.metrics.runs import read_cold_starts
from replay.metrics.samples import read_samples, read_sides
from replay.store.settled import is_settled
from tests.metrics.stores import make_store, moment

SHOP = Scope(traces_sql="r.app = ?", traces_values=("shop",))

READERS: dict[str, Callable[[sqlite3.Connection, Scope], object]] = {
    "cells": lambda connection, scope: read_cells(connection, scope, bucket_count=24),
    "samples": read_samples,
    "cold starts": read_cold_starts,
    "a count": count_calls,
    "a budget": lambda connection, scope: check_budgets(connection, {"*": {"p95": 1.0}}, scope),
    "models": read_models,
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_selection_of_traces_is_asked_once(
    connection: sqlite3.Connection, reader: Callable[[sqlite3.Connection, Scope], object]
) -> None:
    """It was asked with every span of time of every group: a minute for a million calls."""
    asked: list[str] = []
    connection.set_trace_callback(asked.append)

    reader(connection, SHOP)

    of_traces = [one for one in asked if "FROM trace_rows r" in one]
    assert len(of_traces) == 1


def test_two_apps_are_told_apart_in_one_reading(connection: sqlite3.Connection) -> None:
    desk = Scope(traces_sql="r.app = ?", traces_values=("desk",))
    alone = [read_samples(connection, one) for one in (SHOP, desk)]
    asked: list[str] = []
    connection.set_trace_callback(asked.append)

    sides = read_sides(connection, [SHOP, desk])

    connection.set_trace_callback(None)
    (groups,) = connection.execute("SELECT count(*) FROM call_groups").fetchone()
    assert sides == alone
    assert sum("c.call_group = " in one for one in asked) == groups


def plan(connection: sqlite3.Connection, statement: str) -> str:
    return " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))


@pytest.mark.parametrize("name", ["cells", "samples", "cold starts", "a count", "a budget"])
@pytest.mark.parametrize("scope", [Scope(since_us=1), SHOP], ids=["a window", "an app"])
def test_no_row_of_a_call_is_read_where_the_index_has_it(
    connection: sqlite3.Connection, name: str, scope: Scope
) -> None:
    asked: list[str] = []
    connection.set_trace_callback(asked.append)

    READERS[name](connection, scope)

    connection.set_trace_callback(None)
    of_calls = [one for one in asked if "FROM tool_call_rows c" in one and "step_number" not in one]
    assert of_calls
    for statement in of_calls:
        assert "USING COVERING INDEX tool_calls_by_group" in plan(connection, statement)


def loaded_by(command: list[str], folder: Path) -> set[str]:
    program = (
        "import json, sys\nfrom replay.cli.main import exit_code_of\n"
        f"assert exit_code_of({command!r}) == 0\n"
        "sys.stderr.write(chr(10) + json.dumps(list(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder
    )
    return set(json.loads(ran.stderr.rsplit("\n", 1)[1]))


@pytest.mark.parametrize("more", [[], ["--compare", "app:shop", "app:desk"]], ids=["all", "sides"])
def test_counting_loads_no_records_and_nothing_that_writes(
    store_path: Path, tmp_path: Path, more: list[str]
) -> None:
    loaded = loaded_by(["stats", str(store_path), *more], tmp_path)

    assert not loaded & {"pydantic", "replay.config", "replay.records", "replay.store.store"}


def test_a_configuration_is_read_where_there_is_one(
    store_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from replay.cli.main import exit_code_of

    (tmp_path / "pyproject.toml").write_text("[tool.replay]\nbugdets = {}\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    assert exit_code_of(["stats", str(store_path)]) == 3
    assert "budgets" in capsys.readouterr().err


def test_what_a_killed_process_left_in_its_spool_is_counted(tmp_path: Path) -> None:
    path = make_store(tmp_path / "traces.db", 4)
    assert is_settled(path)
    program = (
        "import os, sys\nfrom replay.records import ToolCall\nfrom replay.store import Store\n"
        "store = Store.open(sys.argv[1], 'w')\n"
        "store.append(ToolCall(id='last', trace_id='t0000', step_number=99, tool='search', "
        f"arguments='{{}}', outcome='ok', started_at={moment(9)!r}))\nos._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    before = _count(path)

    assert not is_settled(path)
    assert _stats(path)["total"]["call_count"] == before + 1
    assert is_settled(path)


def _count(path: Path) -> int:
    connection = sqlite3.connect(path)
    (count,) = connection.execute("SELECT count(*) FROM tool_call_rows").fetchone()
    connection.close()
    return int(count)


def _stats(path: Path) -> Any:
    command = [sys.executable, "-m", "replay.cli.main", "stats", str(path), "--json"]
    ran = subprocess.run(command, capture_output=True, check=True, cwd=path.parent)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("reader", [read_models, read_made_up], ids=["models", "made up"])
def test_long_reading_tells_how_far_it_is(
    connection: sqlite3.Connection, reader: Callable[..., object]
) -> None:
    told: list[tuple[int, int]] = []

    reader(connection, tell=lambda done, total: told.append((done, total)))

    assert told
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0
