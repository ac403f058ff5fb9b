"""`replay db encrypt`, `decrypt`, `rekey`: a database written anew under a key, or under none.

SQLCipher copies the contents into a file beside; when that is whole and checked it takes the name
of the old one, whose bytes are then overwritten. Whatever kills the process, the name leads to the
old file or to the new one. Nobody else may have the database open meanwhile.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from replay.errors import StoreError
from replay.store import database, encryption
from replay.store.audit import note_act
from replay.store.encryption import KEY, NEW, EncryptionError
from replay.store.mask_applying import alone, refuse_recorders
from replay.store.store import Store

Act: TypeAlias = Literal["encrypted", "decrypted", "given another key"]

_TIMEOUT_S: Final = 2.0
_CHUNK: Final = bytes(2**20)
_COMMANDS: Final[dict[Act, str]] = {
    "encrypted": "db encrypt",
    "decrypted": "db decrypt",
    "given another key": "db rekey",
}


def encrypt(path: Path) -> None:
    """Encrypt a database with the key of the environment.

    Raises:
        EncryptionError: it is encrypted, there is no key, or no SQLCipher.
        StoreError: another program has it open, or the disk is too full. It is then as it was.
    """
    database.refuse_foreign(path)
    if encryption.is_encrypted(path):
        raise EncryptionError(
            f"'{path}' is encrypted already, or no database.",
            hint=f"`replay db rekey` gives it another key, that of {NEW}.",
        )
    _rewrite(path, "encrypted", _key(KEY))


def decrypt(path: Path) -> None:
    """Take the encryption off a database; raises as `encrypt` does."""
    _refuse_plain(path)
    _rewrite(path, "decrypted", None)


def rekey(path: Path) -> None:
    """Encrypt an encrypted database with the environment's new key; raises as `encrypt` does."""
    _refuse_plain(path)
    _rewrite(path, "given another key", _key(NEW))


def _refuse_plain(path: Path) -> None:
    database.refuse_foreign(path)
    if not encryption.is_encrypted(path):
        raise EncryptionError(
            f"'{path}' is not encrypted.", hint="`replay db encrypt` encrypts it."
        )


def _key(name: str) -> str:
    found = encryption.secret(name)
    if found is None:
        raise EncryptionError(
            "There is no key to encrypt with.",
            hint=encryption.how_to_give(name),
        )
    return found


def _rewrite(path: Path, act: Act, key: str | None) -> None:
    with Store.open(path, "w"):
        pass  # takes in what other processes left in their spools
    refuse_recorders(path, act)
    copy = path.with_name(f"{path.name}.rewriting")
    mode = path.stat().st_mode & 0o777
    try:
        with alone(path, act, _by_sqlcipher(path)) as connection:
            _remove(copy)  # what an interrupted one left
            try:
                file = os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                os.close(file)
                _export(connection, copy, key)
                _prepare(copy, act, key)
                # Without a log: closing it later would take the log of the new file for its own.
                connection.execute("PRAGMA journal_mode=DELETE")
                copy.chmod(mode)
                _take_its_place(copy, path)
            finally:
                _remove(copy)
    except sqlite3.Error as error:
        raise database.store_error(error, path) from error


def _by_sqlcipher(path: Path) -> sqlite3.Connection:
    """Return a connection that can write another database under another key."""
    if encryption.is_encrypted(path):
        return encryption.connect(path, "mode=rw", _TIMEOUT_S)
    found: sqlite3.Connection = encryption.sqlcipher()(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=_TIMEOUT_S
    )
    return found


def _export(connection: sqlite3.Connection, copy: Path, key: str | None) -> None:
    if key is None:
        connection.execute("ATTACH ? AS copy KEY ''", (str(copy),))
    else:
        salt = secrets.token_bytes(16)
        raw = f"x'{encryption.raw_key(key, salt).hex()}{salt.hex()}'"
        connection.execute(f'ATTACH ? AS copy KEY "{raw}"', (str(copy),))
    vacuum = connection.execute("PRAGMA auto_vacuum").fetchone()[0]
    connection.execute(f"PRAGMA copy.auto_vacuum={vacuum}")
    connection.execute("SELECT sqlcipher_export('copy')").fetchall()
    for name in ("application_id", "user_version"):
        value = connection.execute(f"PRAGMA main.{name}").fetchone()[0]
        connection.execute(f"PRAGMA copy.{name}={value}")
    connection.execute("DETACH copy")


def _prepare(copy: Path, act: Act, key: str | None) -> None:
    """See that the copy is whole, and note in it what was done."""
    connection = encryption.connect(copy, "mode=rw", _TIMEOUT_S, key=key)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if problem != "ok":
            raise StoreError(
                f"The copy is not whole: {problem}.",
                hint="Nothing was changed. `replay db check` tells whether the database is whole.",
            )
        note_act(connection, _COMMANDS[act], "changed", f"the file was {act}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _take_its_place(copy: Path, path: Path) -> None:
    """Give the copy the name of the file, and overwrite what the file had."""
    old = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _synced(copy)
        copy.replace(path)
        _synced(path.parent)
        _zero(old)
    finally:
        os.close(old)


def _remove(copy: Path) -> None:
    """Remove a copy with what stands beside it; nothing of it is left in the clear."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path = copy.with_name(copy.name + ending)
        if path.exists():
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                _zero(file)
            finally:
                os.close(file)
            path.unlink()


def _zero(file: int) -> None:
    left = os.fstat(file).st_size
    os.lseek(file, 0, os.SEEK_SET)
    while left > 0:
        left -= os.write(file, _CHUNK[:left])
    os.fsync(file)
    os.ftruncate(file, 0)


def _synced(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


ACTS: Final[dict[str, Callable[[Path], None]]] = {
    "encrypt": encrypt,
    "decrypt": decrypt,
    "rekey": rekey,
}
"""By the name of the command."""
