"""Recordings that were masked less than a replay masks: like is compared with like."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.records import ReplayRun
from replay.replayer.masking import MaskedOtherwise
from replay.report.masked_words import masked_otherwise_words
from replay.store import Store
from replay.tools.loading import load_toolbox

TOOLS = """\
from replay import Toolbox

toolbox = Toolbox("greeting")
PEOPLE = {"7": {"name": "Ann Lee-Baker", "born": "1977-07-13"}}


@toolbox.tool
def greet(email: str) -> str:
    "Greet."
    print("greeting", email)
    return f"Hello {email} of {email.split('@')[1]}, ticket ACME-777123 for Zacharias"


@toolbox.tool
def person(id: str) -> dict:
    "Look a person up."
    return PEOPLE[id]


@toolbox.tool
def note(text: str) -> str:
    "Note something."
    return f"{text}: {PEOPLE['7']['name']}"
"""
RUN = ("run", "traces.db", "--tools", "greeting_tools:toolbox")


def called(tool: str, **arguments: str) -> list[Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return [{"id": "c1", "type": "function", "function": function}]


@pytest.fixture
def toolbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    Path("greeting_tools.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "greeting_tools", None)
    sys.modules.pop("greeting_tools")
    return load_toolbox("greeting_tools:toolbox")


def settings(text: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.replay.mask]\n{text}\n")


def kept() -> str:
    """Everything that the replay runs of the database hold."""
    with Store.open(Path("traces.db")) as store:
        runs = store.runs()
        found = [*runs, *(one for run in runs for one in store.verdicts(run.id))]
        found += [one for run in runs for one in store.findings(run.id)]
        return "".join(one.model_dump_json() for one in found)


def test_what_was_recorded_before_personal_data_were_masked_replays_the_same_and_is_kept_masked(
    toolbox: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with Recorder("traces.db", mask="secrets") as recorder, recorder.trace(id="t"):
        toolbox.dispatch_sync(called("greet", email="ann@firma-xyz.org"))
    settings("personal = true")

    assert exit_code_of(RUN) == 0

    said = " ".join(capsys.readouterr().out.split())
    assert "1 call of 1 trace: all the same" in said
    assert "1 trace was recorded when [tool.replay.mask] did not mask" in said
    assert "replay mask --apply traces.db" in said
    with Store.open(Path("traces.db")) as store:
        [run] = store.runs()
    assert "email" in run.coverage["masked_otherwise"]["kinds"]
    assert "ann@firma-xyz.org" not in kept()
    assert "r@example.com of firma-xyz.org" in kept()

    assert exit_code_of(["mask", "--apply", "traces.db"]) == 0
    capsys.readouterr()
    exit_code_of(RUN)
    assert "mask --apply" not in capsys.readouterr().out


@pytest.mark.parametrize("mask", ['patterns = ["ACME-[0-9]{6}"]', 'functions = ["masks:names"]'])
def test_what_was_recorded_before_it_was_said_to_be_secret_replays_the_same(
    mask: str, toolbox: Any
) -> None:
    Path("masks.py").write_text(
        "def names(text):\n"
        "    at = text.find('Zacharias')\n"
        "    return [(at, at + 9, 'name')] if at >= 0 else []\n"
    )
    with Recorder("traces.db", mask="secrets") as recorder, recorder.trace(id="t"):
        toolbox.dispatch_sync(called("greet", email="ann@firma-xyz.org"))
    settings(mask)
    command = [sys.executable, "-P", "-c", "from replay.cli.main import main; main()", *RUN]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("is_masked_afterwards", [False, True])
def test_what_is_masked_at_places_of_answers_is_so_in_a_replay(
    is_masked_afterwards: bool, toolbox: Any
) -> None:
    places = "result.name", "response.name", "result.born", "response.born"
    settings(f"paths = {[f'tool_calls.person.{one}' for one in places]}")
    mask = False if is_masked_afterwards else None
    with Recorder("traces.db", mask=mask) as recorder, recorder.trace(id="t"):
        toolbox.dispatch_sync(called("person", id="7"))
        toolbox.dispatch_sync(called("note", text="call back"))
    if is_masked_afterwards:
        assert exit_code_of(["mask", "--apply", "traces.db"]) == 0

    assert exit_code_of(RUN) == 0

    assert "Lee-Baker" not in kept()
    assert "1977-07-13" not in kept()


def test_what_was_masked_as_it_is_now_or_not_at_all_is_not_told() -> None:
    told = {"config": {"personal": ["email", "card"]}}
    counted = MaskedOtherwise(told)
    counted.add(False)
    counted.add(["card", "email", "phone"])
    assert counted.report() is None

    counted.add(["card"])
    counted.add(True)
    assert counted.report() == {"trace_count": 2, "kinds": ["card", "email"]}

    for described in (None, {"config": {"personal": False}}):
        secrets_only = MaskedOtherwise(described)
        secrets_only.add(True)
        assert secrets_only.report() is None


def test_an_older_run_has_nothing_to_say() -> None:
    assert masked_otherwise_words(ReplayRun(id="r", started_at="2026-01-01", toolbox="t:t")) == []
