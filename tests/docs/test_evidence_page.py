"""docs/evidence.md: its tools, its command and its output, over calls that were recorded before."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import ModelCall, Outcome, ToolCall, Trace
from replay.store import Store

PAGE = (Path(__file__).parent.parent.parent / "docs" / "evidence.md").read_text("utf-8")
AT = "2026-11-21T09:00:00.000000Z"
V1 = '''
from typing import Literal

from pydantic import BaseModel

from replay import Toolbox

toolbox = Toolbox("calendar")


class Guest(BaseModel):
    email: str
    role: str = "guest"


@toolbox.tool(version="1")
def create_event(
    title: str, start: str, guests: list[Guest], room: Literal["a", "b", "c"] = "a"
) -> dict:
    """Put an event into the calendar."""


@toolbox.tool(version="1")
def find_events(text: str, limit: int = 10) -> list:
    """Find events."""
'''
NAMES: dict[str, Any] = {}
exec(V1, NAMES)  # the tools of version 1, as models were shown them
SHOWN = [tool.definition("openai") for tool in NAMES["toolbox"].tools()]
GUEST = {"email": "ada@example.com"}
CALLS = [
    ("create_event", {"title": "Standup", "start": "2026-12-01", "guests": [GUEST]}),
    ("create_event", {"title": "Review", "start": "Dec 1", "guests": []}),
    (
        "create_event",
        {"title": "Report", "start": "2026-12-02", "guests": [{"email": "noreply@a.b"}]},
    ),
    ("create_event", {"title": "Dinner", "start": "tomorrow", "guests": []}),
    ("find_events", {"text": "standup"}),
    ("find_events", {"text": "review", "limit": 5}),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "events_v2.py").write_text(block("file: events_v2.py", "python"))
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        for number, (tool, arguments) in enumerate(CALLS, start=1):
            store.append_all(one_trace(number, tool, arguments))
    return tmp_path


def block(marker: str, language: str) -> str:
    """Return the code that follows ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found.group(1)


def one_trace(
    number: int, tool: str, arguments: dict[str, object]
) -> list[Trace | ModelCall | ToolCall]:
    guests = [{**one, "role": "guest"} for one in arguments.get("guests", [])]  # type: ignore[attr-defined]  # lists above
    name = f"talk-{number}"
    return [
        Trace(id=name, started_at=AT),
        ModelCall(
            id=f"{name}-m",
            trace_id=name,
            step_number=1,
            api="chat.completions",
            model="gpt-4o" if number % 2 else "claude-sonnet-4-5",
            tools=SHOWN,
            started_at=AT,
        ),
        ToolCall(
            id=f"{name}-c",
            trace_id=name,
            step_number=2,
            model_call_id=f"{name}-m",
            tool=tool,
            tool_version="1",
            arguments=json.dumps(arguments),
            payload={**arguments, "guests": guests} if guests else arguments,
            outcome=Outcome.OK,
            started_at=AT,
        ),
    ]


def test_the_page_shows_what_the_command_prints(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("replay.compatibility.comparing") is None:
        pytest.skip("The rules that explain are not here.")

    code = exit_code_of(block("command: evidence", "bash").split()[1:])

    assert code == 1
    assert capsys.readouterr().out == block("output: evidence", "text")


@pytest.mark.slow
def test_the_example_in_python_runs(folder: Path) -> None:
    (program,) = re.findall(r"## From Python\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    root = str(Path(__file__).parents[2])

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "create_event 4 3 1\n"
