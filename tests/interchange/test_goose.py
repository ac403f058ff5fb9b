"""Goose's sessions in each of their forms."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.interchange import goose
from replay.records import Outcome, ToolCall
from replay.store import Store
from tests.interchange.chats import imported, model_calls, only_transcript, tool_calls
from tests.interchange.conftest import WriteLines
from tests.interchange.session_forms import (
    goose_database,
    goose_export,
    goose_lines,
    goose_message,
    goose_messages,
    text,
)


def told_of(call: ToolCall) -> tuple[Any, ...]:
    return call.tool, call.arguments, call.outcome, call.response


@pytest.mark.parametrize(
    ("name", "write", "model"),
    [
        ("20261126_1.json", goose_export, "claude-sonnet-4-5"),
        ("20261126_1.jsonl", goose_lines, None),
        ("sessions.db", goose_database, "claude-sonnet-4-5"),
    ],
)
def test_a_session_of_goose_is_a_trace_in_each_of_its_forms(
    store: Store, tmp_path: Path, name: str, write: Callable[[Path], None], model: str | None
) -> None:
    write(tmp_path / name)

    report = imported(store, tmp_path / name)

    transcript = only_transcript(store)
    first, second = tool_calls(transcript)
    assert report.format == "goose"
    assert transcript.trace.id.startswith("20261126_1")
    assert told_of(first) == ("get_weather", '{"city":"Paris"}', Outcome.OK, "18 degrees")
    assert (second.outcome, second.response) == (Outcome.FAILED, "no")
    asked, answered = model_calls(transcript)
    assert (asked.model, asked.started_at) == (model, "2026-11-26T03:46:01.000000Z")
    assert len(answered.messages) == 3


def test_what_goose_has_summed_up_is_not_in_later_prompts(
    store: Store, write_lines: WriteLines
) -> None:
    hidden = {"metadata": {"userVisible": True, "agentVisible": False}}
    own = {"metadata": {"userVisible": False, "agentVisible": True}}
    messages = [
        *({**one, **hidden} for one in goose_messages()),
        goose_message(5, "user", text("They asked for the weather."), **own),
        goose_message(6, "assistant", text("I go on."), **own),
        goose_message(7, "user", text("And tomorrow?")),
        goose_message(8, "assistant", text("Warmer.")),
    ]

    imported(store, write_lines({"working_dir": "/shop", "description": ""}, *messages))

    *_, before, after = model_calls(only_transcript(store))
    assert len(before.messages) == 3
    said = [one["content"][0]["text"] for one in after.messages]
    assert said == ["They asked for the weather.", "I go on.", "And tomorrow?"]


def test_a_call_that_goose_could_not_read_is_counted(store: Store, write_lines: WriteLines) -> None:
    bad = {"type": "toolRequest", "id": "c1", "toolCall": {"status": "error", "error": "no JSON"}}
    lines = [
        goose_message(1, "user", text("Go.")),
        goose_message(2, "assistant", text("Hm."), bad),
    ]

    report = imported(store, write_lines(*lines))

    assert report.notes[goose.NOT_READ] == 1
    assert tool_calls(only_transcript(store)) == []


def test_gooses_database_may_be_named_alone_and_is_found_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "sessions"
    folder.mkdir()
    goose_database(folder / "sessions.db")
    before = (folder / "sessions.db").read_bytes()

    codes = [exit_code_of(["import", word]) for word in ("sessions/sessions.db", "sessions")]

    assert codes == [ExitCode.OK, ExitCode.OK]
    assert "1 in the database already" in capsys.readouterr().out
    assert (folder / "sessions.db").read_bytes() == before
    assert [one.name for one in folder.iterdir()] == ["sessions.db"]


def test_another_sqlite_database_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sqlite3.connect(tmp_path / "sessions.db")
    other.execute("CREATE TABLE sessions (id TEXT)")
    other.close()

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(tmp_path / "sessions.db")])

    assert code == ExitCode.COULD_NOT_RUN
    assert "this is a SQLite database" in capsys.readouterr().err


def test_a_damaged_database_of_goose_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sessions.db"
    goose_database(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x99" * (len(content) - 4096)
    path.write_bytes(content)

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(path)])

    said = capsys.readouterr().err
    assert code == ExitCode.COULD_NOT_RUN
    assert "Traceback" not in said
