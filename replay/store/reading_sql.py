"""SQL of the user's own over the views of a database, which it can only read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from replay.errors import StoreError
from replay.store.layout import LAYOUTS
from replay.store.snapshots import Snapshots

_STEPS_BETWEEN_LOOKS: Final = 50_000
"""Of SQLite's machine: some milliseconds."""

_NOT_READING: Final = frozenset(
    [
        "ALTER",
        "ANALYZE",
        "ATTACH",
        "CREATE",
        "DELETE",
        "DETACH",
        "DROP",
        "INSERT",
        "REINDEX",
        "REPLACE",
        "UPDATE",
        "VACUUM",
    ]
)


class SqlReading(Snapshots):
    """What a store reads by statements that somebody wrote."""

    def query(
        self,
        sql: str,
        values: tuple[Any, ...] = (),
        *,
        rows_max: int | None = None,
        seconds_max: float | None = None,
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one reading SQL statement over the views; return column names and rows.

        Raises:
            StoreError: it writes, is not SQL, gives no rows, names what is not there, or takes
                longer than ``seconds_max``.
        """
        first = (sql.split(None, 1) or [""])[0].upper()
        if first in _NOT_READING:
            raise StoreError(
                f"{first} is no statement that reads.",
                hint="A query leaves everything as it is: write it with SELECT or WITH.",
            )
        with self._snapshot() as connection, _ended_after(connection, seconds_max):
            try:
                cursor = connection.execute(sql, values)
                if cursor.description is None:
                    raise StoreError(
                        "The query gives no rows.",
                        hint="Write one statement that reads: `SELECT * FROM tool_calls LIMIT 1`.",
                    )
                names = [column[0] for column in cursor.description]
                return names, cursor.fetchall() if rows_max is None else cursor.fetchmany(rows_max)
            except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
                if seconds_max is not None and str(error) == "interrupted":
                    raise StoreError(
                        f"The query took longer than {seconds_max:g} s, and was ended.",
                        hint="Ask for less: one trace_id, one tool, fewer joins.",
                    ) from error
                is_table = str(error).startswith("no such table")
                is_column = str(error).startswith("no such column")
                views = ", ".join(layout.view for layout in LAYOUTS.values())
                raise StoreError(
                    f"The query failed: {str(error).rstrip('.')}.",
                    nearest=views if is_table else None,
                    hint="`SELECT * FROM tool_calls LIMIT 1` shows a view's columns."
                    if is_table or is_column
                    else None,
                ) from error


@contextmanager
def _ended_after(connection: sqlite3.Connection, seconds_max: float | None) -> Iterator[None]:
    """Interrupt what the connection does once it has taken ``seconds_max``; None: never."""
    if seconds_max is None:
        yield
        return
    end_s = time.monotonic() + seconds_max
    connection.set_progress_handler(lambda: time.monotonic() > end_s, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
