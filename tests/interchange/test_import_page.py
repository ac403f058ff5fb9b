"""The examples of docs/import.md are imported as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from replay.records import Outcome
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
