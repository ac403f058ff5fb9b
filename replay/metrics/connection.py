"""A connection to count on: it only reads, and sees one and the same state of the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from replay.store.contents import ContentReader
from replay.store.database import connect_reading, store_error


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to the database at ``path``, which `Store.open` found to be one.

    Raises:
        StoreError: what SQLite says, in words.
    """
    connection = connect_reading(path)
    connection.create_function(
        "content_text", 1, ContentReader(connection).shown, deterministic=True
    )
    connection.execute("PRAGMA query_only=1")
    # What reads a whole file once is no faster where it is mapped, and looks as if it held it all.
    connection.execute("PRAGMA mmap_size=0")
    try:
        connection.execute("BEGIN")
        yield connection
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    finally:
        connection.close()
