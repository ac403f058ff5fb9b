"""psycopg 3: each statement a question, sync and async; its classes stay its own.

Hooks are on the classes. In a replay, a connection has no server: it is an instance of the class
that was asked for, with nothing behind it. Recorded rows are put where a cursor keeps what the
server sent, so that fetching, row factories and descriptions are psycopg's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cassettes.adapters.postgres_async import Async
from cassettes.adapters.postgres_offline import enter, leave, leaving, without_server
from cassettes.adapters.postgres_results import teach_values
from cassettes.adapters.postgres_statements import (
    BEGAN,
    CLIENT,
    attempts,
    ending,
    failed,
    keep,
    needs_nothing,
    play,
    raise_failure,
    recorded_end,
    statement,
)
from cassettes.adapters.questions import answered, asking, cassette_of, refuse


def adapt_psycopg(module: Any) -> None:
    """Hook connections, cursors and transactions of ``psycopg``."""
    teach_values()
    for connection, cursor in (
        (module.Connection, module.Cursor),
        (module.AsyncConnection, module.AsyncCursor),
    ):
        is_async = connection is module.AsyncConnection
        wrap = Async if is_async else _Sync
        connection.connect = classmethod(wrap.connect(connection.connect.__func__))
        connection.commit = wrap.ends("COMMIT", connection.commit)
        connection.rollback = wrap.ends("ROLLBACK", connection.rollback)
        connection.cursor = _server_cursor(connection.cursor)
        cursor.execute = wrap.asks(cursor.execute, "parameters")
        cursor.executemany = wrap.asks(cursor.executemany, "parameters_of_each")
        for name, what in (("stream", "stream"), ("copy", "COPY")):
            setattr(cursor, name, _unrecorded(getattr(cursor, name), what))
        for name in ("pipeline", "notifies", "tpc_begin"):
            setattr(connection, name, _unrecorded(getattr(connection, name), name))
    for server_cursor in (module.ServerCursor, module.AsyncServerCursor):
        for name in ("execute", "executemany"):
            original = getattr(server_cursor, name)
            setattr(server_cursor, name, _unrecorded(original, "server-cursor"))
    transaction, transaction_async = module.Transaction, module.AsyncTransaction
    transaction.__enter__ = _Sync.begins(transaction.__enter__)
    transaction.__exit__ = _Sync.leaves(transaction.__exit__)
    transaction_async.__aenter__ = Async.begins(transaction_async.__aenter__)
    transaction_async.__aexit__ = Async.leaves(transaction_async.__aexit__)
    module.connect = module.Connection.connect


def _unrecorded(original: Callable[..., Any], what: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        scope = asking(CLIENT)
        if scope is not None and scope.is_replay:
            refuse(scope, CLIENT, what)
        return original(self, *args, **options)

    return method


def _server_cursor(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def cursor(self: Any, name: str = "", **options: Any) -> Any:
        if name:
            scope = asking(CLIENT)
            if scope is not None and scope.is_replay:
                refuse(scope, CLIENT, "server-cursor")
        return original(self, name, **options)

    return cursor


class _Sync:
    """The hooks of ``Connection``, ``Cursor`` and ``Transaction``."""

    @staticmethod
    def connect(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a ``connect`` that opens nothing in a replay."""

        @functools.wraps(original)
        def connect(cls: Any, *args: Any, **options: Any) -> Any:
            if attempts.is_played():
                return without_server(cls, options)
            attempt = attempts.begin()
            try:
                return original(cls, *args, **options)
            except Exception as error:
                if attempt is not None:
                    attempt.failed(error)
                raise

        return connect

    @staticmethod
    def asks(original: Callable[..., Any], named_as: str) -> Callable[..., Any]:
        """Return a cursor's ``execute`` or ``executemany`` as a question."""

        @functools.wraps(original)
        def asks(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None or self._conn._pipeline is not None:
                return original(self, query, params, **options)
            if named_as == "parameters_of_each":
                params = list(params)
            request = statement(query, named_as, params)
            cassette = cassette_of(scope)
            found = answered(scope, request)
            if found is not None:
                play(self, cassette, request, found)
                return self if named_as == "parameters" else None
            interaction = cassette.begin(request, CLIENT)
            try:
                value = original(self, query, params, **options)
            except Exception as error:
                failed(cassette, interaction, error)
                raise
            keep(cassette, interaction, self)
            return value

        return asks

    @staticmethod
    def ends(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a connection's ``commit`` or ``rollback`` as a question."""

        @functools.wraps(original)
        def ends(self: Any) -> None:
            scope = asking(CLIENT)
            if scope is None:
                original(self)
                return
            self.__dict__[BEGAN] = False
            if needs_nothing(scope, what):
                return
            found = answered(scope, ending(what))
            if found is None:
                with recorded_end(scope, what):
                    original(self)
                return
            raise_failure(found)
            if not scope.is_replay:
                original(self)  # of what was really asked in between

        return ends

    @staticmethod
    def begins(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return how a block of a transaction is entered: in a replay without a server."""

        @functools.wraps(original)
        def __enter__(self: Any) -> Any:
            scope = asking(CLIENT)
            return original(self) if scope is None or not scope.is_replay else enter(self)

        return __enter__

    @staticmethod
    def leaves(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return how a block of a transaction is left, as a question: commit or roll back."""

        @functools.wraps(original)
        def __exit__(self: Any, kind: Any, error: Any, trace: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None:
                return original(self, kind, error, trace)
            what = leaving(self, error)
            found = None
            if not needs_nothing(scope, what):
                found = answered(scope, ending(what))
                if found is None:
                    with recorded_end(scope, what):
                        return original(self, kind, error, trace)
                raise_failure(found)
            if scope.is_replay:
                return leave(self, error)
            return original(self, kind, error, trace)

        return __exit__
