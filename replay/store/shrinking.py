"""The file gets smaller: its free pages go back to the disk, or all of it is written anew."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from replay.store.database import transaction_in_turn

_PAGES_GIVEN_BACK: Final = 1_000
"""Pages of the file that one transaction gives back."""
_INCREMENTAL: Final = 2
_TRIES: Final = 50
_PAUSE_S: Final = 0.1
_LOOK_S: Final = 0.2
_INSTRUCTIONS: Final = 50_000
"""Of SQLite's machine, between two looks whether Ctrl-C was pressed; some milliseconds."""

Tell = Callable[[int, int], None]


def free_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is in nobody's use."""
    return _pragma(connection, "freelist_count") * _pragma(connection, "page_size")


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how much of the file is in use."""
    used = _pragma(connection, "page_count") * _pragma(connection, "page_size")
    return used - free_bytes(connection)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return the number that a pragma answers; SQLCipher answers the page's size as a text."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def shrink(connection: sqlite3.Connection, tell: Tell = lambda done, total: None) -> None:
    """Give the room of what was removed back to the disk, in steps between which others write.

    ``tell`` is told how many of how many free pages are given back. A file that an older version
    made is written anew, once: that needs room for a copy, and drains wait meanwhile (appends do
    not).
    """
    total = connection.execute("PRAGMA freelist_count").fetchone()[0]
    if not total:
        empty_log(connection)
        return
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        vacuum(connection, tell)
        empty_log(connection)
        return
    left = total
    while left:
        transaction_in_turn(connection, lambda: _give_back(connection))
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        now = connection.execute("PRAGMA freelist_count").fetchone()[0]
        tell(max(0, total - now), total)
        if now >= left:
            break  # others free as much as we give back: it is theirs to go on
        left = now
    empty_log(connection)


def _give_back(connection: sqlite3.Connection) -> None:
    # In a transaction that has the lock: by itself it starts as a reader, which cannot wait for it.
    for _ in range(_PAGES_GIVEN_BACK):
        # One by one: Python's module steps a statement without columns once, and each step is a
        # page. A thousand asked for at once gave one back for each commit.
        connection.execute("PRAGMA incremental_vacuum(1)")


def vacuum(connection: sqlite3.Connection, tell: Tell = lambda done, total: None) -> None:
    """Write the file anew; a drain that comes in between does not end it.

    Needs room for two copies beside the file: SQLite makes one, and takes it into its log.
    ``tell`` is told how many of how many bytes of these are written.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the file is as it was.
        sqlite3.OperationalError: others write all the time, or the disk has no room.
    """
    with _writing_anew(connection, tell):
        for _ in range(_TRIES - 1):
            try:
                connection.execute("VACUUM")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_INTERRUPT:
                    raise KeyboardInterrupt from error
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return
        connection.execute("VACUUM")


@contextlib.contextmanager
def _writing_anew(connection: sqlite3.Connection, tell: Tell) -> Iterator[None]:
    """Have SQLite put its copy beside the file, not into memory, and tell how far it is."""
    path = Path(connection.execute("PRAGMA database_list").fetchone()[2])
    total = 2 * used_bytes(connection)
    ends = threading.Event()

    def look() -> None:
        while not ends.wait(_LOOK_S):
            tell(min(total, _log_size(path) + _unnamed_size(path.parent)), total)

    folder = str(path.parent).replace("'", "''")
    connection.execute("PRAGMA temp_store=FILE")
    connection.execute(f"PRAGMA temp_store_directory='{folder}'")
    # A statement that runs for minutes lets nobody look whether Ctrl-C was pressed.
    connection.set_progress_handler(lambda: 0, _INSTRUCTIONS)
    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        ends.set()
        looking.join()
        connection.set_progress_handler(None, 0)
        connection.execute("PRAGMA temp_store_directory=''")
        connection.execute("PRAGMA temp_store=MEMORY")


def _log_size(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return log.stat().st_size if log.exists() else 0


def _unnamed_size(folder: Path) -> int:
    """Return what this process has in files of the folder that have no name: SQLite's copy.

    0 where the system does not tell.
    """
    size = 0
    with contextlib.suppress(OSError):
        for one in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                place = os.readlink(one)
                if place.startswith(f"{folder}/") and place.endswith(" (deleted)"):
                    size += one.stat().st_size
    return size


def empty_log(connection: sqlite3.Connection) -> bool:
    """Put what the log holds into the file, if nobody reads or writes just now.

    Return whether that was done. While somebody reads an older state it is not; whoever closes the
    file last does it.
    """
    with contextlib.suppress(sqlite3.OperationalError):
        return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return False
