"""`replay fuzz` as typed: what it prints, what it keeps, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.fuzzing.captured import nothing_captured
from replay.fuzzing.cases import Case
from replay.fuzzing.found import Failure, FuzzReport
from replay.fuzzing.judging import Breach, Law
from replay.report.fuzz_text import fuzz_text
from replay.report.ink import Ink
from replay.store import Store
from tests.fuzzing.conftest import ROOT, write_trace
from tests.fuzzing.test_cases import described

TOOLS = ["--tools", "tests.fuzzing.fuzzed_tools:toolbox", "--isolation", "none", "--jobs", "1"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "traces.db"
    with Store.open(path, "create") as store:
        calls = [
            ("left", {"item": "tea"}),
            ("left_refused", {"item": "tea"}),
            ("pairs", {"count": 2}),
        ]
        write_trace(store, "t1", calls, start={"tea": 3})
    return path


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


def fuzz(database: Path, *more: str) -> int:
    return exit_code_of(["fuzz", str(database), *TOOLS, "--count", "20", *more])


@pytest.mark.slow
def test_failures_end_with_1_and_their_cases_are_kept_for_review(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = fuzz(database, "--tool", "left", "--keep", str(tmp_path))

    out, err = capsys.readouterr()
    assert ended == 1
    assert "✗ left ends in KeyError, which it does not declare" in out
    assert "20 cases for 1 tool, seed 0: 1 failure" in out
    assert max(len(line) for line in out.splitlines() if not line.startswith("      ")) <= 80
    (file,) = tmp_path.glob("left/undeclared-*.json")
    assert f"Kept {file}" in err
    assert json.loads(file.read_text())["arguments"] == '{"item": ""}'
    assert "cases in " in err


def test_no_line_is_told_of_a_process_that_ended() -> None:
    breach = Breach("dies", Law.UNDECLARED, "ProcessEnded", "invoke", "Its process ended.")
    case = Case("dies", "{}", "n is 1", nothing_captured(described({}), None))
    report = FuzzReport("shop:toolbox", 0, failures=[Failure(breach, case, "s", None, None)])

    out = fuzz_text(report, width=80, ink=Ink(colored=False))

    assert "dies ends in ProcessEnded" in out
    assert "; at " not in out


@pytest.mark.slow
def test_only_disagreements_end_with_2_and_nothing_with_0(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzz(database, "--tool", "pairs") == 2
    assert "~ pairs turns away what its schema allows: count" in capsys.readouterr().out
    assert fuzz(database, "--tool", "left_refused") == 0
    assert "no failure" in capsys.readouterr().out


@pytest.mark.slow
def test_json_has_the_failures_with_their_tests(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fuzz(database, "--tool", "left", "--json")

    told = json.loads(capsys.readouterr().out)
    (failure,) = told["failures"]
    assert (failure["law"], failure["breaking"]) == ("undeclared", True)
    assert failure["test"].startswith("from replay.tools import run_call_sync\n")
    assert told["tools"]["left"]["cases"] == 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--again"], "Which cases again? Name their folder: --keep DIRECTORY."),
        (["--tool", "lefd"], "Nearest: left"),
    ],
)
def test_what_cannot_be_run_ends_with_3(
    database: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert fuzz(database, *options) == 3
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_kept_file_that_is_no_case_is_named(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "left").mkdir()
    (tmp_path / "left" / "undeclared-1.json").write_text("{}")

    assert fuzz(database, "--keep", str(tmp_path), "--again") == 3
    assert (
        "undeclared-1.json' is no case that was kept: KeyError: 'tool'" in capsys.readouterr().err
    )
