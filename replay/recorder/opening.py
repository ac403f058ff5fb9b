"""Opening the database of an agent that has to run on whatever its disk does.

A mistake of set-up (a folder, no database, a newer format) is the programmer's, and raised. What
befalls a machine (a full disk, rights that were taken away, a file that another program holds) is
not: such a recorder warns once, counts, and records nothing.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from replay.errors import StoreError
from replay.recorder.failures import Failures
from replay.records import JsonObject
from replay.store import Store
from replay.store.database import is_writable, refuse_foreign

_CIRCUMSTANCES: Final = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
    )
)
_SQLITE_CIRCUMSTANCES: Final = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
    )
)


class NoStore:
    """Takes the place of a store that could not be opened: whatever it is given is refused."""

    def __init__(self, reason: StoreError) -> None:
        self.reason = reason

    def append(self, record: Any) -> NoReturn:
        """Refuse one record."""
        self._refuse(record)

    def append_fields(self, kind: str, fields: JsonObject) -> NoReturn:
        """Refuse one record given as its fields."""
        self._refuse(kind, fields)

    def append_turn(self, model_call: JsonObject, *around: Sequence[JsonObject]) -> NoReturn:
        """Refuse a model call, and tool calls around it."""
        self._refuse(model_call, around)

    def append_all(self, records: Sequence[Any]) -> NoReturn:
        """Refuse several records."""
        self._refuse(records)

    def _refuse(self, *given: object) -> NoReturn:
        del given
        raise StoreError(self.reason.wanted, hint=self.reason.hint)


def open_or_warn(path: Path, failures: Failures) -> Store | NoStore:
    """Return the store at ``path``, made if missing; where the machine forbids it, a `NoStore`.

    Raises:
        StoreError: ``path`` is wrong: a folder, no database, of a newer format, in no folder.
    """
    try:
        return Store.open(path, "create")
    except (StoreError, OSError) as error:
        if not _is_circumstance(error, path):
            raise
        if not isinstance(error, StoreError):
            error = StoreError(
                f"'{path}' cannot be opened: {error.strerror}.",
                hint="A recording needs a folder it may write.",
            )
        failures.note(f"open the database '{path}'", error)
        return NoStore(error)


def _is_circumstance(error: StoreError | OSError, path: Path) -> bool:
    cause = error.__cause__ if isinstance(error, StoreError) else error
    if isinstance(cause, OSError):
        return cause.errno in _CIRCUMSTANCES
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        return isinstance(code, int) and code & 0xFF in _SQLITE_CIRCUMSTANCES
    with contextlib.suppress(StoreError, OSError):
        refuse_foreign(path)
        return not is_writable(path)
    return False
