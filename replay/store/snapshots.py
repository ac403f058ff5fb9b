"""One consistent view of a database for several questions: what all reading stands on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay.store.contents import ContentReader
from replay.store.database import format_of, store_error
from replay.store.record_rows import RecordReader
from replay.store.views import view_statements


class Snapshots:
    """Where the halves of `replay.store.Store` that read meet its connection."""

    path: Path
    approvals_file: Path | None = None
    """Approvals that are kept beside the database, in a file that a team commits."""
    _read_lock: threading.RLock
    _contents: ContentReader | None
    _records: RecordReader | None

    def _read_connection(self) -> sqlite3.Connection:
        raise NotImplementedError

    def _catch_up(self) -> None:
        raise NotImplementedError

    def _count_schemas(self) -> None:
        raise NotImplementedError

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the database for several questions."""
        self._catch_up()
        with self._read_lock:
            connection = self._read_connection()
            connection.execute("BEGIN")
            try:
                yield connection
            except sqlite3.DatabaseError as error:
                raise store_error(error, self.path) from error
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _prepare_reading(self, connection: sqlite3.Connection) -> None:
        contents = ContentReader(connection)
        self._contents = contents
        self._records = RecordReader(connection, contents)
        connection.create_function("content_text", 1, contents.shown, deterministic=True)
        connection.create_function("holds_text", 2, contents.holds_text, deterministic=True)
        found = format_of(connection)  # an older one, where a reader may not bring it up to date
        for statement in view_statements(whole=True, file_format=found):
            connection.execute(statement)
        connection.execute("PRAGMA query_only=1")

    def _forget_reading(self) -> None:
        self._contents = None
        self._records = None

    def _record_reader(self) -> RecordReader:
        assert self._records is not None
        return self._records
