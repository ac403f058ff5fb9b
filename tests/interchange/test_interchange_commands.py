from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.export import FORMATS as EXPORT_FORMATS
from replay.cli.interchange import FORMATS, READ_FORMATS
from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.interchange import FORMATS as KNOWN_FORMATS
from replay.interchange import LINE_FORMATS
from replay.interchange import READ_FORMATS as KNOWN_READ_FORMATS
from tests.interchange.chats import asked_by_user, chat, says, weather_chat
from tests.interchange.conftest import WriteLines


def test_the_commands_know_every_format() -> None:
    assert KNOWN_FORMATS == FORMATS
    assert LINE_FORMATS == EXPORT_FORMATS
    assert READ_FORMATS == KNOWN_READ_FORMATS


def test_import_tells_what_was_in_the_file_and_what_is_in_the_database(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_lines(weather_chat())

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(path)])

    assert code == ExitCode.OK
    assert capsys.readouterr().out == (
        f"{path}: openai-chat\n"
        "          1 conversation       ->         1 trace\n"
        "          6 messages           ->         6 messages\n"
        "          2 model calls        ->         2 model calls\n"
        "          2 tool calls         ->         2 tool calls\n"
        "          2 answers            ->         2 answers\n"
        "  traces: 1 new\n"
        "  Chat files have no validated payloads, stage timings or outside interactions; these are "
        "empty.\n"
    )


def test_records_are_named_in_words_and_what_is_there_stays(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = str(tmp_path / "first.db"), str(tmp_path / "second.db")
    records = str(tmp_path / "records.jsonl")
    exit_code_of(["import", first, str(write_lines(weather_chat()))])
    exit_code_of(["export", first, "-o", records])
    capsys.readouterr()

    exit_code_of(["import", second, records])
    new = capsys.readouterr().out
    exit_code_of(["import", second, records])
    again = capsys.readouterr().out

    assert "          1 trace              ->         1 trace\n" in new
    assert "          2 model calls        ->         2 model calls\n" in new
    assert "  traces: 1 new\n" in new
    assert "  traces: 1 in the database already\n" in again


def test_line_5000_of_10000_stops_the_import_with_code_3_and_nothing_kept(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[object] = [chat(asked_by_user(str(n)), says("Hi")) for n in range(10_000)]
    lines[4999] = '{"messages": ['
    path, database = write_lines(*lines), str(tmp_path / "new.db")

    code = exit_code_of(["import", database, str(path)])

    told = capsys.readouterr()
    assert code == ExitCode.COULD_NOT_RUN
    assert f"{path}:5000:15: the line is not one whole JSON value" in told.err
    assert "Nothing was imported" in told.err
    assert "Traceback" not in told.err
    assert not Path(database).exists()


def test_a_file_that_is_no_database_is_told_before_anything_is_read(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.db"
    other.write_text("not a database, but long enough to be looked at\n" * 9)

    code = exit_code_of(["import", str(other), str(write_lines("oops"))])

    assert code == ExitCode.COULD_NOT_RUN
    assert "is not a database" in capsys.readouterr().err


def test_import_as_json_is_one_document(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_lines(weather_chat(), "oops")

    exit_code_of(["import", str(tmp_path / "new.db"), str(path), "--skip-bad-lines", "--json"])

    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert file["new"] == 1
    assert file["complete"] is True
    assert file["bad_lines"] == [
        f"{path}:2:1: the line is not one whole JSON value: expecting value at 'oops'."
    ]


def test_what_import_took_export_gives_back_with_its_contexts(
    tmp_path: Path, write_lines: WriteLines
) -> None:
    line = chat(asked_by_user(), says("Hi"), context="c1")
    entry = {"tools": [{"type": "function", "function": {"name": "f"}}], "system": None}
    write_lines({"c1": entry}, name="contexts.json")
    database = str(tmp_path / "new.db")
    exit_code_of(["import", database, str(write_lines(line))])
    output = tmp_path / "out" / "chats.jsonl"
    output.parent.mkdir()

    code = exit_code_of(["export", database, "--to", "openai-chat", "-o", str(output)])

    assert code == ExitCode.OK
    assert json.loads(output.read_text("utf-8")) == line
    assert json.loads((output.parent / "contexts.json").read_text("utf-8")) == {"c1": entry}
    assert sorted(place.name for place in output.parent.iterdir()) == [
        "chats.jsonl",
        "contexts.json",
    ]


def test_the_default_database_is_made_where_there_is_none(
    tmp_path: Path, write_lines: WriteLines
) -> None:
    path = write_lines(weather_chat())

    done = subprocess.run(
        [sys.executable, "-m", "replay.cli.main", "import", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "traces.db").is_file()
    assert "Next: replay list traces.db" in done.stderr
