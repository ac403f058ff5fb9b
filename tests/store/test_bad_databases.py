from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from replay.errors import ExitCode, StoreError
from replay.records import Trace
from replay.store import Store

NOON = "2026-11-21T12:00:00.000000Z"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as store:
        for number in range(200):
            labels = {"text": os.urandom(200).hex()}
            store.append(Trace(id=f"t{number}", started_at=NOON, labels=labels))
    return path


def refused(path: Path, mode: str = "r") -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(path, mode)  # type: ignore[arg-type]  # the parameter of a test
    assert caught.value.exit_code == ExitCode.COULD_NOT_RUN
    return str(caught.value)


def test_a_missing_file_is_named_with_its_nearest(database: Path) -> None:
    assert refused(database.with_name("trace.db")).splitlines()[:2] == [
        f"There is no database '{database.with_name('trace.db')}'.",
        "Nearest: traces.db",
    ]


def test_a_text_file_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    path.write_text('{"id": 1}\n' * 100)

    assert refused(path) == (
        f"'{path}' is not a database.\nTo bring a JSON Lines file in, use `replay import`."
    )


def test_somebody_elses_sqlite_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE meta (a)")
    connection.close()
    before = path.read_bytes()

    assert "not one that replay made" in refused(path, "create")
    assert path.read_bytes() == before


def test_a_truncated_file_says_how_much_is_missing(database: Path) -> None:
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.truncate(size // 2)

    assert f"is truncated: it has {size // 2:,} of {size:,} bytes" in refused(database)


def test_a_newer_format_says_what_to_upgrade(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("UPDATE meta SET value = '9' WHERE name = 'format'")
    connection.commit()
    connection.close()

    assert refused(database) == (
        "Database 'traces.db' has format 9; this version reads up to 3.\n"
        "Upgrade with `pip install -U replay-sandbox`, or export it where it was written with "
        "`replay export`."
    )


def test_a_read_only_file_can_be_read_and_not_written(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.chmod(0o444)
    database.parent.chmod(0o555)
    if os.access(database, os.W_OK):  # root may write everything: be told what others would be
        monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    try:
        assert "is read-only" in refused(database, "w")
        with Store.open(database) as store:
            assert len(store.trace_ids()) == 200
            with pytest.raises(StoreError, match="open for reading"):
                store.append(Trace(id="x", started_at=NOON))
    finally:
        database.parent.chmod(0o755)


def test_a_file_with_a_damaged_page_fails_its_check(database: Path) -> None:
    connection = sqlite3.connect(database)
    body = connection.execute("SELECT body FROM pages").fetchone()[0]
    connection.execute("UPDATE pages SET body = ?", (body[:-100] + bytes(100),))
    connection.commit()
    connection.close()

    with Store.open(database) as store:
        problems = store.check()

    assert problems
    assert problems[0].where.startswith("content ")


def test_a_missing_content_is_found_by_the_check(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("DELETE FROM contents WHERE key = 7")
    connection.commit()
    connection.close()

    with Store.open(database) as store:
        found = {problem.what for problem in store.check()}

    assert found == {
        "A hash names a content that is missing",
        "Content 7 is referred to and missing",
        "The trace 't6' cannot be read: its labels is content 7: Content 7 is missing from the "
        "database.",
    }


def test_a_locked_database_is_said_to_be_locked(database: Path) -> None:
    locker = sqlite3.connect(database, isolation_level=None)
    with Store.open(database, "w") as store:
        store.append(Trace(id="new", started_at=NOON))
        store._take_drainer()
        assert store._drain_connection is not None
        store._drain_connection.execute("PRAGMA busy_timeout=1")
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another program"):
            store.flush()
        locker.execute("ROLLBACK")
        locker.close()

        assert "new" in store.trace_ids()
