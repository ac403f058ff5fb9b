"""What other tools wrote is masked on its way in, where the project masks or it is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.store import Store
from replay.store.redaction import is_redacted
from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says

WHO, PASSWORD = "zoe.winter@mail.org", "winter-is-c0ming"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    line = chat(
        asked_by_user(f"I am {WHO}."),
        asks(call("c1", "log_in", json.dumps({"email": WHO, "password": PASSWORD}))),
        answers("c1", json.dumps({"email": WHO})),
        says(f"Welcome {WHO}."),
        id="a",
        model="m-1",
    )
    (tmp_path / "chats.jsonl").write_text(json.dumps(line) + "\n")
    return tmp_path


def left(folder: Path) -> list[str]:
    stored = b"".join(path.read_bytes() for path in folder.glob("traces.db*"))
    return [one for one in (WHO, PASSWORD) if one.encode() in stored]


def test_an_import_masks_as_the_project_does_and_again_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pyproject.toml").write_text("[tool.replay.mask]\npersonal = true\n")

    assert exit_code_of(["import", "traces.db", "chats.jsonl"]) == 0
    assert "Masked while it was read" in capsys.readouterr().err
    assert exit_code_of(["import", "traces.db", "chats.jsonl"]) == 0

    assert "1 in the database already" in capsys.readouterr().out
    assert left(folder) == []
    with Store.open("traces.db") as store:
        trace = store.transcript(store.trace_ids()[0]).trace
        assert "email" in is_redacted(trace.attributes)  # type: ignore[operator]  # a list
    assert exit_code_of(["mask", "--check", "traces.db"]) == 0


def test_an_import_keeps_what_it_reads_unless_masking_is_asked_for(folder: Path) -> None:
    assert exit_code_of(["import", "traces.db", "chats.jsonl"]) == 0
    assert left(folder) == [WHO, PASSWORD]

    assert exit_code_of(["export", "traces.db", "-o", "records.jsonl"]) == 0
    for old in folder.glob("traces.db*"):
        old.unlink()
    assert exit_code_of(["import", "traces.db", "records.jsonl", "--mask-personal"]) == 0

    assert left(folder) == []
    with Store.open("traces.db") as store:
        assert is_redacted(store.transcript(store.trace_ids()[0]).trace.attributes)


def test_no_mask_keeps_what_it_reads_whatever_the_project_says(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.replay.mask]\npersonal = true\n")

    assert exit_code_of(["import", "traces.db", "chats.jsonl", "--no-mask"]) == 0

    assert left(folder) == [WHO, PASSWORD]
