"""What a CI server asks of the command line: samples, annotations, alerts, committed approvals."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

Printed = pytest.CaptureFixture[str]
RUN = ["run", "--tools", "shop:toolbox", "--jobs", "1"]
RENAMED = TOOLS.replace('"price": len', '"cost": len')


def test_a_sample_never_claims_the_whole(folder: Path, capsys: Printed) -> None:
    reports = ["--junit", "r.xml", "--markdown", "r.md", "--sarif", "r.sarif"]

    assert exit_code_of([*RUN, "--sample", "2", "--newest", *reports]) == 0

    out = capsys.readouterr().out
    said = "A sample: 2 of 3 traces, the newest. The others were not replayed."
    assert out.splitlines()[:2] == ["2 calls of 2 traces (a sample of 3): all the same", said]
    assert (folder / "r.md").read_text() == (
        f"**2 calls of 2 traces (a sample of 3): all the same**\n\n{said}\n"
    )
    (suite,) = ElementTree.parse(folder / "r.xml").getroot()
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["sample"] == said
    assert [case.get("name") for case in suite.iter("testcase")] == ["t2-cup", "t3-kettle"]
    assert json.loads((folder / "r.sarif").read_text())["runs"][0]["properties"]["notes"] == [said]


def test_a_stored_run_knows_its_sample(folder: Path, capsys: Printed) -> None:
    words = ["--sample", "1", "--stratify", "tool,model", "--seed", "7", "--json"]

    assert exit_code_of([*RUN, *words]) == 0

    run = json.loads(capsys.readouterr().out)["run"]
    asked = {"count": 1, "stratify": ["tool", "model"], "seed": 7}
    assert run["selection"]["sample"] == asked
    assert run["sample"] == {
        "of": 3,
        "newest": False,
        "seed": 7,
        "stratify": ["tool", "model"],
        "kinds": 1,
        "reached": 1,
        "missed": [],
    }
    assert run["tool_sources"] == {"price": {"file": "shop.py", "line": 8}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--newest"], "--newest says how a sample is chosen; say how many traces"),
        (["--seed", "0"], "--seed says how a sample is chosen"),
        (["--sample", "2", "--stratify", "colour"], "'colour' is no trait; one or more of: tool"),
        (["--sample", "2", "--newest", "--seed", "1"], "--newest draws nothing"),
        (["--sample", "0"], "0 is not in the range"),
        (["--json", "--format", "github"], "--json and --format github: which of the two?"),
    ],
)
def test_options_that_say_nothing_are_refused(
    words: list[str], said: str, folder: Path, capsys: Printed
) -> None:
    assert exit_code_of([*RUN, *words]) == 3

    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_github_sees_findings_from_the_root_of_the_repository(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "services").mkdir()
    for name in ("shop.py", "traces.db"):
        (folder / name).rename(folder / "services" / name)
    (folder / "services" / "shop.py").write_text(RENAMED)
    monkeypatch.chdir(folder / "services")

    assert exit_code_of([*RUN, "--format", "github"]) == 2
    first, *report, last = capsys.readouterr().out.splitlines()
    assert first.startswith("::stop-commands::")
    assert report[0] == "3 calls of 3 traces: 3 changed in 1 finding"
    assert report[-1] == f"::{first.removeprefix('::stop-commands::')}::"
    assert last.startswith("::warning file=services/shop.py,line=8,title=replay%3A price%3A ")

    assert exit_code_of([*RUN, "--format", "github", "--output", "report.txt"]) == 2
    assert capsys.readouterr().out == f"{last}\n"
    assert Path("report.txt").read_text().startswith("3 calls of 3 traces: 3 changed")
    assert exit_code_of(["diff", "--format", "github", "--sarif", "r.sarif"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == last
    (result,) = json.loads(Path("r.sarif").read_text())["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "services/shop.py", "uriBaseId": "%SRCROOT%"}


@pytest.mark.slow
def test_an_approval_that_is_committed_holds_on_a_fresh_machine(
    folder: Path, capsys: Printed
) -> None:
    (folder / "shop.py").write_text(RENAMED)
    approvals = ["--approvals", "approved.jsonl"]
    assert exit_code_of([*RUN, *approvals]) == 2

    assert exit_code_of(["approve", "all", "--note", "renamed", *approvals]) == 0

    assert "Written to 'approved.jsonl': commit it." in capsys.readouterr().err
    with Store.open("traces.db") as store:
        assert store.approvals() == []
    (folder / "traces.db").unlink()
    with Store.open(folder / "traces.db", mode="create") as store:
        store.append_all(one_trace(1, "tea"))
    assert exit_code_of([*RUN, *approvals]) == 0
    assert "1 approved" in capsys.readouterr().out
    assert exit_code_of(["diff", "--json"]) == 0  # the run itself was approved; today nothing is
    assert json.loads(capsys.readouterr().out)["findings"][0]["approved"] is False
    assert exit_code_of(["diff", "--json", *approvals]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["approved"] is True


@pytest.mark.slow
def test_an_approval_that_no_longer_meets_anything_is_named(folder: Path, capsys: Printed) -> None:
    (folder / "shop.py").write_text(RENAMED)
    approvals = ["--approvals", "approved.jsonl"]
    assert exit_code_of([*RUN, "--approve", *approvals]) == 0
    (folder / "shop.py").write_text(TOOLS)
    capsys.readouterr()

    assert exit_code_of([*RUN, *approvals]) == 0
    assert "Approved, and no longer found: " in capsys.readouterr().err
    assert exit_code_of([*RUN, *approvals, "--sample", "2"]) == 0
    assert capsys.readouterr().err == ""  # a sample cannot know
    assert exit_code_of(["runs"]) == 0
    newest, *_, oldest = capsys.readouterr().out.splitlines()[1:]
    assert "(sample) shop" in newest
    assert "sample" not in oldest


def test_approvals_that_cannot_be_read_end_a_run_before_it_begins(
    folder: Path, capsys: Printed
) -> None:
    (folder / "approved.jsonl").write_text("<<<<<<< HEAD\n")

    assert exit_code_of([*RUN, "--approvals", "approved.jsonl"]) == 3

    assert "A merge was left half done" in capsys.readouterr().err
    with Store.open("traces.db") as store:
        assert store.runs() == []
