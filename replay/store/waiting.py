"""Waiting for a database that another program has locked: bounded, told, ended by Ctrl-C at once.

SQLite's own waiting sleeps in C, where Python hears of no signal, and looks ten times a second: a
recorder that is behind leaves gaps of a thousandth.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from replay.patience import patience

_LOOK_S: Final = 0.0005
_LOOK_SELDOM_S: Final = 0.01
_OFTEN_S: Final = 2.0
"""Whoever has a lock for so long leaves no short gaps: looking often would only cost."""
_TELL_S: Final = 1.0


def execute(
    connection: sqlite3.Connection, statement: str, *, most_s: float | None = None
) -> sqlite3.Cursor:
    """Execute a statement that needs a lock (``BEGIN IMMEDIATE``) as soon as nobody has it.

    ``most_s``: how long to wait; None: as the connection would.

    Raises:
        sqlite3.OperationalError: somebody had it all the while.
    """
    asked_ms = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout=0")
    try:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            _refuse_others(error)
            asked_s = asked_ms / 1_000 if most_s is None else most_s
            return _waited(connection, statement, patience.most_s(asked_s), error)
    finally:
        connection.execute(f"PRAGMA busy_timeout={asked_ms}")


def _waited(
    connection: sqlite3.Connection,
    statement: str,
    most_s: float,
    refused: sqlite3.OperationalError,
) -> sqlite3.Cursor:
    started_s = time.monotonic()
    is_told = patience.tell is None
    while (waited_s := time.monotonic() - started_s) < most_s:
        if waited_s > _TELL_S and not is_told:
            is_told = True
            assert patience.tell is not None
            patience.tell(path_of(connection), most_s - waited_s)
        time.sleep(_LOOK_S if waited_s < _OFTEN_S else _LOOK_SELDOM_S)
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            _refuse_others(error)
            refused = error
    patience.is_over = patience.tell is not None
    raise refused


def _refuse_others(error: sqlite3.OperationalError) -> None:
    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
        raise error


def path_of(connection: sqlite3.Connection) -> Path:
    """Return the file of a connection."""
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])
