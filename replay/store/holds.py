"""Holds: traces that nothing removes, for as long as somebody says so."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from replay.store import database
from replay.store.times import iso_text, microseconds, now_text


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a trace is held, since when, by whom."""

    trace_id: str
    reason: str
    held_by: str | None
    held_at: str


def put_hold(path: Path, trace_id: str, reason: str, held_by: str | None) -> Hold:
    """Hold a trace, whose id is whole; a hold that it had gets this reason.

    Raises:
        StoreError: the database cannot be written, or is locked.
    """
    hold = Hold(trace_id, reason, held_by, now_text())
    _write(
        path,
        "INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)",
        (trace_id, reason, held_by, microseconds(hold.held_at)),
    )
    return hold


def take_hold(path: Path, trace_id: str) -> bool:
    """Take the hold off a trace, whose id is whole; return whether there was one.

    Raises:
        StoreError: the database cannot be written, or is locked.
    """
    return _write(path, "DELETE FROM holds WHERE trace_id = ?", (trace_id,)) > 0


def read_holds(connection: sqlite3.Connection) -> list[Hold]:
    """Return what is held, by when; none in a file of an older format."""
    if database.format_of(connection) < 3:
        return []
    rows = connection.execute(
        "SELECT trace_id, reason, held_by, held_us FROM holds ORDER BY held_us, trace_id"
    )
    return [Hold(trace, why, by, iso_text(since_us)) for trace, why, by, since_us in rows]


def _write(path: Path, statement: str, values: tuple[object, ...]) -> int:
    count = 0
    with database.connected(path) as connection:

        def work() -> None:
            nonlocal count
            count = connection.execute(statement, values).rowcount

        database.transaction(connection, work)
    return count
