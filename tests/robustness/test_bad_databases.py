"""Whatever stands in the place of a database: every command says what, and leaves it as it is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.errors import ExitCode
from replay.store.database import FORMAT
from tests.robustness.conftest import EVERY, Replay, words_for


def not_a_database(path: Path) -> None:
    path.write_text('{"id": 1}\n' * 100)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def somebody_elses(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '9' WHERE name = 'format'")
    connection.commit()
    connection.close()


def damaged(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    for page in range(3 * 4096, len(whole) - 4096, 4096):
        whole[page : page + 200] = b"\xa5" * 200
    path.write_bytes(whole)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said", "advised"),
    [
        (not_a_database, "is not a database.", "use `replay import`"),
        (empty, "is not a database.", "It is empty. Remove it"),
        (somebody_elses, "but not one that replay made", "`replay record` or `replay import`"),
        (truncated, "is truncated: it has ", "Copy it again from where it came"),
        (newer, f"has format 9; this version reads up to {FORMAT}", "pip install -U"),
        (damaged, "is damaged: ", "' .recover` saves what can be read"),
        (a_folder, "is a folder, not a database.", "Give the name of a file"),
    ],
)
def test_every_command_says_what_is_wrong_and_leaves_the_file_alone(
    folder: Path, replay: Replay, spoil: Callable[[Path], None], said: str, advised: str
) -> None:
    database = folder / "traces.db"
    spoil(database)
    before = database.read_bytes() if database.is_file() else None

    for command in EVERY.values():
        ran = replay(*words_for(command, database))

        assert (ran.code, ran.out) == (ExitCode.COULD_NOT_RUN, ""), command
        assert ran.err.startswith("Error: ")
        assert said in ran.err
        assert advised in ran.err

    assert (database.read_bytes() if database.is_file() else None) == before
    doctor = replay("doctor", database)
    assert doctor.code == ExitCode.COULD_NOT_RUN
    assert said in f"{' '.join(doctor.out.split())} "


def test_a_name_with_a_typing_mistake_is_answered_with_the_nearest_first(
    folder: Path, replay: Replay
) -> None:
    for other in ("aaa.db", "zzz.db"):
        (folder / other).write_bytes(b"")

    ran = replay("list", "trace.db")

    assert ran.code == ExitCode.COULD_NOT_RUN
    assert "Nearest: traces.db, " in ran.err


def test_nothing_is_made_in_a_folder_that_is_not_there(folder: Path, replay: Replay) -> None:
    ran = replay("import", "nowhere/new.db", "chats.jsonl")

    assert ran.code == ExitCode.COULD_NOT_RUN
    assert "'nowhere/new.db' cannot be made: No such file or directory." in ran.err
    assert "in a folder that exists" in ran.err


@pytest.mark.parametrize("name", ["a b.db", "ünï-日本.db", "-odd.db", "it's.db", "50%.db"])
def test_a_database_may_have_any_name(folder: Path, replay: Replay, name: str) -> None:
    path = folder / name
    (folder / "traces.db").rename(path)

    listed = replay("list", path)
    checked = replay("db", "check", path)

    assert (listed.code, checked.code) == (0, 0)
    assert "t1" in listed.out


@pytest.mark.slow
def test_a_database_without_calls_or_traces_has_an_answer_to_everything(
    folder: Path, replay: Replay
) -> None:
    from replay.records import Trace
    from replay.store import Store

    with Store.open("empty.db", "create"):
        pass
    with Store.open("silent.db", "create") as store:
        store.append(Trace(id="t1", started_at="2026-11-21T09:00:00.000000Z"))

    codes = {
        (name, database): replay(*words_for(command, database)).code
        for name, command in EVERY.items()
        for database in ("empty.db", "silent.db")
        if name not in ("import", "record")
    }

    refused = {key for key, code in codes.items() if code}
    assert refused == {
        ("show", "empty.db"),
        ("run", "empty.db"),
        ("diff", "empty.db"),
        ("diff", "silent.db"),
        ("approve", "empty.db"),
        ("approve", "silent.db"),
    }
