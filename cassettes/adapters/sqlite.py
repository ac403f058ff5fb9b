"""sqlite3: connections and cursors of its own classes, with each statement a question.

``sqlite3.connect`` makes connections of a subclass; they are opened for real when recording. In a
replay they stand on an empty database in memory, which nothing reaches: the file need not exist,
and is neither read nor written. A database in memory is no outside world, and is left alone.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable

# The package may be in the middle of its import: this module of its own is complete.
from sqlite3 import dbapi2
from typing import Any, Final, Literal

from cassettes.adapters.questions import (
    Attempts,
    answered,
    asking,
    cassette_of,
    question,
    refuse,
    said,
    told,
)
from cassettes.adapters.sqlite_cursor import CLIENT, asking_cursor
from cassettes.errors import EgressBlocked
from cassettes.scope import Scope, current

_OPTIONS: Final = (
    "database",
    "timeout",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "factory",
    "cached_statements",
    "uri",
)
_attempts = Attempts(CLIENT)


def adapt_sqlite(module: Any) -> None:
    """Put our ``connect`` in the place of the driver's, wherever the package shows it."""
    import sys

    connect = _connecting(module.connect)
    module.connect = connect
    package = sys.modules.get("sqlite3")
    if package is not None and hasattr(package, "connect"):
        package.connect = connect  # type: ignore[attr-defined]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def connect(*args: Any, **given: Any) -> Any:
        options = {**dict(zip(_OPTIONS, args, strict=False)), **given}
        database = options.pop("database", None)
        if _is_in_memory(database):
            return original(*args, **given)
        options["factory"] = _asking_connection(options.get("factory") or dbapi2.Connection)
        if _attempts.is_played():
            options.pop("uri", None)
            made = original(":memory:", **options)
            made._is_played = True
            return made
        attempt = _attempts.begin()
        try:
            return original(database, **options)
        except Exception as error:
            if attempt is not None:
                attempt.failed(error)
            raise

    return connect


def _is_in_memory(database: Any) -> bool:
    try:
        name = os.fsdecode(database)
    except TypeError:
        return True  # no name of a database: the driver says so
    _, _, options = name.partition("?")
    return name in ("", ":memory:", "file::memory:") or (
        name.startswith("file:") and (name.startswith("file::memory:") or "mode=memory" in options)
    )


@functools.cache
def _asking_connection(factory: type) -> type:
    """Return a class that asks: below what a class of the user's own does, above the driver's."""
    bases = (_Connection,) if factory is dbapi2.Connection else (factory, _Connection)
    return type(factory.__name__, bases, {"__module__": factory.__module__})


class _Unrecorded:
    """A method of a connection that no cassette holds: refused in a replay."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is not None:
            scope = asking(CLIENT)
            if scope is not None and scope.is_replay:
                refuse(scope, CLIENT, self._name)
            return getattr(super(_Connection, instance), self._name)
        return self


class _Connection(dbapi2.Connection):
    """A connection whose statements are questions."""

    _is_played = False
    """Whether there is no database behind it."""
    _has_changed = False
    """Replay: whether a write is not yet committed."""

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor that asks."""
        return super().cursor(asking_cursor(factory or dbapi2.Cursor))

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Ask one statement with a cursor of its own; the driver's shortcut would pass ours by."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Ask one statement with many parameters, with a cursor of its own."""
        return self.cursor().executemany(sql, parameters)

    def executescript(self, script: str, /) -> Any:
        """Ask many statements, with a cursor of its own."""
        return self.cursor().executescript(script)

    def commit(self) -> None:
        """Commit: a write, recorded as such."""
        scope = self._scope()
        if scope is None:
            super().commit()
        else:
            self._ended(scope, "COMMIT", super().commit)

    def rollback(self) -> None:
        """Roll back. In a replay nothing was done that could be undone: that is never a miss."""
        scope = self._scope()
        if scope is None:
            super().rollback()
        else:
            self._ended(scope, "ROLLBACK", super().rollback)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Literal[False]:
        """Commit, or roll back after an exception, as the driver does."""
        if kind is not None:
            self.rollback()
            return False
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False

    @property
    def in_transaction(self) -> bool:
        """Whether something is not yet committed."""
        if self._is_played:
            return self._has_changed
        found: bool = super().in_transaction
        return found

    backup = _Unrecorded()
    blobopen = _Unrecorded()
    deserialize = _Unrecorded()
    iterdump = _Unrecorded()
    load_extension = _Unrecorded()
    serialize = _Unrecorded()
    total_changes = _Unrecorded()

    def _scope(self) -> Scope | None:
        scope = asking(CLIENT)
        if scope is None and self._is_played:
            refuse_without_database()
        return scope

    def _ended(self, scope: Scope, what: str, run: Callable[[], None]) -> None:
        """End a transaction: answered from the cassette, or done and recorded."""
        cassette = cassette_of(scope)
        asked = question(CLIENT, what, {}, "write")
        if scope.is_replay and what == "ROLLBACK" and cassette.peek(asked) is None:
            self._has_changed = False
            return
        found = answered(scope, asked)
        if found is not None:
            self._has_changed = False
            told(found)
            if not scope.is_replay:
                run()  # of what was really asked in between
            return
        interaction = cassette.begin(asked, CLIENT)
        try:
            run()
        except Exception as error:
            cassette.keep_failure(interaction, error)
            raise
        interaction.response = said(None)
        cassette.keep(interaction)


def refuse_without_database() -> None:
    """Raise where a connection that a replay opened is used outside any cassette."""
    if current.get() is None:
        raise EgressBlocked(f"CALL {CLIENT}, on a connection that a replay opened,", "no database")
