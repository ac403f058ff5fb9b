"""Invented values and saved times as commands print them, equal to what exported lines give."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from tests.metrics.cases import Case, exported
from tests.metrics.independent import (
    Row,
    Told,
    invented,
    times,
)

CORPORA = Path(__file__).parents[3] / "shared" / "corpora" / "transcripts"


def test_values_that_stand_nowhere_are_those_of_the_lines(drawn: Case) -> None:
    check_invented(drawn)


def check_invented(case: Case) -> None:
    calls, arguments, _ = invented(case.traces)

    found = case.quality()["made_up"]

    told = {one["tool"]: one["invented_count"] for one in found["calls"] if one["invented_count"]}
    assert told == +calls
    told = {(one["tool"], one["path"]): one["invented_count"] for one in found["arguments"]}
    assert told == +arguments
    assert told


def test_what_could_have_been_saved_is_the_longest_path_of_the_steps(drawn: Case) -> None:
    check_times(drawn)


def check_times(case: Case) -> None:
    found = case.asked("budgets", "--what-if", "--traces", "100000")["what_if"]

    wanted = {one.trace["id"]: times(one) for one in case.traces if one.calls}
    assert found["untimed_count"] == sum(one is None for one in wanted.values())
    assert {
        one["trace_id"]: [one["recorded_ms"], one["at_once_ms"], one["started_early_ms"]]
        for one in found["traces"]
    } == {
        name: pytest.approx([one.recorded_ms, one.at_once_ms, one.early_ms], abs=0.002)
        for name, one in wanted.items()
        if one is not None
    }
    assert any(one["recorded_ms"] - one["at_once_ms"] > 1 for one in found["traces"])
    assert any(one["at_once_ms"] - one["started_early_ms"] > 1 for one in found["traces"])
    for one in found["traces"]:
        chain = sum(
            step["duration_ms"]
            for told in case.traces
            if told.trace["id"] == one["trace_id"]
            for step in told.steps
            if step["step_number"] in one["critical_steps"]
        )
        assert chain >= one["started_early_ms"] - 0.002


# -- the corpora -----------------------------------------------------------------------------------

corpora = [
    pytest.mark.corpora,
    pytest.mark.slow,
    pytest.mark.skipif(
        not CORPORA.is_dir(), reason="the recorded corpora are not beside the checkout"
    ),
]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Told]]:
    folder = tmp_path_factory.mktemp("corpora")
    files = [str(file) for file in sorted(CORPORA.glob("*.jsonl"))]
    assert exit_code_of(["import", str(folder / "real.db"), *files]) == 0
    return folder / "real.db", exported(folder / "real.db")


class TestRealTraffic:
    pytestmark = corpora

    def test_values_that_stand_nowhere_are_those_of_the_lines(
        self, real: tuple[Path, list[Told]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        check_invented(Case(*real, capsys))

    def test_what_could_have_been_saved_is_the_longest_path_of_the_steps(
        self, real: tuple[Path, list[Told]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Conversations say no times; drawn ones give each of them a way that values go."""
        lines = list(timed(real[1][::3]))
        (tmp_path / "timed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
        given = [str(tmp_path / "timed.db"), str(tmp_path / "timed.jsonl")]
        assert exit_code_of(["import", *given]) == 0

        traces = exported(tmp_path / "timed.db")
        capsys.readouterr()
        check_times(Case(tmp_path / "timed.db", traces, capsys))


def timed(traces: Iterable[Told]) -> Iterable[Row]:
    chance = random.Random(7)
    for one in traces:
        yield {**one.trace, "source": "recorded"}
        at = 1_700_000_000.0
        for step in one.steps:
            took = chance.expovariate(1 / (900 if step["kind"] == "model_call" else 300))
            started = at if chance.random() < 0.7 else at - 0.1
            at = max(at, started + took / 1000)
            yield {**step, "started_at": iso(started), "duration_ms": round(took, 3)}


def iso(second: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
