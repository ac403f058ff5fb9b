"""`replay mask --apply`: a database written anew with everything in it masked.

The work is done on a copy beside the file; when that is whole and checked, its pages replace those
of the file in one transaction. Whatever kills the process, the file is the old one or the new one.
Nobody else may have the database open meanwhile: a program that has would go on with what it read.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from replay.errors import StoreError
from replay.store import database, encryption
from replay.store.file_bytes import copies_left, copy_path
from replay.store.mask_rewriting import Masked
from replay.store.redaction import Redaction
from replay.store.spool import spool_files, spool_folder
from replay.store.store import Store

_BUSY_MS: Final = 2_000


def apply(
    path: Path,
    redaction: Redaction,
    tell: Callable[[int, int], None] = lambda done, total: None,
    stage: Callable[[str], None] = lambda words: None,
) -> Masked:
    """Mask everything that the database ``path`` holds, and leave nothing of it in the file.

    ``tell`` is told how many of how many traces are done, ``stage`` what is done then. Needs room
    for four times the file, most of it for SQLite to write it anew.

    Raises:
        StoreError: another program has it open, the disk is too full, or the masked copy is not
            whole. The file is then as it was.
    """
    with Store.open(path, "w"):
        pass  # takes in what other processes left in their spools
    refuse_recorders(path)
    copy = copy_path(path)
    remove_copies(path)
    try:
        with alone(path) as connection:
            _copy_out(connection, copy, is_encrypted=encryption.is_encrypted(path))
            done = _masked(copy, redaction, tell, stage)
            stage("putting the masked copy in the file's place")
            _copy_back(copy, connection)
    except sqlite3.Error as error:
        raise database.store_error(error, path) from error
    finally:
        remove_copies(path)
    return done


def remove_copies(path: Path) -> None:
    """Remove what an interrupted masking left: it holds what was to be masked."""
    for left in copies_left(path):
        with left.open("r+b") as file:
            file.truncate(0)
        left.unlink()


def refuse_recorders(path: Path, act: str = "masked") -> None:
    """Refuse where somebody records into a database that is to be ``act`` whole.

    Raises:
        StoreError: somebody does.
    """
    live = spool_files(spool_folder(path))
    if live:
        processes = ", ".join(sorted({one.stem.partition("-")[0] for one in live}))
        raise _in_use(path, f"process {processes} records into it", act)


def _in_use(path: Path, why: str, act: str) -> StoreError:
    return StoreError(
        f"'{path}' cannot be {act} now: {why}.",
        hint="Stop what has it open (`replay ui`, a recorder) and try again. Nothing was changed.",
    )


@contextlib.contextmanager
def alone(
    path: Path, act: str = "masked", connection: sqlite3.Connection | None = None
) -> Iterator[sqlite3.Connection]:
    """Hold the database so that nobody else can open it; what they record waits in spools.

    ``connection``: with which; None: a new one.

    Raises:
        StoreError: another program has it open.
    """
    connection = connection or database.connect(path, busy_ms=_BUSY_MS)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        try:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise _in_use(path, "another program has it open", act) from error
        yield connection
    finally:
        connection.close()


def _copy_out(connection: sqlite3.Connection, copy: Path, *, is_encrypted: bool) -> None:
    file = os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    os.close(file)
    target = (
        encryption.connect(copy, "mode=rw", _BUSY_MS / 1000)
        if is_encrypted
        else sqlite3.Connection(str(copy), isolation_level=None)
    )
    try:
        connection.backup(target)
        target.execute("PRAGMA journal_mode=WAL")
    finally:
        target.close()


def _masked(
    copy: Path,
    redaction: Redaction,
    tell: Callable[[int, int], None],
    stage: Callable[[str], None],
) -> Masked:
    with Store.open(copy, "w") as store:
        done = store.mask(redaction, tell, stage)
        stage("checking the masked copy")
        problems = store.check()
    if problems:
        raise StoreError(
            f"The masked copy is not whole: {problems[0]}",
            hint="Nothing was changed. `replay db check` tells whether it was whole before.",
        )
    return done


def _copy_back(copy: Path, connection: sqlite3.Connection) -> None:
    """Put the pages of the copy in the place of the file's, in one transaction; empty the log."""
    source = encryption.connect(copy, "mode=rw", _BUSY_MS / 1000)
    try:
        source.backup(connection)
    finally:
        source.close()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
