"""Who read, exported or removed what: a row each, in the database itself.

It tells honest people what happened; who can write the file can change its rows. The newest
`ENTRIES_MAX` are kept.
"""

from __future__ import annotations

import getpass
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from replay.store import database
from replay.store.times import iso_text

Act = Literal["read", "revealed", "exported", "changed", "removed"]

ENTRIES_MAX: Final = 100_000
"""Older ones go: some 20 MB, or every read of a busy year."""

_BUSY_MS: Final = 2_000
_WHAT_SIZE_MAX: Final = 500


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
    Noting(command, act).say(connection, what)


class Noting:
    """One entry about something that takes its time, kept up to date while that goes on."""

    def __init__(self, command: str, act: Act) -> None:
        """``command``: by which command."""
        self._named = (time.time_ns() // 1_000, local_user(), command, act)
        self._key: int | None = None

    def say(self, connection: sqlite3.Connection, what: str) -> None:
        """Say what was done until now, in the transaction of the caller's that does it."""
        what = what[:_WHAT_SIZE_MAX]
        changed = 0
        if self._key is not None:
            # All of it: the number may be another's, if our transaction was rolled back.
            changed = connection.execute(
                "UPDATE audit SET what = ? WHERE key = ? AND at_us = ? AND user IS ? "
                "AND command = ? AND act = ?",
                (what, self._key, *self._named),
            ).rowcount
        if not changed:
            self._key = connection.execute(
                "INSERT INTO audit (at_us, user, command, act, what) VALUES (?, ?, ?, ?, ?)",
                (*self._named, what),
            ).lastrowid
            assert self._key is not None
            connection.execute("DELETE FROM audit WHERE key <= ?", (self._key - ENTRIES_MAX,))


def note_act_in(path: Path, command: str, act: Act, what: str) -> str | None:
    """Note what was done in a database that is not open; return why it could not be noted."""
    if not database.is_writable(path):
        return "the file cannot be written"
    try:
        connection = database.connect(path, busy_ms=_BUSY_MS)
        try:
            if database.format_of(connection) < 3:
                return "the file is of an older format"
            database.transaction(connection, lambda: note_act(connection, command, act, what))
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
