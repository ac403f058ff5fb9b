from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of

Printed = pytest.CaptureFixture[str]


def test_the_doctor_tells_what_is_here_and_ends_with_0(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["doctor", "traces.db", "--json"]) == 0

    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert {finding["state"] for finding in found.values()} <= {"ok", "note"}
    assert found["python"]["state"] == "ok"
    assert "3 traces, 0 replay runs" in found["database"]["text"]


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
