"""Whether opening a database would change it: who only counts then asks it without a `Store`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from replay.store import database
from replay.store.call_groups import ungrouped
from replay.store.spool import spool_files, spool_folder


def is_settled(path: Path) -> bool:
    """Say whether the file is of today's format, has all that was recorded, and grouped.

    What imports a `Store` takes as long as counting half a million calls.

    Raises:
        StoreError: there is no such file, or it is no database of ours, truncated, or of a newer
            format.
    """
    database.refuse_foreign(path)
    if spool_files(spool_folder(path)):
        return False
    connection = database.connect_reading(path)
    try:
        found = database.refuse_newer(connection, path)
        return found == database.FORMAT and not ungrouped(connection)
    except sqlite3.Error as error:
        raise database.store_error(error, path) from error
    finally:
        connection.close()


def settle_calls(path: Path) -> None:
    """Take in what processes left beside a database, and group the calls of older recordings.

    Raises:
        StoreError: as `is_settled`, or the database cannot be used.
    """
    if is_settled(path):
        return
    from replay.store import Store

    with Store.open(path, mode="r") as store:
        store.group_calls()
