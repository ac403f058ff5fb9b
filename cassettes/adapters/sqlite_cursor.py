"""Cursors of sqlite3 whose statements are questions."""

from __future__ import annotations

import atexit
import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from sqlite3 import dbapi2
from typing import Any, Final

from cassettes.adapters.questions import answered, cassette_of, question
from cassettes.adapters.rows import PlayedRows, Row, RowCopy, plain
from cassettes.adapters.statements import effect_of, named, spelled
from cassettes.scope import current

CLIENT: Final = "sqlite3"


@functools.cache
def asking_cursor(factory: type) -> type:
    """Return a subclass of a cursor's class whose statements are questions."""
    bases = (_Cursor,) if factory is dbapi2.Cursor else (factory, _Cursor)
    return type(factory.__name__, bases, {"__module__": factory.__module__})


class _Cursor(dbapi2.Cursor):
    """A cursor whose statements are questions."""

    _copy: RowCopy | None = None
    _played: PlayedRows | None = None

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Ask one statement."""
        run = functools.partial(super().execute, sql, parameters)
        return self._ask(sql, {"parameters": plain(parameters)}, run)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Ask one statement with many parameters: one question."""
        asked = {}
        if current.get() is not None:
            parameters = list(parameters)
            asked = {"parameters_of_each": [plain(each) for each in parameters]}
        run = functools.partial(super().executemany, sql, parameters)
        return self._ask(sql, asked, run)

    def executescript(self, script: str, /) -> Any:
        """Ask many statements: one question, and a write."""
        run = functools.partial(super().executescript, script)
        return self._ask(script, None, run)

    def _ask(self, sql: str, asked: dict[str, Any] | None, run: Callable[[], Any]) -> Any:
        self._settle()
        connection: Any = self.connection
        scope = connection._scope()
        if scope is None or not isinstance(sql, str):
            return run()
        request = question(
            CLIENT,
            "SCRIPT" if asked is None else named(sql),
            {"sql": spelled(sql), **(asked or {})},
            "write" if asked is None else effect_of(sql),
        )
        cassette = cassette_of(scope)
        found = answered(scope, request)
        if found is not None:
            self._played = PlayedRows.of(cassette, request, found)
            connection._has_changed = self._played.counts["in_transaction"]
            return self
        interaction = cassette.begin(request, CLIENT)
        try:
            run()
        except Exception as error:
            cassette.keep_failure(interaction, error)
            raise
        columns = None if self.description is None else [each[0] for each in self.description]
        self._copy = RowCopy(cassette, interaction, columns, self._counts)
        return self

    def _counts(self) -> dict[str, Any]:
        connection: Any = self.connection
        try:
            changed = connection.in_transaction
        except dbapi2.Error:
            changed = False  # it is closed by now
        return {
            "rowcount": self.rowcount,
            "lastrowid": self.lastrowid,
            "in_transaction": changed,
        }

    def _settle(self) -> None:
        """End what was asked before."""
        self._played = None
        if self._copy is not None:
            self._copy.finish(is_whole=False)
            self._copy = None

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        if self._played is not None:
            found = self._shown(self._played.take(1))
            return found[0] if found else None
        if self._copy is None:
            return super().fetchone()
        row = self._raw(super().fetchone)
        found = self._copied([] if row is None else [row], row is None)
        return found[0] if found else None

    def fetchmany(self, size: int | None = None) -> Any:
        """Return the next rows."""
        wanted: int = self.arraysize if size is None else size
        if self._played is not None:
            return self._shown(self._played.take(wanted))
        if self._copy is None:
            return super().fetchmany(wanted)
        rows = self._raw(functools.partial(super().fetchmany, wanted))
        return self._copied(rows, len(rows) < wanted)

    def fetchall(self) -> Any:
        """Return the rows that are left."""
        if self._played is not None:
            return self._shown(self._played.take())
        if self._copy is None:
            return super().fetchall()
        return self._copied(self._raw(super().fetchall), True)

    def __iter__(self) -> Any:
        """Return itself: a cursor is its own iterator."""
        return self

    def __next__(self) -> Any:
        """Return the next row."""
        if self._played is None and self._copy is None:
            return super().__next__()
        row = self._next_or_none()
        if row is None:
            raise StopIteration
        return row[0]

    def _next_or_none(self) -> Any:
        """Return the next row in a list of one: a row factory may give None."""
        if self._played is not None:
            return self._shown(self._played.take(1)) or None
        row = self._raw(super().fetchone)
        return self._copied([] if row is None else [row], row is None) or None

    def _raw(self, fetch: Callable[[], Any]) -> Any:
        """Return rows as the driver has them, before any row factory."""
        factory, self.row_factory = self.row_factory, None
        try:
            return fetch()
        except Exception as error:
            if self._copy is not None:
                self._copy.finish(is_whole=False, error=error)
            raise
        finally:
            self.row_factory = factory

    row_factory: Any

    def _copied(self, rows: Sequence[Row], is_end: bool) -> list[Any]:
        copy = self._copy
        if copy is not None and not copy.done:
            for row in rows:
                copy.append(row)
            if is_end:
                copy.finish(is_whole=True)
        factory = self.row_factory
        return list(rows) if factory is None else [factory(self, row) for row in rows]

    def _shown(self, rows: Sequence[Row]) -> list[Any]:
        factory = self.row_factory
        if factory is None or not rows:
            return list(rows)
        assert self._played is not None
        stand_in = _stand_in(tuple(self._played.columns or ()))
        return [factory(stand_in, row) for row in rows]

    def close(self) -> None:
        """Close it; what was read is kept."""
        self._settle()
        super().close()

    @property
    def description(self) -> Any:
        """The columns of the last statement."""
        if self._played is None:
            return super().description
        columns = self._played.columns
        return None if columns is None else tuple((name, *[None] * 6) for name in columns)

    @property
    def rowcount(self) -> Any:
        """How many rows the last statement changed; -1 where that is not known."""
        played = self._played
        return super().rowcount if played is None else played.counts["rowcount"]

    @property
    def lastrowid(self) -> Any:
        """The id of the row that was inserted last."""
        played = self._played
        return super().lastrowid if played is None else played.counts["lastrowid"]


_lock = threading.Lock()


@functools.cache
def _empty_database() -> dbapi2.Connection:
    empty = dbapi2.Connection(":memory:", check_same_thread=False)
    atexit.register(empty.close)
    return empty


@functools.lru_cache(maxsize=64)
def _stand_in(columns: tuple[str, ...]) -> dbapi2.Cursor:
    """Return a real cursor with these columns: ``sqlite3.Row`` takes no other."""
    quoted = [f'NULL AS "{name.replace(chr(34), chr(34) * 2)}"' for name in columns]
    with _lock:
        return dbapi2.Cursor(_empty_database()).execute(f"SELECT {', '.join(quoted)} LIMIT 0")
