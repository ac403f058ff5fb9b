"""One consistent view of a database for several questions: what all reading stands on."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from replay.store.contents import ContentReader
from replay.store.database import format_of, store_error
from replay.store.record_rows import RecordReader
from replay.store.views import view_statements

T = TypeVar("T")

MakeReader: TypeAlias = Callable[[sqlite3.Connection, ContentReader], RecordReader]
"""Makes what reads the records of a connection."""


class Snapshots:
    """Where the halves of `replay.store.Store` that read meet its connection."""

    path: Path
    approvals_file: Path | None = None
    """Approvals that are kept beside the database, in a file that a team commits."""
    _read_lock: threading.RLock
    _contents: ContentReader | None
    _records: RecordReader | None
    _make_reader: MakeReader = RecordReader

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
        self._records = self._make_reader(connection, contents)
        self._records.answer_sql()
        connection.create_function("content_text", 1, contents.shown, deterministic=True)
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

    def read_with(self, make: MakeReader) -> None:
        """Read all records from now on with what ``make`` makes."""
        with self._read_lock:
            self._make_reader = make
            connection = self._read_connection()
            assert self._contents is not None
            self._records = make(connection, self._contents)
            self._records.answer_sql()

    def record_reader(self, ask: Callable[[RecordReader], T]) -> T:
        """Return what ``ask`` finds with the reader of this database's records."""
        with self._snapshot():
            return ask(self._record_reader())
