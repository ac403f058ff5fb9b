"""Who read, exported or removed what: a row each, in the database itself.

It tells honest people what happened; who can write the file can change its rows.
"""

from __future__ import annotations

import getpass
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from replay.store import database
from replay.store.times import iso_text

Act = Literal["read", "revealed", "exported", "changed", "removed"]

_BUSY_MS = 2_000
_WHAT_SIZE_MAX = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did."""

    at: str
    user: str | None
    """The local user, as the system names them; None: it has no name."""
    command: str
    act: Act
    what: str


def note_act(connection: sqlite3.Connection, command: str, act: Act, what: str) -> None:
    """Note what is being done, in the caller's transaction or one of its own."""
    connection.execute(
        "INSERT INTO audit (at_us, user, command, act, what) VALUES (?, ?, ?, ?, ?)",
        (time.time_ns() // 1_000, local_user(), command, act, what[:_WHAT_SIZE_MAX]),
    )


def note_act_in(path: Path, command: str, act: Act, what: str) -> str | None:
    """Note what was done in a database that is not open; return why it could not be noted."""
    if not database.is_writable(path):
        return "the file cannot be written"
    try:
        connection = database.connect(path, busy_ms=_BUSY_MS)
        try:
            if database.format_of(connection) < 3:
                return "the file is of an older format"
            note_act(connection, command, act, what)
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return None


def read_entries(connection: sqlite3.Connection, limit: int | None = None) -> list[Entry]:
    """Return what was noted, the newest first; nothing in a file of an older format."""
    if database.format_of(connection) < 3:
        return []
    rows = connection.execute(
        "SELECT at_us, user, command, act, what FROM audit ORDER BY key DESC LIMIT ?",
        (-1 if limit is None else limit,),
    )
    return [Entry(iso_text(at_us), *said) for at_us, *said in rows]


def local_user() -> str | None:
    """Return the name of who runs this process; None where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no name for this uid, as in some containers
        return None
