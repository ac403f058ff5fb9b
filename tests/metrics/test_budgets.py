"""Budgets held against calls whose durations are known, and the command around them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.metrics.budgets import check_budgets, split_name
from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store
from tests.metrics.stores import moment, timed_call
from tests.metrics.test_calls import quantile, rows_of


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def slow_path(tmp_path: Path) -> Path:
    """Twenty searches of 10 to 200 ms, a trace of three seconds, and a call with stages."""
    found: list[Any] = [
        Trace(id="t1", started_at=moment(0), ended_at=moment(3)),
        ModelCall(
            id="m1",
            trace_id="t1",
            step_number=1,
            api="messages",
            started_at=moment(0),
            duration_ms=900.0,
        ),
    ]
    found += [
        ToolCall(
            id=f"c{n}",
            trace_id="t1",
            step_number=1 + n,
            tool="search",
            arguments="{}",
            outcome="ok",
            started_at=moment(n),
            duration_ms=10.0 * n,
        )
        for n in range(1, 21)
    ]
    found += timed_call("t1", tool="book", step_number=30)
    with Store.open(tmp_path / "slow.db", "create") as store:
        store.append_all(found)
    return tmp_path / "slow.db"


def checked(path: Path, **budgets: dict[str, float]) -> dict[tuple[str, str], Any]:
    connection = sqlite3.connect(path)
    found = check_budgets(
        connection, {name.replace("__", ":"): bounds for name, bounds in budgets.items()}
    )
    connection.close()
    return {(one.name, one.measure): one for one in found}


def test_a_budget_is_held_against_the_percentile_that_sql_finds(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    rows = rows_of(store_path, "c.tool = 'book' AND c.duration_ms IS NOT NULL")
    durations = [row["duration_ms"] for row in rows]

    (p95, most) = check_budgets(connection, {"book": {"p95": 50.0, "max": 50.0}})

    assert p95.value_ms == pytest.approx(quantile(durations, 0.95))
    assert most.value_ms == pytest.approx(max(durations), abs=1e-6)  # to the nanosecond
    assert (p95.observed_count, p95.over_count) == (len(durations), sum(d > 50 for d in durations))
    longest = sorted(durations, reverse=True)[:5]
    assert [one.duration_ms for one in p95.slowest] == pytest.approx(longest, abs=1e-6)


def test_a_broken_budget_names_the_slowest_steps(slow_path: Path) -> None:
    one = checked(slow_path, search={"p50": 100.0})["search", "p50"]

    assert (one.value_ms, one.over_count, one.is_broken) == (105.0, 10, True)
    assert not one.is_beyond_noise
    assert [(step.trace_id, step.step_number, step.duration_ms) for step in one.slowest] == [
        ("t1", 21 - n, 200.0 - 10 * n) for n in range(5)
    ]


def test_budgets_of_components_models_and_traces(slow_path: Path) -> None:
    found = checked(
        slow_path,
        network={"max": 50.0},
        book__tool={"max": 50.0},
        search__tool={"max": 1000.0},
        model={"p95": 800.0},
        trace={"max": 2000.0},
        marshal={"p50": 50.0},
        nothing={"p95": 1.0},
    )

    told = {name: (one.value_ms, one.is_broken) for name, one in found.items()}
    assert told == {
        ("network", "max"): (60.0, True),
        ("book:tool", "max"): (30.0, False),
        ("search:tool", "max"): (200.0, False),
        ("model", "p95"): (900.0, True),
        ("trace", "max"): (3000.0, True),
        ("marshal", "p50"): (2.0, False),
        ("nothing", "p95"): (None, False),
    }
    assert found["trace", "max"].slowest[0].step_number is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("search", ("search", None)),
        ("search:network", ("search", "network")),
        ("get_*", ("get_*", None)),
        ("model", ("*", "model")),
        ("trace", ("*", "trace")),
        ("tool:model", ("model", None)),
        ("ns:search", ("ns:search", None)),
    ],
)
def test_a_name_says_a_tool_a_component_or_both(name: str, meant: tuple[str, str | None]) -> None:
    assert split_name(name) == meant


def said(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    code = exit_code_of(["budgets", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_reads_the_configuration_and_ends_with_1_where_one_is_broken(
    slow_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.replay.budgets]\nsearch = { p50_ms = 100 }\nbook = { p95_ms = 800 }\n"
    )

    code, out, _ = said(capsys, slow_path)

    lines = out.splitlines()
    assert code == ExitCode.BREAKING
    assert lines[1].split()[:6] == ["search", "p50", "100", "ms", "105", "ms"]
    assert lines[1].endswith("broken, maybe noise")
    assert lines[2].endswith("held")
    assert "  200 ms  t1 step 21" in out.replace("     200", "  200")


def test_what_may_be_noise_ends_with_0_where_only_more_counts(
    slow_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [slow_path, "--budget", "search:p50=100", "--beyond-noise"]

    code, out, _ = said(capsys, *args)
    beyond, _, _ = said(capsys, *args, "--budget", "search:p50=20")

    assert (code, beyond) == (ExitCode.OK, ExitCode.BREAKING)
    assert "over, maybe noise" in out


def test_json_has_every_bound(slow_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, slow_path, "--budget", "search:p99=0.5s", "--json")

    (row,) = json.loads(out)["budgets"]
    assert code == ExitCode.OK
    assert (row["name"], row["measure"], row["bound_ms"]) == ("search", "p99", 500.0)
    assert (row["is_broken"], row["observed_count"]) == (False, 20)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "There is no budget to hold against anything."),
        (["--budget", "search=800"], "write NAME:MEASURE=TIME"),
        (["--budget", "search:p90=800"], "Measures are p50, p95, p99 and max."),
        (["--budget", "saerch:p95=800"], "Nearest: search"),
    ],
)
def test_a_mistake_says_how_a_budget_is_written(
    slow_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    code, out, err = said(capsys, slow_path, *args)

    assert (code, out) == (ExitCode.COULD_NOT_RUN, "")
    assert words in err


def test_a_budget_with_a_misspelled_measure_is_told(
    slow_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.replay.budgets]\nsearch = { p95 = 800 }\n")

    code, _, err = said(capsys, slow_path)

    assert code == ExitCode.COULD_NOT_RUN
    assert "Nearest: p95_ms" in err
    assert "A budget takes p50_ms, p95_ms, p99_ms, max_ms." in err


def test_a_budget_that_measured_nothing_is_no_success(
    slow_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = ["--since", "2099-01-01"]
    code, out, err = said(capsys, slow_path, "--budget", "search:p95=900", *empty)
    assert code == ExitCode.COULD_NOT_RUN
    assert "nothing measured" in out
    assert "Nothing was measured for search:" in err

    held = ["--budget", "search:p95=900"]
    code, _, err = said(capsys, slow_path, *held, "--budget", "nobody*:max=4s")
    assert code == ExitCode.COULD_NOT_RUN, "it was asked for by name"
    assert "Nothing was measured for nobody*:" in err

    (tmp_path / "pyproject.toml").write_text("[tool.replay.budgets]\nelsewhere = { p50_ms = 9 }\n")
    assert said(capsys, slow_path)[0] == ExitCode.COULD_NOT_RUN
    assert said(capsys, slow_path, "--what-if")[0] == ExitCode.COULD_NOT_RUN
    assert said(capsys, slow_path, *held)[0] == ExitCode.OK
    broken = ["--budget", "search:p95=1", "--budget", "nobody*:max=4s"]
    assert said(capsys, slow_path, *broken)[0] == ExitCode.BREAKING
