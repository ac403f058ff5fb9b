"""`replay fuzz` over tools with one planted weakness each: it finds that one, and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.errors import SelectionError
from replay.fuzzing.captured import captured_calls
from replay.fuzzing.cases import Case
from replay.fuzzing.found import Failure, FuzzReport
from replay.fuzzing.fuzzer import Fuzzer
from replay.fuzzing.judging import Breach, Law, breach_of
from replay.fuzzing.keeping import keep
from replay.fuzzing.reference import ruling
from replay.fuzzing.running import run_cases
from replay.fuzzing.shrinking import shrunk
from replay.records import ReplayedCall, Selection
from replay.replayer.environment import Place
from replay.replayer.job_runner import JobRunner
from replay.replayer.pool import Isolation
from replay.replayer.questions.asking import Asking
from replay.report.fuzz_text import fuzz_json
from replay.store import Store
from tests.fuzzing.conftest import ROOT, write_trace

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("left", {"item": "tea"}),
    ("left", {"item": "cup"}),
    ("left_declared", {"item": "tea"}),
    ("left_refused", {"item": "tea", "unit": "box"}),
    ("lax", {"count": 4}),
    ("pairs", {"count": 4}),
    ("on", {"day": "2026-11-20"}),
    ("greeting", {"name": "Ann"}),
    ("dies", {"text": "a"}),
    ("rate", {"currency": "eur"}),
    ("checked_badly", {"text": "a"}),
    ("ping", {"host": "here"}),
    ("gated_ping", {"host": "here"}),
    ("gone", {"a": 1}),
]
START = {"tea": 3, "cup": 5}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("fuzzing") / "traces.db"
    with Store.open(path, "create") as opened:
        write_trace(opened, "t1", CALLS, start=START)
        opened.flush()
        yield opened


@pytest.fixture(scope="module")
def report(store: Store, place: Place) -> FuzzReport:
    """The tools that neither hang nor die, 40 cases each."""
    tools = list(dict.fromkeys(tool for tool, _ in CALLS if tool not in ("gone", "dies")))
    fuzzer = Fuzzer(store, place, count=40, jobs=2, isolation=Isolation.NONE)
    return fuzzer.run(Selection(tools=tools))


def of(report: FuzzReport, tool: str) -> list[Failure]:
    return [one for one in report.failures if one.breach.tool == tool]


def laws(report: FuzzReport, tool: str) -> set[tuple[Law, str]]:
    return {(one.breach.law, one.breach.kind) for one in of(report, tool)}


@pytest.mark.slow
def test_an_exception_that_is_not_declared_is_a_failure_with_its_line(report: FuzzReport) -> None:
    (failure,) = of(report, "left")

    assert (failure.breach.law, failure.breach.kind) == (Law.UNDECLARED, "KeyError")
    source = (ROOT / "tests/fuzzing/fuzzed_tools.py").read_text().splitlines()
    line = 1 + next(i for i, text in enumerate(source) if "world[item]" in text)
    assert failure.breach.place == f"tests/fuzzing/fuzzed_tools.py:{line}"
    assert failure.count > 3


def test_a_failure_is_shrunk_to_the_captured_payload_and_one_small_change(
    report: FuzzReport,
) -> None:
    (failure,) = of(report, "left")

    assert (failure.case.arguments, failure.case.said) == ('{"item": ""}', 'item is ""')


@pytest.mark.slow
def test_shrinking_goes_step_by_step_while_the_same_law_is_broken(
    store: Store, place: Place
) -> None:
    with Asking(place) as asking:
        (tool,) = asking.toolbox.running(["left"])
    captured = captured_calls(store, Selection(tools=["left"]), [tool]).of_tool["left"][0]
    case = Case("left", '{"item": "twelve cups of tea", "item": "twelve cups"}', "", captured)

    def judge(case: Case, replayed: ReplayedCall) -> Breach | None:
        return breach_of(tool, ruling(tool.parameters, case.arguments), replayed)

    with JobRunner(place, isolation=Isolation.NONE) as runner:
        ((_, replayed),) = run_cases(runner, [case])
        breach = judge(case, replayed)
        assert breach is not None
        small, still = shrunk(case, breach, runner, judge)

    assert (small.arguments, small.said) == ('{"item": ""}', 'item is ""')
    assert still.key == breach.key


@pytest.mark.parametrize("tool", ["left_declared", "left_refused", "on"])
def test_declared_errors_refusals_and_formats_are_no_failures(
    report: FuzzReport, tool: str
) -> None:
    assert of(report, tool) == []
    assert report.tools[tool].invalid > 5
    assert report.tools[tool].ran > 0


def test_a_lax_validator_lets_through_what_the_published_schema_forbids(
    report: FuzzReport,
) -> None:
    assert {law for law, _ in laws(report, "lax")} == {Law.INVALID_REACHED}
    assert ("integer_type", "count") in {
        (one.breach.kind, one.breach.place) for one in of(report, "lax")
    }


def test_a_validator_of_ones_own_turns_away_what_the_published_schema_allows(
    report: FuzzReport,
) -> None:
    found = {(one.breach.law, one.breach.kind): one for one in of(report, "pairs")}
    failure = found[Law.DISAGREEMENT, "value_error"]

    assert failure.breach.place == "count"
    assert "must be even" in failure.breach.said
    assert json.loads(failure.case.arguments)["count"] % 2 == 1


def test_half_a_surrogate_pair_is_valid_and_breaks_a_tool_that_encodes(report: FuzzReport) -> None:
    (failure,) = of(report, "greeting")

    assert failure.breach.kind == "UnicodeEncodeError"
    assert failure.case.arguments in ('{"name": "\\ud800"}', '{"name": "\\udfff"}')


@pytest.mark.slow  # a process ends for every case that shows it
def test_a_tool_that_ends_its_process_costs_that_case_and_is_a_failure(
    store: Store, place: Place
) -> None:
    report = Fuzzer(store, place, count=60, jobs=2).run(Selection(tools=["dies"]))

    (failure,) = of(report, "dies")

    assert (failure.breach.law, failure.breach.kind) == (Law.UNDECLARED, "ProcessEnded")
    assert 200 < len(json.loads(failure.case.arguments)["text"]) < 260


def test_a_question_that_no_recording_answers_is_no_failure(report: FuzzReport) -> None:
    assert of(report, "rate") == []
    assert report.tools["rate"].unanswered == report.tools["rate"].ran > 5


def test_a_validator_that_raises_is_a_failure_whatever_the_payload(report: FuzzReport) -> None:
    assert laws(report, "checked_badly") == {(Law.UNDECLARED, "TypeError")}


def test_a_given_schema_that_is_open_where_the_function_is_not_is_told(report: FuzzReport) -> None:
    assert laws(report, "gated_ping") == {(Law.DISAGREEMENT, "signature")}


def test_a_tool_that_only_reports_is_said_once_and_breaks_nothing(report: FuzzReport) -> None:
    (not_gated,) = [one for one in of(report, "ping") if one.breach.law is Law.NOT_GATED]

    assert not not_gated.breach.law.is_breaking
    assert not_gated.count > 5


def test_the_report_is_the_same_whatever_runs_side_by_side(store: Store, place: Place) -> None:
    def told(jobs: int) -> str:
        fuzzer = Fuzzer(store, place, count=15, jobs=jobs, seed=5, isolation=Isolation.NONE)
        return json.dumps(fuzz_json(fuzzer.run(Selection(tools=["left", "lax"]))))

    assert told(3) == told(1)


@pytest.mark.slow
def test_the_printed_test_fails_when_it_is_pasted(report: FuzzReport, tmp_path: Path) -> None:
    kinds = {(one.breach.law, one.breach.kind): one for one in report.failures}
    shown = list(kinds.values())
    for number, failure in enumerate(shown):
        (tmp_path / f"test_{number}.py").write_text(failure.test)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )

    assert f"{len(shown)} failed" in ran.stdout, ran.stdout
    assert "passed" not in ran.stdout
    assert "Error" not in "".join(
        line for line in ran.stdout.splitlines() if line.startswith("ERROR")
    )


@pytest.mark.slow
def test_kept_cases_run_first_and_are_told_when_they_are_mended(
    store: Store, place: Place, report: FuzzReport, tmp_path: Path
) -> None:
    (left,) = of(report, "left")
    file = keep(tmp_path, left.breach, left.case)
    assert file is not None
    mended = tmp_path / "left_refused" / "undeclared-0123456789ab.json"
    mended.parent.mkdir()
    mended.write_text(file.read_text().replace('"tool": "left"', '"tool": "left_refused"'), "utf-8")

    again = Fuzzer(store, place, count=0, kept=tmp_path, isolation=Isolation.NONE).run(Selection())

    assert [one.file for one in again.still_failing] == [file]
    assert [one.file for one in again.mended] == [mended]
    assert [one.breach.key for one in again.failures] == [left.breach.key]
    assert again.unknown_tools == ["gone"]
    assert again.not_to_run == ["launches"]
    assert keep(tmp_path, left.breach, left.case) is None


def test_a_tool_that_is_not_there_is_named_with_the_nearest(store: Store, place: Place) -> None:
    with pytest.raises(SelectionError, match="Nearest: left\n"):
        Fuzzer(store, place).run(Selection(tools=["lefd"]))


@pytest.mark.slow  # its deadline passes, for some cases
def test_a_case_that_hangs_is_ended_and_is_a_failure(store: Store, place: Place) -> None:
    found = Fuzzer(store, place, count=40, deadline_s=0.5).run(Selection(tools=["hangs"]))

    (failure,) = [one for one in found.failures if one.breach.law is Law.UNDECLARED]
    assert failure.breach.kind == "DeadlinePassed"


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_found(store: Store, place: Place) -> None:
    fuzzer: Fuzzer

    def press(done: int, total: int, note: str) -> None:
        if done == 10:
            fuzzer.stop()

    fuzzer = Fuzzer(store, place, count=60, isolation=Isolation.NONE, on_progress=press)
    found = fuzzer.run(Selection(tools=["left"]))

    assert found.is_interrupted
    assert [one.breach.kind for one in found.failures] == ["KeyError"]
    assert 10 <= found.case_count < 60
