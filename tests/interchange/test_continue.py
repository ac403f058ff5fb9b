"""Sessions of Continue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.records import Outcome, ToolCall
from replay.store import Store
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines
from tests.interchange.session_forms import continue_session, listed


def told_of(call: ToolCall) -> tuple[Any, ...]:
    return call.tool, call.arguments, call.outcome, call.response


def test_a_session_of_continue_is_a_trace_that_its_list_dates(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / "sessions.json").write_text(json.dumps([listed()]))
    (folder / "5f0c.json").write_text(json.dumps(continue_session(), indent=2))

    report = imported(store, folder)

    transcript = only_transcript(store)
    assert report.format == "continue"
    assert transcript.trace.started_at == "2026-11-26T03:46:00.000000Z"
    assert [told_of(call) for call in tool_calls(transcript)] == [
        ("get_weather", '{"city": "Paris"}', Outcome.OK, "18\n\ndegrees"),
        (
            "get_weather",
            '{"city": "Paris"}',
            Outcome.CANCELLED,
            "The user cancelled this tool call.",
        ),
        (
            "get_weather",
            '{"city": "Paris"}',
            Outcome.FAILED,
            "There was an error calling the tool.",
        ),
        ("get_weather", '{"city": "Paris"}', Outcome.UNFINISHED, None),
    ]
    first, second = model_calls(transcript)
    assert first.messages[0]["content"][0] == {"type": "text", "text": "# Cities\n"}
    assert (first.model, first.output["reasoning_content"]) == ("Claude Sonnet", "Look.")
    assert first.usage is not None
    assert first.usage["prompt_tokens_details"] == {"cached_tokens": 9}
    assert [one["role"] for one in second.messages] == ["user", "assistant", *["tool"] * 3]


def test_a_summary_of_continue_takes_the_place_of_what_came_before(
    store: Store, write_lines: WriteLines
) -> None:
    session = continue_session()
    session["history"][-1]["conversationSummary"] = "They asked for the weather."
    session["history"] += [
        {"message": {"role": "user", "content": "And tomorrow?"}, "contextItems": []},
        {"message": {"role": "assistant", "content": "Warmer."}, "contextItems": []},
    ]

    imported(store, write_lines(session))

    last = model_calls(only_transcript(store))[-1]
    assert [one["role"] for one in last.messages] == ["system", "user"]
    assert last.messages[0]["content"].endswith("They asked for the weather.")


def test_the_list_of_sessions_alone_imports_nothing(
    tmp_path: Path, write_lines: WriteLines
) -> None:
    path = str(write_lines(listed()))

    assert exit_code_of(["import", str(tmp_path / "new.db"), path]) == ExitCode.COULD_NOT_RUN
