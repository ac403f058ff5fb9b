"""`replay diff` names what it was given: a run, a trace, a call, a finding, of whichever run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of

Printed = pytest.CaptureFixture[str]
RUN = ["run", "--tools", "shop:toolbox", "--jobs", "1"]


@pytest.fixture
def two_runs(folder: Path, capsys: Printed) -> dict[str, str]:
    """A run over two changed traces, then one over the third; the first run's id and finding."""
    file = folder / "shop.py"
    file.write_text(file.read_text().replace('"price": len', '"cost": len'))
    assert exit_code_of([*RUN, "--until", "2026-11-23", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    file.write_text(file.read_text().replace('"cost": len', '"amount": len'))
    assert exit_code_of([*RUN, "--trace", "t3", "--json"]) == 2
    latest = json.loads(capsys.readouterr().out)["run"]["id"]
    return {
        "run": report["run"]["id"],
        "latest": latest,
        "finding": report["findings"][0]["signature"],
    }


@pytest.mark.slow
def test_a_trace_is_shown_from_the_newest_run_that_has_it(
    two_runs: dict[str, str], capsys: Printed
) -> None:
    assert exit_code_of(["diff", "traces.db", "t1-tea"]) == 0

    printed = capsys.readouterr()
    assert "+ cost: 3" in printed.out
    assert f"Not in the latest replay run; this is of run {two_runs['run']}." in printed.err


@pytest.mark.slow
def test_a_finding_and_a_call_are_shown_from_the_newest_run_that_has_them(
    two_runs: dict[str, str], capsys: Printed
) -> None:
    for wanted in (two_runs["finding"], two_runs["finding"][:5], "t2-cup-c1"):
        assert exit_code_of(["diff", "traces.db", wanted]) == 0

        printed = capsys.readouterr()
        assert "+ cost: 3" in printed.out
        assert two_runs["run"] in printed.err


@pytest.mark.slow
def test_a_run_without_the_trace_says_which_run_has_it(
    two_runs: dict[str, str], capsys: Printed
) -> None:
    assert exit_code_of(["diff", "traces.db", "latest", "t1-tea"]) == 3

    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"Run {two_runs['latest']} has no call of 't1-tea'." in printed.err
    assert f"The newest run that has: {two_runs['run']}." in printed.err


def test_a_trace_that_no_run_replayed_is_told(folder: Path, capsys: Printed) -> None:
    exit_code_of([*RUN, "--trace", "t3"])
    capsys.readouterr()

    assert exit_code_of(["diff", "traces.db", "t1-tea"]) == 3
    assert "No replay run has a call of 't1-tea'" in capsys.readouterr().err
    assert exit_code_of(["diff", "traces.db", "run_nothing", "t1-tea"]) == 3
    assert "There is no replay run 'run_nothing'." in capsys.readouterr().err


@pytest.mark.slow
def test_without_a_run_it_says_which_one_is_shown(
    two_runs: dict[str, str], capsys: Printed
) -> None:
    assert exit_code_of(["diff", "traces.db"]) == 0

    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"{two_runs['latest']}: shop:toolbox, 20")
    assert first.endswith(" UTC")


@pytest.mark.slow
def test_all_shows_every_differing_call_of_a_run(two_runs: dict[str, str], capsys: Printed) -> None:
    assert exit_code_of(["diff", "traces.db", two_runs["run"]]) == 0
    short = capsys.readouterr().out
    assert f"replay diff traces.db {two_runs['run']} --all" in short
    assert "trace t2-cup, step 2" not in short

    assert exit_code_of(["diff", "traces.db", two_runs["run"], "--all"]) == 0
    whole = capsys.readouterr().out
    findings, _, _ = short.partition("\nNext")
    assert whole.startswith(findings)
    assert "--all" not in whole  # who asked for all is not told how
    assert whole.count("+ cost: 3") == 3
    assert "trace t2-cup, step 2" in whole

    assert exit_code_of(["diff", "traces.db", two_runs["run"], "--all", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["calls"]) == 2


@pytest.mark.slow
def test_a_run_can_be_written_for_ci(two_runs: dict[str, str], folder: Path) -> None:
    files = ["--junit", "out.xml", "--markdown", "out.md"]

    assert exit_code_of(["diff", "traces.db", two_runs["run"], *files]) == 0

    assert "<failure" in (folder / "out.xml").read_text("utf-8")
    assert (folder / "out.md").read_text("utf-8").startswith("**2 calls of 2 traces: ")
    assert exit_code_of(["diff", "traces.db", "t1", *files]) == 3
    assert exit_code_of(["diff", "traces.db", "--junit", "nowhere/out.xml"]) == 3
