"""The reading side of a database, as an interactive program needs it: never for long, never writes.

Everything is asked in short questions, under one lock, each of one consistent view of the file.
A question that cannot be answered within half a second raises `StoreError` and can be asked again.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from replay.errors import StoreError
from replay.records import CallVerdict, JsonValue, ToolCall
from replay.store import Store
from replay.store.contents import ContentReader
from replay.store.database import connect_reading, refuse_newer, store_error
from replay.store.record_rows import RecordReader
from replay.store.schemas import MARKED_SCHEMA
from tui.memory import give_back_now
from tui.pyproject import is_mentioned
from tui.rows.both import Both, told

if TYPE_CHECKING:
    from replay.hiding import HiddenPlaces

BUSY_MS: Final = 500
_CACHE_KB: Final = 4_096
"""Of each connection, several of which are open at once; what is asked for anew comes out of the
system's own cache, and no later."""
_PAGES_SIZE_MAX: Final = 4_000_000
"""Bytes of opened pages that are kept: nobody reads thousands of contents here."""

# The store warns of a busy database; without a handler the words would land on the screen.
logging.getLogger("replay").addHandler(logging.NullHandler())


class Database:
    """One database, open for reading by all screens; threads take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use `Database.open`."""
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._contents = ContentReader(connection, pages_size_max=_PAGES_SIZE_MAX)
        self.hidden = hidden_places(connection, self._contents)
        """What is hidden in it; None: nothing is."""
        self.is_revealed = False
        """Whether somebody asked to see it."""
        self._records = reader_of(connection, self._contents, self.hidden)
        self._contents_version = -1
        self._seen_version = self._version()
        self._file = _identity(path)
        self._told: WeakValueDictionary[Hashable, Both] = WeakValueDictionary()

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open ``path``, taking in first what processes that are gone left beside it.

        Raises:
            StoreError: it is missing, foreign, truncated, newer, damaged or locked.
        """
        Store.open(path, "r").close()
        try:
            return cls(path, reading_connection(path))
        except sqlite3.Error as error:
            raise store_error(error, path) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for several questions.

        Raises:
            StoreError: what SQLite says, in words.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN")
                version = self._version()
                if version != self._contents_version:  # `replay db compact` may have moved pages
                    self._contents.forget()
                    self._contents_version = version
                yield self._connection
            except sqlite3.Error as error:
                raise store_error(error, self.path) from error
            finally:
                self._end()

    @property
    def records(self) -> RecordReader:
        """Rows as records; use it inside `reading` only."""
        return self._records

    @property
    def contents(self) -> ContentReader:
        """What is stored as it is stored, inside `reading` only, and where nothing is hidden."""
        return self._contents

    @property
    def places(self) -> HiddenPlaces | None:
        """What is not shown now; None: everything is."""
        return None if self.is_revealed else self.hidden

    def reveal(self, *, is_revealed: bool) -> None:
        """Show hidden values from now on, or hide them again."""
        with self._lock:
            self.is_revealed = is_revealed
            self._records = reader_of(self._connection, self._contents, self.places)

    def is_hidden(self, value: object) -> bool:
        """Say whether a value that was read is the sign of a hidden one."""
        if self.places is None:
            return False
        from replay.hiding import SIGN

        return value == SIGN

    def reading_connection(self) -> sqlite3.Connection:
        """Return a connection for another thread, which is shown as much as this one."""
        return reading_connection(self.path, self.places)

    @contextmanager
    def scanning(self) -> Iterator[sqlite3.Connection]:
        """A connection for a thread that goes through much; what that took goes back at the end."""
        connection = self.reading_connection()
        try:
            yield connection
        finally:
            connection.close()
            give_back_now()

    def content_size(self, values: Iterable[object]) -> int:
        """Return the bytes of the contents that these column values name, and of texts in them."""
        keys = [value for value in values if isinstance(value, int)]
        return self._contents.sizes(keys)

    def told(self, key: Hashable, verdict: CallVerdict, call: ToolCall) -> Both:
        """Return what the model was told and would be told; ``key``: of the verdict.

        What some screen still holds is not read again.
        """
        held = self._told.get(key)
        if held is None:
            held = self._told[key] = told(verdict, call)
        return held

    def read_before(self, text: str) -> JsonValue:
        """Return what a text says that the model is told, as some screen holds it; None: none does.

        It is not to be changed.
        """
        wanted = hash(text)
        for held in list(self._told.values()):
            if held.hashes is not None and wanted in held.hashes:
                return (held.recorded, held.today)[held.hashes.index(wanted)]
        return None

    def has_changed(self) -> bool:
        """Say whether another process wrote since this was asked last; 0.1 ms.

        Raises:
            StoreError: the file cannot be read any more, is gone, or a newer replay upgraded it.
        """
        with self._lock:
            try:
                version = self._version()
            except sqlite3.Error as error:
                raise store_error(error, self.path) from error
            changed = version != self._seen_version
            self._seen_version = version
            if changed:
                refuse_newer(self._connection, self.path)
        if _identity(self.path) is None:
            raise StoreError(
                f"'{self.path}' is no longer there: what is shown is from before.",
                hint="When it is back, it is opened again.",
            )
        return changed

    def is_replaced(self) -> bool:
        """Say whether another file has the name of the one that is open."""
        return _identity(self.path) not in (None, self._file)

    def _version(self) -> int:
        row = self._connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def _end(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreError(f"'{self.path}' could not be used: {error}.") from error


def _identity(path: Path) -> tuple[int, int] | None:
    """Return which file has this name; None: none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def reading_connection(path: Path, places: HiddenPlaces | None = None) -> sqlite3.Connection:
    """Return a connection that only reads, and gives up on a lock after half a second.

    ``places``: what its SQL does not find; None: everything is found.
    """
    connection = connect_reading(path)
    connection.execute("PRAGMA query_only=1")
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
    connection.execute("PRAGMA mmap_size=0")  # a file that is cut under a map kills the process
    contents = ContentReader(connection, pages_size_max=_PAGES_SIZE_MAX)
    connection.create_function("content_text", 1, contents.shown, deterministic=True)
    reader_of(connection, contents, places)
    return connection


def reader_of(
    connection: sqlite3.Connection, contents: ContentReader, places: HiddenPlaces | None
) -> RecordReader:
    """Return what reads the records of a connection, and answers its SQL; without ``places``."""
    if places is None:
        reader = RecordReader(connection, contents)
    else:
        from replay.hiding import HidingReader

        reader = HidingReader(connection, contents, places)
    reader.answer_sql()
    return reader


def hidden_places(connection: sqlite3.Connection, contents: ContentReader) -> HiddenPlaces | None:
    """Return what is hidden in a database: by its tools, or by settings; None: nothing is."""
    marked = f"SELECT 1 FROM tool_schema_rows r WHERE {MARKED_SCHEMA} LIMIT 1"
    is_marked = connection.execute(marked).fetchone() is not None
    if not is_marked and not any(map(is_mentioned, (b"tool.replay.mask", b"tool.replay.access"))):
        return None
    from replay.config import load_config
    from replay.hiding import hidden_places as places_in

    found = places_in(RecordReader(connection, contents), load_config().hidden_paths)
    return found or None
