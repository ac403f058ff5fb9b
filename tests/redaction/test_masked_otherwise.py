"""Recordings that were masked less than a replay masks: the report says that, and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

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


@toolbox.tool
def greet(email: str) -> str:
    "Greet."
    return f"Hello {email}"
"""
CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "greet", "arguments": '{"email": "ann@example.com"}'},
}


def test_a_replay_that_masks_more_than_the_recording_says_so_until_it_is_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("greeting_tools.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "greeting_tools", None)
    sys.modules.pop("greeting_tools")
    toolbox = load_toolbox("greeting_tools:toolbox")
    with Recorder("traces.db", mask="secrets") as recorder, recorder.trace(id="t"):
        toolbox.dispatch_sync([CALL])
    Path("pyproject.toml").write_text("[tool.replay.mask]\npersonal = true\n")
    words = ["run", "traces.db", "--tools", "greeting_tools:toolbox"]

    exit_code_of(words)

    said = " ".join(capsys.readouterr().out.split())
    assert "1 trace was recorded when [tool.replay.mask] did not mask" in said
    assert "replay mask --apply traces.db" in said
    with Store.open(Path("traces.db")) as store:
        [run] = store.runs()
    assert "email" in run.coverage["masked_otherwise"]["kinds"]

    assert exit_code_of(["mask", "--apply", "traces.db"]) == 0
    capsys.readouterr()
    assert exit_code_of(words) == 0
    assert "mask --apply" not in capsys.readouterr().out


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
