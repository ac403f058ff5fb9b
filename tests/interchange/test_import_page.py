"""The examples of docs/import.md are imported as the page says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.interchange import READ_FORMATS
from replay.interchange.exporting import ExportReport, export_lines
from replay.records import Outcome, Selection
from replay.store import Store
from tests.interchange.chats import imported, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines

PAGE = (Path(__file__).parents[2] / "docs" / "import.md").read_text("utf-8")
CHAT, ANTHROPIC = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)


def test_the_chat_line_of_the_page(store: Store, write_lines: WriteLines) -> None:
    report = imported(store, write_lines(CHAT))

    transcript = only_transcript(store)
    (get_order,) = tool_calls(transcript)
    assert report.format == "openai-chat"
    assert transcript.trace.start == {"init": {"plan": "pro"}}
    assert (get_order.outcome, get_order.arguments) == (Outcome.FAILED, '{"order_id": 7}')


def test_the_anthropic_line_of_the_page(store: Store, write_lines: WriteLines) -> None:
    report = imported(store, write_lines(ANTHROPIC))

    (get_order,) = tool_calls(only_transcript(store))
    assert report.format == "anthropic-messages"
    assert (get_order.outcome, get_order.response) == (Outcome.OK, "shipped")


def test_the_commands_of_the_page_run_on_a_real_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Path(__file__).parent
    shutil.copy(here / "fixtures" / "otlp-traceloop" / "otlp.jsonl", tmp_path)
    shutil.copy(here / "making" / "travel_tools.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"<!-- commands: import -->\n```bash\n(.*?)```", PAGE, re.DOTALL)

    codes = [exit_code_of(shlex.split(line)[1:]) for line in block.splitlines()]

    assert codes == [0, 0, 0]
    assert "6 calls of 2 traces: all the same" in capsys.readouterr().out


def test_the_page_has_every_format_that_can_be_read() -> None:
    table = PAGE.split("| `--format` |")[1].split("\n\n")[0]

    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == sorted(READ_FORMATS)


def test_traces_come_out_oldest_first_and_then_by_id(store: Store, write_lines: WriteLines) -> None:
    chat = json.loads(CHAT)
    times = [("late", "2026-11-20"), ("early", "2026-11-19"), ("none-2", None), ("none-1", None)]
    lines = [{**chat, "id": name, "recorded_at": at} for name, at in times]
    imported(store, write_lines(*(json.dumps(line) for line in lines)))

    report = ExportReport()
    exported = map(json.loads, export_lines(store, Selection(), "openai-chat", report))
    newest = map(json.loads, export_lines(store, Selection(limit=2), "openai-chat", report))

    names = [line["id"] for line in exported]
    assert names[2:] == ["early", "late"] == [line["id"] for line in newest]
    assert names[:2] == ["none-1", "none-2"]
