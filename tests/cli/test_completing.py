"""What a shell offers for a word that was begun."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from replay.cli.main import cli, exit_code_of
from tests.interchange.chats import weather_chat


def offered(*words: str) -> list[str]:
    """Return what completes the last of ``words``; ``<files>`` where the shell is to look."""
    *before, begun = words
    completing = ShellComplete(cli, {}, "replay", "_REPLAY_COMPLETE")
    items = completing.get_completions(list(before), begun)
    return ["<files>" if item.type == "file" else str(item.value) for item in items]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chats.jsonl").write_text(json.dumps({**weather_chat(), "app": "weather"}))
    assert exit_code_of(["import", "some.db", "chats.jsonl"]) == 0
    return "some.db"


def test_words_and_options_are_completed_from_the_database_that_is_named(database: str) -> None:
    (trace,) = offered("show", database, "w")

    assert trace.startswith("w/1")
    assert offered("pin", database, trace[:5]) == [trace]
    assert offered("list", database, "--trace", "w") == [trace]
    assert offered("run", database, "--tool", "get") == ["get_weather"]
    assert offered("stats", database, "--model", "gpt") == ["gpt-4o"]
    assert offered("export", database, "--app", "w") == ["weather"]
    assert offered("show", database, "x") == []


def test_a_first_word_may_be_a_file_or_a_trace_of_the_database_here(database: str) -> None:
    assert offered("show", "so") == ["<files>"]
    assert offered("import", database, "ch") == ["<files>"]

    Path(database).rename("traces.db")

    assert offered("show", "w") == offered("show", "traces.db", "w")
    assert offered("show", "so") == ["<files>"]


def test_a_database_that_cannot_be_read_completes_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("nothing of ours")

    assert offered("show", str(broken), "w") == []
    assert offered("run", str(tmp_path / "none.db"), "--tool", "g") == []
