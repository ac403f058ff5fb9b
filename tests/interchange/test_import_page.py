"""The examples of docs/import.md are imported as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

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
