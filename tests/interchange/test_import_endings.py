"""How an import ends that could not take everything, or had nothing to take."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode, MissingExtraError
from replay.interchange import import_files
from replay.records import Selection
from replay.store import Store
from tests.interchange.chats import weather_chat
from tests.interchange.conftest import WriteLines

PROTOBUF = Path(__file__).parent / "fixtures" / "otlp-genai" / "otlp.binpb"


@pytest.fixture
def without_protobuf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.protobuf.json_format", None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "logs"
    made.mkdir()
    shutil.copy(PROTOBUF, made)
    return made


@pytest.mark.usefixtures("without_protobuf")
def test_a_file_of_a_folder_that_needs_a_missing_extra_is_left_out_and_the_rest_imported(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "chats.jsonl").write_text(json.dumps(weather_chat()))
    database = tmp_path / "new.db"

    code = exit_code_of(["import", str(database), str(folder)])

    said = capsys.readouterr()
    assert code == ExitCode.NEEDS_A_PERSON
    assert f"{folder / 'otlp.binpb'}: left out: OTLP in protobuf" in said.out
    assert "pip install 'replay-sandbox[otlp]'" in said.err
    with Store.open(database, mode="r") as store:
        assert len(store.trace_ids(Selection())) == 1


@pytest.mark.usefixtures("without_protobuf")
def test_the_extra_is_in_the_report_as_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = exit_code_of(["import", str(tmp_path / "new.db"), str(folder), "--json"])

    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert code == ExitCode.COULD_NOT_RUN
    assert file["missing_extra"] == "otlp"
    assert not (tmp_path / "new.db").exists()


@pytest.mark.usefixtures("without_protobuf")
def test_a_file_that_was_named_itself_and_needs_a_missing_extra_stops_the_import(
    store: Store, write_lines: WriteLines
) -> None:
    with pytest.raises(MissingExtraError) as caught:
        import_files(store, [write_lines(weather_chat()), PROTOBUF])

    assert caught.value.extra == "otlp"
    assert store.trace_ids(Selection()) == []


def test_a_folder_without_a_file_of_a_format_ends_with_3_and_says_what_could_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "shop"}')
    (folder / "nothing.jsonl").write_text("\n")

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(folder)])

    said = capsys.readouterr()
    assert code == ExitCode.COULD_NOT_RUN
    assert "found the keys name" in said.out
    assert "Nothing was imported: nothing in there is of a format that is read." in said.err
    assert "Formats: openai-chat, anthropic-messages," in said.err
    assert max(map(len, said.err.splitlines())) <= 80
    assert not (tmp_path / "new.db").exists()


def test_files_that_tell_of_no_call_end_with_3(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_lines({"resourceMetrics": []}, {"resourceSpans": []})

    code = exit_code_of(["import", str(tmp_path / "new.db"), str(path)])

    assert code == ExitCode.COULD_NOT_RUN
    assert "tells of a model call or of a tool call" in capsys.readouterr().err


def test_an_empty_file_ends_with_3(
    tmp_path: Path, write_lines: WriteLines, capsys: pytest.CaptureFixture[str]
) -> None:
    code = exit_code_of(["import", str(tmp_path / "new.db"), str(write_lines(""))])

    assert code == ExitCode.COULD_NOT_RUN
    assert "Nothing was imported: there is nothing in it." in capsys.readouterr().err


def test_importing_what_is_there_already_ends_with_0(
    tmp_path: Path, write_lines: WriteLines
) -> None:
    words = ["import", str(tmp_path / "new.db"), str(write_lines(weather_chat()))]
    exit_code_of(words)

    assert exit_code_of(words) == ExitCode.OK
