"""docs/translations.md: its files, run as they stand, and what it says that they do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import Outcome, ToolCall, Trace
from replay.store import Store
from replay.tools import load_toolbox, run_call_sync

PAGE = (Path(__file__).parent.parent.parent / "docs" / "translations.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^replay (schema (?:suggest|translations) .*|run .*)$", PAGE, re.MULTILINE)
AT = "2026-11-21T09:00:00.000000Z"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of a user who follows the page, with recorded calls of version 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    asked = [
        ("create_event", {"title": "lunch", "start": "12:00", "timezone": "CET"}),
        ("create_event", {"title": "tea", "start": "16:00"}),
        ("add_meeting", {"title": "standup", "starts_at": "10:00", "room": "blue"}),
    ]
    (tmp_path / "calls.jsonl").write_text(
        "".join(f"{json.dumps(one)}\n" for tool, one in asked if tool == "create_event")
    )
    calls = [
        ToolCall(
            id=f"c{number}",
            trace_id="monday",
            step_number=number,
            tool=tool,
            tool_version="1",
            arguments=json.dumps(given),
            response=json.dumps({"title": given["title"], "start": given.get("start")}),
            outcome=Outcome.OK,
            started_at=AT,
        )
        for number, (tool, given) in enumerate(asked, start=1)
    ]
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        store.append_all([Trace(id="monday", started_at=AT), *calls])
    return tmp_path


def replay(command: str) -> int:
    return exit_code_of(command.split())


def test_the_toolbox_of_the_page_translates_what_it_says(folder: Path) -> None:
    toolbox = load_toolbox("calendar_tools.py:toolbox", folder=folder)

    old = run_call_sync(
        toolbox,
        tool="create_event",
        arguments='{"title":"a","start":"9:00","timezone":"CET"}',
        arguments_version="1",
    )
    meeting = run_call_sync(
        toolbox,
        tool="add_meeting",
        arguments='{"title":"a","starts_at":"9:00"}',
        arguments_version="1",
    )

    assert old.payload == {"title": "a", "starts_at": "9:00"}
    assert meeting.payload == {"title": "a", "starts_at": "9:00", "minutes": 60}
    assert meeting.translation == ["add_meeting 1", "create_event 2"]


def test_the_draft_of_the_page_is_what_the_command_prints(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = replay(COMMANDS[2])

    out, err = capsys.readouterr()
    assert out == OUTPUTS["draft"]
    assert code == 2
    assert "2 of 2 captured payloads translate and validate." in err


def test_the_check_of_the_page_is_what_the_command_prints(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (check,) = [one for one in COMMANDS if one.startswith("schema translations")]
    code = replay(check)

    assert capsys.readouterr().out == OUTPUTS["checked"]
    assert code == 1
