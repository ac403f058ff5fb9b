"""`replay stats` as a person and a machine read it."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.records import ModelCall, Outcome, ToolCall, Trace
from replay.report.sparkline import sparkline
from replay.store import Store
from tests.metrics.stores import moment
from tests.metrics.test_calls import counted, rows_of


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def said(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    code = exit_code_of(["stats", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *args: str | Path) -> Any:
    code, out, err = said(capsys, *args, "--json")
    assert (code, err) == (ExitCode.OK, "")
    return json.loads(out)


def test_json_has_what_sql_counts(store_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, store_path, "--by", "tool,model")

    told = {
        (row["tool"], row["model"]): (
            row["outcome_counts"],
            row["timed_count"],
            [row["p50_ms"], row["p95_ms"], row["p99_ms"]],
        )
        for row in found["rows"]
    }
    assert told == counted(rows_of(store_path), "tool", "model")
    assert found["total"]["call_count"] == sum(row["call_count"] for row in found["rows"])


def test_the_table_has_a_line_for_each_tool_and_one_for_all(
    store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, store_path)

    lines = out.splitlines()
    assert code == ExitCode.OK
    assert lines[2].split() == [
        "TOOL",
        "CALLS",
        "OK",
        "INVALID",
        "UNKNOWN",
        "P50",
        "P95",
        "P99",
        "TREND",
    ]
    assert {line.split()[0] for line in lines[3:8]} == {
        "search",
        "book",
        "refund",
        "invented",
        "all",
    }
    assert max(map(len, lines)) <= 100
    assert "Percentiles: of the calls that say how long they took" in lines[-1]


def test_options_say_which_calls_count(
    store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(
        capsys, store_path, "--app", "shop", "--tool", "search", "--since", "2026-11-20T12:00"
    )

    where = "t.app = 'shop' AND c.tool = 'search' AND c.started_at >= '2026-11-20T12:00'"
    assert found["total"]["call_count"] == len(rows_of(store_path, where)) > 0


def test_no_call_says_how_to_see_what_there_is(
    store_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, store_path, "--tool", "none")

    assert (code, out) == (ExitCode.OK, "")
    assert f"replay list {store_path}" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--by", "tol"], "Did you mean 'tool'?"),
        (["--compare", "modle:a", "model:b"], "Did you mean model:a?"),
        (["--compare-window", "0d"], "no length of time"),
        (["--compare", "model:a", "model:b", "--compare-window", "7d"], "two questions; ask one"),
        (["--exit-code"], "tells of a comparison"),
        (["--by", "time", "--prometheus", "x.prom"], "no comparison, no time"),
    ],
)
def test_a_mistake_is_told_with_what_was_meant(
    store_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    code, out, err = said(capsys, store_path, *args)

    assert (code, out) == (ExitCode.COULD_NOT_RUN, "")
    assert words in err


def test_prices_of_the_configuration_make_a_cost(
    store_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.replay.prices]\n"small-*" = { input = 2.0, output = 8.0, cached = 0.5 }\n'
    )

    models = {row["model"]: row for row in as_json(capsys, store_path, "--models")["models"]}

    tokens = models["small-1"]["tokens"]
    fresh = tokens["input"] - tokens["cached"]
    cost = (fresh * 2 + tokens["cached"] * 0.5 + tokens["output"] * 8) / 1e6
    assert models["small-1"]["cost"] == pytest.approx(cost)
    assert models["large-2"]["cost"] is None
    _, out, _ = said(capsys, store_path, "--models")
    assert "No price: large-2. [tool.replay.prices] has them." in out


def test_prometheus_reads_what_is_written(
    store_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    file = tmp_path / "replay.prom"
    file.write_text("of yesterday")

    code, _, _ = said(capsys, store_path, "--by", "tool,version", "--prometheus", file)

    families = {one.name: one for one in parser.text_string_to_metric_families(file.read_text())}
    calls: dict[tuple[str | None, ...], float] = {}
    for one in families["replay_tool_calls"].samples:
        name = one.labels.get("tool"), one.labels.get("version")
        calls[name] = calls.get(name, 0) + one.value
    by_sql = counted(rows_of(store_path), "tool", "tool_version")
    assert code == ExitCode.OK
    assert calls == {name: sum(row[0].values()) for name, row in by_sql.items()}
    durations = families["replay_tool_call_duration_seconds"]
    assert durations.type == "summary"
    assert {one.name.removeprefix(durations.name) for one in durations.samples} == {
        "",
        "_sum",
        "_count",
    }
    seconds = sum(one.value for one in durations.samples if one.name.endswith("_sum"))
    lasted_ms = [row["duration_ms"] or 0.0 for row in rows_of(store_path)]
    assert seconds == pytest.approx(sum(lasted_ms) / 1000)
    assert {
        "replay_model_calls",
        "replay_model_tokens",
        "replay_component_duration_seconds",
    } <= set(families)
    assert [one.name for one in tmp_path.iterdir()] == ["replay.prom"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_label_is_escaped_as_prometheus_wants_it() -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    from replay.metrics import CallMetrics
    from replay.report.prometheus import prometheus_text

    odd = 'a "tool"\nwith \\ in it'
    row = CallMetrics(("tool",), (odd,), 1, {"ok": 1}, 0, None, None, None, (1,), (0,), ())

    (family,) = parser.text_string_to_metric_families(prometheus_text([row]))

    assert family.samples[0].labels == {"tool": odd, "outcome": "ok"}


def test_a_file_that_cannot_be_written_is_told_in_words(
    store_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said(capsys, store_path, "--prometheus", tmp_path / "none" / "x.prom")

    assert code == ExitCode.COULD_NOT_RUN
    assert "cannot be written: No such file or directory." in err


def two_models(path: Path, not_ok: int) -> Path:
    """Record 300 calls each of an old model and a new one, which fails so many."""
    found: list[Any] = []
    for number in range(600):
        model = "old" if number < 300 else "new"
        trace = f"t{number}"
        is_ok = number % 300 >= (15 if model == "old" else not_ok)
        found += [
            Trace(id=trace, started_at=moment(number * 60)),
            ModelCall(
                id=f"m{number}",
                trace_id=trace,
                step_number=1,
                api="messages",
                model=model,
                started_at=moment(number * 60),
            ),
            ToolCall(
                id=f"c{number}",
                trace_id=trace,
                step_number=2,
                model_call_id=f"m{number}",
                tool="search",
                arguments="{}",
                started_at=moment(number * 60),
                outcome=Outcome.OK if is_ok else Outcome.INVALID_ARGUMENTS,
                duration_ms=10.0 + number % 7,
            ),
        ]
    with Store.open(path, "create") as store:
        store.append_all(found)
    return path


def test_a_model_that_fails_more_is_told_to_be_worse_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=60)

    code, out, _ = said(capsys, path, "--compare", "model:old", "model:new", "--exit-code")

    assert code == ExitCode.NEEDS_A_PERSON
    (line,) = [line for line in out.splitlines() if " not ok " in line]
    assert line.split() == [
        *("search", "not", "ok", "5.0%", "20.0%", "+15.0%", "[+9.8%,", "+20.3%]"),
        *("300", "→", "300", "<0.001", "worse"),
    ]
    assert "2 things worse, of 4 compared." in out


def test_a_difference_that_noise_explains_is_none_and_ends_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=22)

    code, out, _ = said(capsys, path, "--compare", "model:old", "model:new", "--exit-code")

    assert code == ExitCode.OK
    assert "Nothing worse, of 4 compared." in out


def test_the_newest_window_is_compared_with_the_one_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=60)

    found = as_json(capsys, path, "--compare-window", "5h")

    rows = {row["measure"]: row for row in found["rows"]}
    assert rows["not ok"]["before_count"] == rows["not ok"]["after_count"] == 300
    assert rows["not ok"]["judgement"] == "worse"
    assert found["after"] == "2026-11-20 04:59 to 2026-11-20 09:59"


def test_sides_without_calls_are_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=15)

    code, out, _ = said(capsys, path, "--compare", "model:old", "model:newest")

    assert code == ExitCode.OK
    assert "Nothing to compare: no calls, or none of the same tool, in model:newest." in out


def test_a_gate_that_had_nothing_to_compare_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=15)

    code, _, _ = said(capsys, path, "--compare", "model:old", "model:newest", "--exit-code")

    assert code == ExitCode.COULD_NOT_RUN


def test_a_gate_on_windows_ends_with_2_where_the_newest_is_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = two_models(tmp_path / "two.db", not_ok=60)

    code, out, _ = said(capsys, path, "--compare-window", "5h", "--exit-code", "--json")

    judged = {row["judgement"] for row in json.loads(out)["rows"]}
    assert (code, "worse" in judged) == (ExitCode.NEEDS_A_PERSON, True)


def test_a_gate_on_windows_passes_where_there_was_nothing_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first week of a recording must not stop a pipeline that compares weeks."""
    path = two_models(tmp_path / "two.db", not_ok=60)

    code, out, _ = said(capsys, path, "--compare-window", "2w", "--exit-code")

    assert code == ExitCode.OK
    assert "Nothing to compare" in out


def test_a_sparkline_has_a_mark_for_each_number() -> None:
    assert sparkline([0, 1, 4, 8]) == " ▂▅█"
    assert sparkline([0, 0]) == "  "
    assert sparkline([0, 8], encoding="ascii") == " @"


def test_a_database_without_traces_is_told_how_to_fill_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store.open(tmp_path / "none.db", mode="create").close()

    code, _, told = said(capsys, "none.db")

    assert code == ExitCode.OK
    assert told.startswith("none.db holds no traces yet. Fill it:")


def test_times_of_one_minute_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    calls = [
        ToolCall(
            id=f"c{number}",
            trace_id="t",
            step_number=number,
            tool="search",
            arguments="{}",
            outcome=Outcome.OK,
            started_at=f"2026-11-26T12:33:{number:02d}.000000Z",
        )
        for number in (1, 5, 9)
    ]
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all([Trace(id="t", started_at=calls[0].started_at or ""), *calls])

    _, out, _ = said(capsys, path, "--by", "time")

    times = [line.split()[0] for line in out.splitlines() if line.startswith("12:33:0")]
    assert len(set(times)) == len(times) == 3
