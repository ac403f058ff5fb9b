"""The database's history: one migration per format, applied by sqlite-utils.

A released format is for ever: its tables, indexes and views are written out in a file of its own
(``format_1.sql``, ...), not derived from what today's code looks for.

Only this module imports sqlite_utils (190 ms), and only `create` and `upgrade` import it: opening
a database of today's format costs nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import StoreError
from replay.store.database import (
    APPLICATION_ID,
    FORMAT,
    PRIVATE,
    connect,
    format_of,
    refuse_foreign,
    store_error,
    transaction,
)

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

_FILES: Final = Path(__file__).parent


def create(path: Path) -> None:
    """Make an empty database at ``path``, in one step: nobody ever sees half of one.

    When another process makes it at the same moment, one of the two wins and both go on.

    Raises:
        StoreError: the folder is not there or cannot be written, or the disk is full.
    """
    newborn = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    try:
        newborn.touch(mode=PRIVATE, exist_ok=False)
        _make(newborn)
        with contextlib.suppress(FileExistsError):
            os.link(newborn, path)
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    except OSError as error:
        raise StoreError(
            f"The database '{path}' cannot be made: {error.strerror}.",
            hint="Give a path in a folder that exists and that you may write.",
        ) from error
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):  # on a full disk SQLite leaves them
            newborn.with_name(newborn.name + ending).unlink(missing_ok=True)
    refuse_foreign(path)


def upgrade(connection: sqlite3.Connection) -> None:
    """Apply the migrations that the database does not have yet.

    When several processes open an old file at the same moment, one does it and the others wait.
    """
    from sqlite_utils import Database

    def work() -> None:
        if _is_newborn(connection) or format_of(connection) < FORMAT:
            _history().apply(Database(connection))

    transaction(connection, work)


def _is_newborn(connection: sqlite3.Connection) -> bool:
    query = "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'"
    return bool(connection.execute(query).fetchone() == (0,))


def _make(path: Path) -> None:
    connection = connect(path)
    try:
        # Room that `replay prune` makes is given back in steps; only an empty file can be told so.
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        upgrade(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _history() -> Migrations:
    from sqlite_utils import Migrations

    history = Migrations("replay")

    @history()
    def format_1(database: Database) -> None:
        """Records, contents, spools."""
        for statement in statements(1):
            database.execute(statement)
        database.execute("INSERT INTO meta VALUES ('format', '1')")
        database.execute("INSERT INTO meta VALUES ('created_at', ?)", [_now()])

    @history()
    def format_2(database: Database) -> None:
        """Which schemas models were shown, and how often each was used."""
        from replay.store.schema_counts import count_now_or_later

        for statement in statements(2):
            database.execute(statement)
        count_now_or_later(database.conn)
        database.execute("UPDATE meta SET value = '2' WHERE name = 'format'")

    @history()
    def format_3(database: Database) -> None:
        """Pins; groups of calls; holds; who did what."""
        for statement in statements(3):
            database.execute(statement)
        database.execute("UPDATE meta SET value = '3' WHERE name = 'format'")

    return history


def statements(number: int) -> list[str]:
    """Return what makes format ``number`` of the one before, statement by statement.

    A script would commit the migration's transaction.
    """
    text = (_FILES / f"format_{number}.sql").read_text(encoding="utf-8")
    return text.rstrip(";\n").split(";\n")


def made_by(number: int) -> dict[tuple[str, str], str]:
    """Return the statement, on one line, of each table, index and view of a format.

    Tables are as they were first made: columns may have come since.
    """
    made: dict[tuple[str, str], str] = {}
    for statement in (one for step in range(1, number + 1) for one in statements(step)):
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        words = " ".join(lines).split()
        kind, name = words[2:4] if words[1] == "UNIQUE" else words[1:3]
        if words[0] == "CREATE":
            made[kind.lower(), name] = " ".join(words)
        elif words[0] == "DROP":
            del made[kind.lower(), name]
    return made


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
