"""A dry run is done for real, to a copy of the database in memory that nobody else sees.

What a size asks for depends on what the traces share with each other: no sum of their lengths says
it. In memory, for what is to be removed must not lie around in another file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from replay.store.encryption import is_encrypted

_SIZE_MAX: Final = 256 * 2**20
"""Bytes of a file that is copied: memory, and some ten seconds."""
_PAGES_COPIED: Final = 2_000
"""Between two looks whether Ctrl-C was pressed."""
_INCREMENTAL: Final = 2


def is_rehearsable(connection: sqlite3.Connection, path: Path) -> bool:
    """Say whether a copy of it fits into memory and shrinks as the file does.

    An encrypted one is copied by its own kind only; one of an older version is written anew.
    """
    return (
        path.stat().st_size <= _SIZE_MAX
        and connection.execute("PRAGMA auto_vacuum").fetchone()[0] == _INCREMENTAL
        and not is_encrypted(path)
    )


@contextmanager
def rehearsed(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Give a copy of the database as it is just now; it is gone afterwards."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        connection.execute("BEGIN")  # what others write meanwhile would start the copy again
        try:
            connection.execute("SELECT count(*) FROM meta").fetchone()
            connection.backup(copy, pages=_PAGES_COPIED)
        finally:
            connection.execute("ROLLBACK")
        yield copy
