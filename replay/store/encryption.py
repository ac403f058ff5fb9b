"""Encryption at rest: SQLCipher for the database and its log, AES for the spools beside it.

The key comes from the environment, from a file that it names, or from a command that it names: it
is on no command line and in no settings that are committed. A file says by its first bytes whether
it is encrypted. An empty one becomes so where there is a key.

The rest of the store knows nothing of it: connections are SQLCipher's with SQLite's errors, and the
bytes of a spool are turned where they are written and read. Their places in the file stay the same
(AES in counter mode, a key for each file), so that frames can refer to each other.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from replay.errors import StoreError
from replay.store.headers import first_bytes, is_connected

KEY: Final = "REPLAY_DATABASE_KEY"
KEY_FILE: Final = f"{KEY}_FILE"
KEY_COMMAND: Final = f"{KEY}_COMMAND"
NEW: Final = "REPLAY_DATABASE_NEW_KEY"
"""The same, with the same endings, for a key that takes the place of another."""

MAGIC: Final = b"SQLite format 3\x00"
PAGE_SIZE: Final = 4096
_SALT_SIZE: Final = 16
_LENGTH_MIN: Final = 16
_COMMAND_S: Final = 60.0

SpoolCipher: TypeAlias = Callable[[bytes, int], bytes]
"""Turns bytes that stand at a place of a spool: from plain to encrypted, and back."""


class EncryptionError(StoreError):
    """A database that is encrypted, or to be, and cannot be: no key, a wrong one, no SQLCipher."""


def is_encrypted(path: Path) -> bool:
    """Whether a file is an encrypted database, or none at all: only its key can tell."""
    found = _header(path)
    return bool(found) and not found.startswith(MAGIC)


def could_be_encrypted(path: Path) -> bool:
    """Whether a file that is no plain database has the size of an encrypted one."""
    size = path.stat().st_size
    return size > 0 and size % PAGE_SIZE == 0


def how_to_give(name: str) -> str:
    """Return how to give the key that the environment calls ``name``."""
    return f"Set {name}, {name}_FILE (a file with the key), or {name}_COMMAND (what prints it)."


def secret(name: str = KEY) -> str | None:
    """Return the key that the environment gives; None: it gives none.

    Raises:
        EncryptionError: the file cannot be read, the command fails, or the key is too short.
    """
    said = tuple(os.environ.get(f"{name}{end}") for end in ("", "_FILE", "_COMMAND"))
    return _secret(name, *said) if any(said) else None


def connect(
    path: Path, option: str, timeout_s: float, *, key: str | None = None
) -> sqlite3.Connection:
    """Return a connection to a database, plain or encrypted.

    ``option``: of the URI, ``mode=rw``. ``key``: another than the environment's.

    Raises:
        EncryptionError: it is encrypted, and there is no key, or no SQLCipher.
    """
    uri = f"{path.absolute().as_uri()}?{option}"
    options: dict[str, Any] = {
        "uri": True,
        "isolation_level": None,
        "check_same_thread": False,
        "timeout": timeout_s,
    }
    salt = _header(path)
    given = key or (secret() if salt == b"" else None)
    if salt.startswith(MAGIC) or (salt == b"" and given is None):
        plain = _Plain(uri, **options)
        plain.ended = is_connected(plain, path)
        return plain
    given = given or secret()
    if given is None:
        raise _no_key(path)
    connection: sqlite3.Connection = sqlcipher()(uri, **options)
    connection.ended = is_connected(connection, path)  # type: ignore[attr-defined]  # of ours
    connection.execute("PRAGMA cipher_log_level=NONE")  # it would tell stderr of a wrong key
    salt = salt or os.urandom(_SALT_SIZE)
    connection.execute(f"PRAGMA key = \"x'{raw_key(given, salt).hex()}{salt.hex()}'\"")
    return connection


class _Plain(sqlite3.Connection):
    """A connection that says when it is closed.

    Of the class itself: where `adapt("sqlite3")` watches what tools connect to, ours is not theirs.
    """

    ended: Callable[[], object] | None = None

    def close(self) -> None:
        super().close()
        if self.ended is not None:
            self.ended()


def _no_key(path: Path) -> EncryptionError:
    return EncryptionError(
        f"'{path}' is not a database, or one that is encrypted: there is no key.",
        hint=how_to_give(KEY),
    )


def wrong_key(path: Path) -> EncryptionError:
    """Return what to tell of a file that a key does not open."""
    return EncryptionError(
        f"'{path}' cannot be decrypted: it has another key, or is no database.",
        hint=f"The key is what {KEY}, {KEY_FILE} or {KEY_COMMAND} gives.",
    )


def raw_key(given: str, salt: bytes) -> bytes:
    """Return the 32 bytes that a file with ``salt`` is encrypted with.

    64 hex digits are these bytes; of anything else they are derived, in a tenth of a second.
    """
    return _derived(given, salt)


def spool_key(path: Path) -> bytes | None:
    """Return what the spools of a database are encrypted with; None: they are not.

    Raises:
        EncryptionError: it is encrypted, and there is no key, or no AES.
    """
    if not is_encrypted(path):
        return None
    given = secret()
    if given is None:
        raise _no_key(path)
    _aes()
    return hmac.digest(raw_key(given, _header(path)), b"replay spools", "sha256")


def spool_cipher(key: bytes | None, name: str) -> SpoolCipher | None:
    """Return what turns the bytes of the spool called ``name``, which no other spool is called."""
    if key is None:
        return None
    modes, algorithms, cipher_of = _aes()
    own = hmac.digest(key, name.encode(), "sha256")

    def turned(body: bytes, offset: int) -> bytes:
        block, skipped = divmod(offset, 16)
        counter = modes.CTR(block.to_bytes(16, "big"))
        stream = cipher_of(algorithms.AES(own), counter).encryptor()
        stream.update(bytes(skipped))
        found: bytes = stream.update(body)
        return found

    return turned


@cache
def sqlcipher() -> Any:
    """Return SQLCipher's class of connections, whose errors are SQLite's.

    Raises:
        EncryptionError: it is not installed.
    """
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise EncryptionError(
            f"An encrypted database needs SQLCipher: {error}.",
            hint="pip install 'replay-sandbox[encryption]'",
        ) from error

    class Cursor(dbapi2.Cursor):  # type: ignore[misc]  # of a package without types
        def execute(self, *given: Any) -> Any:
            return _told(super().execute, *given)

        def executemany(self, *given: Any) -> Any:
            return _told(super().executemany, *given)

        def fetchone(self) -> Any:
            return _told(super().fetchone)

        def fetchmany(self, *given: Any) -> Any:
            return _told(super().fetchmany, *given)

        def fetchall(self) -> Any:
            return _told(super().fetchall)

        def __next__(self) -> Any:
            return _told(super().__next__)

    class Connection(dbapi2.Connection):  # type: ignore[misc]  # likewise
        ended: Callable[[], object] | None = None

        def cursor(self, factory: Any = Cursor) -> Any:
            return _told(super().cursor, factory)

        def execute(self, *given: Any) -> Any:
            return self.cursor().execute(*given)

        def executemany(self, *given: Any) -> Any:
            return self.cursor().executemany(*given)

        def executescript(self, *given: Any) -> Any:
            return _told(super().executescript, *given)

        def backup(self, *given: Any, **options: Any) -> Any:
            return _told(lambda: super(Connection, self).backup(*given, **options))

        def close(self) -> None:
            _told(super().close)
            if self.ended is not None:
                self.ended()

    def _told(act: Callable[..., Any], *given: Any) -> Any:
        try:
            return act(*given)
        except dbapi2.Error as error:
            raise _of_sqlite(error) from error

    return Connection


def _of_sqlite(error: Exception) -> sqlite3.Error:
    kind: type[sqlite3.Error] = getattr(sqlite3, type(error).__name__, sqlite3.DatabaseError)
    found = kind(*error.args)
    for name in ("sqlite_errorcode", "sqlite_errorname"):
        if hasattr(error, name):
            setattr(found, name, getattr(error, name))
    return found


def _aes() -> tuple[Any, Any, Any]:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError as error:
        raise EncryptionError(
            f"An encrypted database needs the package cryptography: {error}.",
            hint="pip install 'replay-sandbox[encryption]'",
        ) from error
    return modes, algorithms, Cipher


def _header(path: Path) -> bytes:
    try:
        return first_bytes(path, _SALT_SIZE)[0]
    except FileNotFoundError:
        return b""


@lru_cache(maxsize=16)
def _secret(name: str, given: str | None, file: str | None, command: str | None) -> str:
    if given:
        found, where = given, name
    elif file:
        where = f"{name}_FILE={file}"
        try:
            found = Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise EncryptionError(f"The key of {where} cannot be read: {why}.") from error
    else:
        found, where = _printed(name, command or ""), f"{name}_COMMAND"
    if len(found) < _LENGTH_MIN:
        raise EncryptionError(
            f"The key that {where} gives is shorter than {_LENGTH_MIN} characters: {len(found)}.",
            hint="Make one: `python -c 'import secrets; print(secrets.token_hex(32))'`.",
        )
    return found


def _printed(name: str, command: str) -> str:
    try:
        ended = subprocess.run(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise EncryptionError(f"{name}_COMMAND={command!r} gives no key: {error}.") from error
    if ended.returncode != 0:
        raise EncryptionError(
            f"{name}_COMMAND={command!r} gives no key: it ended with {ended.returncode}."
        )
    return ended.stdout.strip()


@lru_cache(maxsize=64)
def _derived(given: str, salt: bytes) -> bytes:
    if len(given) == 64:
        try:
            return bytes.fromhex(given)
        except ValueError:
            pass
    return hashlib.scrypt(given.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=64 * 2**20, dklen=32)
