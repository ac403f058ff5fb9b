"""`replay contract` as typed: what it prints, what it proposes, how it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.cli.progress import Progress
from replay.contracts.inferring import Proposal, proposals
from replay.contracts.results import ContractResult, Kind, Status
from replay.store import Store
from tests.contracts.conftest import ROOT, write

TOOLS = ["--tools", "tests.contracts.promising_tools:toolbox", "--jobs", "1"]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("contract") / "traces.db"
    with Store.open(path, "create") as store:
        write(store)
    return path


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")


def contract(database: Path, *more: str) -> int:
    return exit_code_of(["contract", str(database), *TOOLS, *more])


@pytest.mark.slow
def test_broken_promises_come_first_and_end_with_1(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = contract(database, "--tool", "quick", "--tool", "pay", "--tool", "get_order")

    out = capsys.readouterr().out
    assert ended == 1
    assert out.index("✗ pay: not idempotent: the second call changes") < out.index(
        "✓ quick: in its"
    )
    assert "1 of 1 call, first in trace t1, step 3" in out
    assert "tool: tests/contracts/promising_tools.py:" in out
    assert max(map(len, out.splitlines())) <= 80


def test_kept_promises_end_with_0(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert contract(database, "--tool", "quick", "--json") == 0
    told = json.loads(capsys.readouterr().out)["contracts"]
    assert [one["status"] for one in told] == ["kept", "kept"]


def test_a_toolbox_that_promises_nothing_is_told_what_to_do_and_ends_with_3(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contract(database, "--tool", "promises_nothing") == 3
    assert "--infer proposes some" in capsys.readouterr().err


@pytest.mark.slow
def test_a_check_of_every_tool_needs_no_contract(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert contract(database, "--tool", "promises_nothing", "--check", "result") == 0
    assert "✓ promises_nothing: its results fit" in capsys.readouterr().out


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_found_and_ends_with_130(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def update(self: Progress, *counts: Any, note: str | None = None, **more: Any) -> None:
        if note == "running calls twice":
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "update", update)

    ended = contract(database, "--tool", "pay_once", "--tool", "quick", "--tool", "steady")

    out, err = capsys.readouterr()
    assert ended == 130
    assert "✓ quick: in its budget" in out
    assert "? steady: deterministic? stopped before a call could show it" in out
    assert "Stopped by Ctrl-C" in err


def test_a_proposal_promises_only_what_was_kept() -> None:
    reads = {"id": {"arguments": 3, "words": 1}, "name": {"arguments": 0, "words": 1}}
    results = [
        ContractResult("find", Kind.IDEMPOTENT, Status.BROKEN, "sends POST again", call_count=4),
        ContractResult("find", Kind.DETERMINISTIC, Status.KEPT, "", call_count=4),
        ContractResult(
            "find",
            Kind.BUDGET,
            Status.NOT_JUDGED,
            "",
            call_count=4,
            measured={"p50_ms": 3.0, "p95_ms": 12.0},
        ),
        ContractResult(
            "find", Kind.KEEPS, Status.KEPT, "", call_count=4, measured={"reads": reads, "lost": []}
        ),
        ContractResult("never_called", Kind.IDEMPOTENT, Status.NOT_JUDGED, ""),
    ]

    (proposal,) = proposals(results)

    assert proposal == Proposal(
        "find",
        None,
        None,
        4,
        deterministic=True,
        budget_ms=50,
        keeps={"id": 4},
        against=["not idempotent: sends POST again"],
    )
    assert proposal.code == (
        '@toolbox.tool(contract=Contract(deterministic=True, budget_ms=50, keeps=["id"]))'
    )
