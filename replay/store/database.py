"""Opening the SQLite file, and telling in words what is wrong with one that is not ours."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias

from replay.errors import StoreError
from replay.store import encryption, waiting
from replay.store.headers import first_bytes

APPLICATION_ID: Final = 0x72706C79
"""``rply``: bytes 68 to 71 of the file say whose database it is."""

FORMAT: Final = 3
"""The newest file format that this version reads and writes."""

PRIVATE: Final = 0o600
"""The mode of a new file that holds what was recorded: its owner's alone. An existing one keeps
its own, and what comes beside it (log, spools) gets the same."""

_BUSY_MS: Final = 10_000
_TURN_S: Final = 60.0

Mode: TypeAlias = Literal["r", "w", "create"]


def connect(path: Path, *, busy_ms: int = _BUSY_MS) -> sqlite3.Connection:
    """Return a connection for writing, shared by threads under a lock of the caller's.

    The file must exist: an empty one in the place of a database that was removed under a
    recorder would keep its spool from ever being taken in.
    """
    connection = encryption.connect(path, "mode=rw", busy_ms / 1000)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    return connection


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection as `connect` does, and say in our words what SQLite refuses meanwhile.

    Raises:
        StoreError: the database is locked or read-only, its disk is full or does not answer.
    """
    try:
        with closing(connect(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise store_error(error, path) from error


def connect_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that never writes, also where file or folder are read-only."""
    options = ["mode=rw"] if is_writable(path) else ["mode=ro", "mode=ro&immutable=1"]
    if disk_is_full(path) and not _has_log(path):
        # SQLite has no room for the index of its log. Without a log the file is all there is.
        options.append("mode=ro&immutable=1")
    failure: sqlite3.Error | None = None
    for option in options:
        try:
            connection = encryption.connect(path, option, _BUSY_MS / 1000)
            waiting.execute(connection, "SELECT count(*) FROM meta").fetchone()
        except sqlite3.Error as error:
            failure = error
            continue
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA cache_size=-65536")
        connection.execute("PRAGMA mmap_size=268435456")
        return connection
    assert failure is not None
    raise store_error(failure, path) from failure


def is_writable(path: Path) -> bool:
    """Say whether the file and its folder (for the write-ahead log) can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def disk_is_full(path: Path) -> bool:
    """Say whether the disk of ``path`` has less room than one page."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < 4096


def refuse_foreign(path: Path) -> None:
    """Raise StoreError when ``path`` is no database of ours; cheap, reads 100 bytes."""
    if path.is_dir():
        raise StoreError(
            f"'{path}' is a folder, not a database.",
            nearest=", ".join(sorted(str(one) for one in path.glob("*.db"))[:3]) or None,
            hint="Give the name of a file that `replay record` or `replay import` wrote.",
        )
    try:
        header, size = first_bytes(path, 100)
    except FileNotFoundError as error:
        raise StoreError(
            f"There is no database '{path}'.",
            nearest=_nearest_database(path),
            hint="Record one with `replay record`, or import traces with `replay import`.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"'{path}' cannot be read: {error.strerror}.",
            hint="Check its owner and permissions, and those of its folder.",
        ) from error
    if not header.startswith(encryption.MAGIC) and encryption.could_be_encrypted(path):
        return  # its key tells
    if not header.startswith(encryption.MAGIC) or len(header) < 100:
        raise StoreError(
            f"'{path}' is not a database.",
            hint=(
                "It is empty. Remove it: what records or imports makes a new one."
                if size == 0
                else "To bring a JSON Lines file in, use `replay import`."
            ),
        )
    application = int.from_bytes(header[68:72], "big")
    if application != APPLICATION_ID:
        raise StoreError(
            f"'{path}' is an SQLite database, but not one that replay made.",
            hint="Give the name of a file that `replay record` or `replay import` wrote.",
        )
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    expected = int.from_bytes(header[28:32], "big") * page_size
    if size < expected and not _has_log(path):
        raise StoreError(
            f"'{path}' is truncated: it has {size:,} of {expected:,} bytes.",
            hint="Copy it again from where it came; a copy of a live database needs its -wal too.",
        )


def format_of(connection: sqlite3.Connection) -> int:
    """Return the format of a database that is open."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    return int(row[0]) if row else 0


def refuse_newer(connection: sqlite3.Connection, path: Path) -> int:
    """Return the format of the database; raise StoreError when it is newer than ours."""
    try:
        found = format_of(connection)
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    if found > FORMAT:
        raise StoreError(
            f"Database '{path.name}' has format {found}; this version reads up to {FORMAT}.",
            hint="Upgrade with `pip install -U replay-sandbox`, or export it where it was written "
            "with `replay export`.",
        )
    return found


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the StoreError that says what SQLite meant."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_IOERR and disk_is_full(path):
        primary = sqlite3.SQLITE_FULL
    if primary == sqlite3.SQLITE_NOTADB and encryption.is_encrypted(path):
        return encryption.wrong_key(path)
    told = _SAID.get(primary) if primary is not None else None
    if told is None:
        return StoreError(f"The database '{path}' could not be used: {error}.")
    said, hint = told
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _locked(path, said, hint)
    return StoreError(said.format(path=path, error=error), hint=hint.format(path=path))


def _locked(path: Path, said: str, hint: str) -> StoreError:
    """Return the error of a locked database, with who has locked it where the system tells."""
    from replay.store.lock_holders import lock_holders

    holders = ", ".join(lock_holders(path)) or "another program"
    return StoreError(said.format(path=path, holders=holders), hint=hint)


_SAID: Final[dict[int, tuple[str, str]]] = {
    sqlite3.SQLITE_BUSY: (
        "The database '{path}' is locked by {holders}.",
        "Close what holds it (a shell inside a transaction?) and try again; recording goes on.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "The database '{path}' is locked by {holders}.",
        "Close what holds it (a shell inside a transaction?) and try again; recording goes on.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The database '{path}' is read-only.",
        "Make the file and its folder writable, or copy it to a folder that is.",
    ),
    sqlite3.SQLITE_FULL: (
        "The disk of '{path}' is full.",
        "What was stored before is safe. Free some space and try again.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The database '{path}' is damaged: {error}.",
        "Take a copy of it from before. Without one, `sqlite3 '{path}' .recover` saves what can "
        "be read.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "'{path}' is not a database.",
        "Give the name of a file that `replay record` or `replay import` wrote.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "The database '{path}' cannot be opened.",
        "Check that the file and its folder can be read.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The disk of '{path}' does not answer: {error}.",
        "Check the disk; `replay db check` tells whether the file is whole.",
    ),
}


def transaction(connection: sqlite3.Connection, work: Callable[[], None]) -> None:
    """Do ``work`` in one write transaction: all of it, or nothing."""
    waiting.execute(connection, "BEGIN IMMEDIATE")
    _do(connection, work)


def transaction_in_turn(connection: sqlite3.Connection, work: Callable[[], None]) -> None:
    """Do ``work`` as `transaction` does, in a gap that busy drains leave, however long it takes.

    Raises:
        sqlite3.OperationalError: there was none for a minute.
    """
    waiting.execute(connection, "BEGIN IMMEDIATE", most_s=_TURN_S)
    _do(connection, work)


def _do(connection: sqlite3.Connection, work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _nearest_database(path: Path) -> str | None:
    from difflib import SequenceMatcher

    folder = path.parent if path.parent.is_dir() else None
    if folder is None:
        return None
    found = sorted(
        (other.name for other in folder.glob("*.db")),
        key=lambda name: (-SequenceMatcher(None, name, path.name).ratio(), name),
    )
    return ", ".join(found[:3]) or None
