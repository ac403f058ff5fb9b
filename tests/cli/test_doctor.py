from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of

Printed = pytest.CaptureFixture[str]


@pytest.mark.slow
def test_the_doctor_tells_what_is_here_and_ends_with_0(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["doctor", "traces.db", "--json"]) == 0

    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert {finding["state"] for finding in found.values()} <= {"ok", "note"}
    assert found["python"]["state"] == "ok"
    assert "3 traces, 0 replay runs" in found["database"]["text"]


@pytest.mark.slow
def test_what_is_broken_is_told_with_what_to_do_and_ends_with_3(
    folder: Path, capsys: Printed
) -> None:
    (folder / "notes.db").write_text("Not a database, but long enough to look at." * 9)
    (folder / "pyproject.toml").write_text("[tool.replay]\njops = 3\n")

    assert exit_code_of(["doctor", "notes.db"]) == 3

    printed = capsys.readouterr().out
    assert "BROKEN  config" in printed
    assert "BROKEN  database" in printed
    assert "is not a database" in printed
    assert "jobs" in printed


@pytest.mark.slow
def test_the_doctor_prints_nothing_wider_than_the_terminal(folder: Path, capsys: Printed) -> None:
    exit_code_of(["doctor", "traces.db"])

    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 80


def test_the_doctor_says_what_this_machine_leaves_open(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = {"python": "", "program": "", "c": "no filter here", "c program": "no filter here"}
    monkeypatch.setattr("cassettes.kernel.probe.probe", lambda: tried)

    assert exit_code_of(["doctor", "--json"]) == 0

    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert "sockets of Python are refused, programs are refused" in found["guard"]["text"]
    assert found["left open"]["state"] == "note"
    assert "C code can start programs: no filter here" in found["left open"]["text"]


def test_the_doctor_says_which_sandboxes_hold(
    folder: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = {"bubblewrap": "there is no program `bwrap`", "kernel": ""}
    monkeypatch.setattr("replay.replayer.sandbox.probe.probe_sandboxes", lambda: tried)

    assert exit_code_of(["doctor", "check", "--json"]) == 0

    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert found["sandbox"]["text"].startswith("kernel: files are only read, no network")
    assert found["no sandbox"]["text"] == "bubblewrap: there is no program `bwrap`"
    assert found["no sandbox"]["advice"] == "`apt install bubblewrap` brings it."


@pytest.mark.slow
def test_verify_and_explain_tell_what_they_found_and_store_nothing(
    folder: Path, capsys: Printed
) -> None:
    selected = ["traces.db", "--tools", "shop:toolbox", "--limit", "1", "--jobs", "1"]

    assert exit_code_of(["doctor", "verify", *selected]) == 0
    verified = capsys.readouterr().out
    assert exit_code_of(["doctor", "explain", *selected, "--json"]) == 0
    explained = json.loads(capsys.readouterr().out)

    assert verified == "1 call of 1 trace, each run 6 times\n\n✓ Every replay gives the same.\n"
    assert explained["labels"] == {"price": []}
    assert exit_code_of(["runs", "traces.db", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_tools_that_are_named_nowhere_are_asked_for(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["doctor", "verify", "traces.db"]) == 3

    assert "Which tools? Name them with --tools" in capsys.readouterr().err
