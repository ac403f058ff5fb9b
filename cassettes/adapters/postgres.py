"""psycopg 3: each statement a question, sync and async; its classes stay its own.

Hooks are on the classes. In a replay, a connection has no server: it is an instance of the class
that was asked for, with nothing behind it. Recorded rows are put where a cursor keeps what the
server sent, so that fetching, row factories and descriptions are psycopg's.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, Final

from cassettes.adapters.postgres_results import (
    PlayedTransformer,
    keep_diagnosis,
    played,
    recorded,
    teach_values,
    with_diagnosis,
)
from cassettes.adapters.questions import (
    Attempts,
    answered,
    answered_in_time,
    asking,
    cassette_of,
    question,
    refuse,
    said,
    told,
)
from cassettes.adapters.rows import TOO_LONG, plain
from cassettes.adapters.statements import effect_of, named, spelled
from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope

CLIENT: Final = "psycopg"
_BEGAN: Final = "_cassettes_began"
"""Replay: whether a statement of a connection has begun a transaction that is not over."""
_attempts = Attempts(CLIENT, with_diagnosis)


def adapt_psycopg(module: Any) -> None:
    """Hook connections, cursors and transactions of ``psycopg``."""
    teach_values()
    for connection, cursor in (
        (module.Connection, module.Cursor),
        (module.AsyncConnection, module.AsyncCursor),
    ):
        is_async = connection is module.AsyncConnection
        wrap = _Async if is_async else _Sync
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
    transaction_async.__aenter__ = _Async.begins(transaction_async.__aenter__)
    transaction_async.__aexit__ = _Async.leaves(transaction_async.__aexit__)
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


def _statement(query: Any, named_as: str, parameters: Any) -> Request:
    text = _text(query)
    if named_as == "parameters_of_each":
        parameters = [plain(each) for each in parameters]
    asked = {"sql": spelled(text), named_as: _unwrapped(plain(parameters))}
    return question(CLIENT, named(text), asked, effect_of(text))


def _text(query: Any) -> str:
    if isinstance(query, bytes):
        return query.decode("utf-8", "replace")
    if hasattr(query, "as_string"):
        # Without a connection: what it quotes must not depend on a server that a replay has not.
        try:
            return str(query.as_string(None))
        except Exception:  # noqa: BLE001 - it needs a connection; the application has one
            return repr(query)
    return str(query)


def _unwrapped(parameters: Any) -> Any:
    """Return parameters with psycopg's wrappers of JSON values undone."""
    if isinstance(parameters, list):
        return [_unwrapped(each) for each in parameters]
    if type(parameters) is dict:
        return {name: _unwrapped(each) for name, each in parameters.items()}
    if type(parameters).__module__ == "psycopg.types.json":
        return {"json": parameters.obj}
    return parameters


def _ending(what: str) -> Request:
    return question(CLIENT, what, {}, "write")


def _play(cursor: Any, cassette: Cassette, request: Request, interaction: Interaction) -> None:
    """Put a recorded answer where ``cursor`` keeps what the server sent."""

    def too_long() -> BaseException:
        return CassetteMiss(cassette.cannot_play(request, interaction, TOO_LONG), cassette.name)

    if interaction.response is None:
        assert interaction.failure is not None
        raise with_diagnosis(interaction.failure)
    form = told(interaction)
    cursor._conn.__dict__[_BEGAN] = not cursor._conn._autocommit
    cursor._reset()
    cursor._tx = PlayedTransformer(too_long)
    cursor._rowcount = form["rowcount"]
    cursor._execmany_returning = form["returning"]
    cursor._results = [played(each) for each in form["results"]]
    if cursor._results:
        cursor._select_current_result(0)


def _keep(cassette: Cassette, interaction: Interaction, cursor: Any) -> None:
    form = {
        "rowcount": cursor.rowcount,
        "returning": cursor._execmany_returning,
        "results": [recorded(cursor, each, cassette.body_bytes_max) for each in cursor._results],
    }
    interaction.response = said(form, "rows")
    cassette.keep(interaction)


def _failed(cassette: Cassette, interaction: Interaction, error: BaseException) -> None:
    cassette.keep_failure(interaction, error)
    keep_diagnosis(interaction, error)


def _ended(found: Interaction) -> None:
    if found.failure is not None:
        raise with_diagnosis(found.failure)


def _needs_nothing(scope: Scope, what: str) -> bool:
    """Whether this is a rollback in a replay that was not recorded: nothing is there to undo."""
    if not scope.is_replay or not what.startswith("ROLLBACK"):
        return False
    return cassette_of(scope).peek(_ending(what)) is None


class _Sync:
    """The hooks of ``Connection``, ``Cursor`` and ``Transaction``."""

    @staticmethod
    def connect(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def connect(cls: Any, *args: Any, **options: Any) -> Any:
            if _attempts.is_played():
                return without_server(cls, options)
            attempt = _attempts.begin()
            try:
                return original(cls, *args, **options)
            except Exception as error:
                if attempt is not None:
                    attempt.failed(error)
                raise

        return connect

    @staticmethod
    def asks(original: Callable[..., Any], named_as: str) -> Callable[..., Any]:
        @functools.wraps(original)
        def asks(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None or self._conn._pipeline is not None:
                return original(self, query, params, **options)
            if named_as == "parameters_of_each":
                params = list(params)
            request = _statement(query, named_as, params)
            cassette = cassette_of(scope)
            found = answered(scope, request)
            if found is not None:
                _play(self, cassette, request, found)
                return self if named_as == "parameters" else None
            interaction = cassette.begin(request, CLIENT)
            try:
                value = original(self, query, params, **options)
            except Exception as error:
                _failed(cassette, interaction, error)
                raise
            _keep(cassette, interaction, self)
            return value

        return asks

    @staticmethod
    def ends(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def ends(self: Any) -> None:
            scope = asking(CLIENT)
            if scope is None:
                original(self)
                return
            self.__dict__[_BEGAN] = False
            if _needs_nothing(scope, what):
                return
            found = answered(scope, _ending(what))
            if found is None:
                with _recorded(scope, what):
                    original(self)
                return
            _ended(found)
            if not scope.is_replay:
                original(self)  # of what was really asked in between

        return ends

    @staticmethod
    def begins(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def __enter__(self: Any) -> Any:
            scope = asking(CLIENT)
            return original(self) if scope is None or not scope.is_replay else _enter(self)

        return __enter__

    @staticmethod
    def leaves(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def __exit__(self: Any, kind: Any, error: Any, trace: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None:
                return original(self, kind, error, trace)
            what = _leaving(self, error)
            found = None
            if not _needs_nothing(scope, what):
                found = answered(scope, _ending(what))
                if found is None:
                    with _recorded(scope, what):
                        return original(self, kind, error, trace)
                _ended(found)
            if scope.is_replay:
                return _leave(self, error)
            return original(self, kind, error, trace)

        return __exit__


class _Async:
    """The hooks of ``AsyncConnection``, ``AsyncCursor`` and ``AsyncTransaction``."""

    @staticmethod
    def connect(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def connect(cls: Any, *args: Any, **options: Any) -> Any:
            if _attempts.is_played():
                return without_server(cls, options)
            attempt = _attempts.begin()
            try:
                return await original(cls, *args, **options)
            except BaseException as error:
                if attempt is not None:
                    attempt.failed(error)
                raise

        return connect

    @staticmethod
    def asks(original: Callable[..., Any], named_as: str) -> Callable[..., Any]:
        @functools.wraps(original)
        async def asks(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None or self._conn._pipeline is not None:
                return await original(self, query, params, **options)
            if named_as == "parameters_of_each":
                params = list(params)
            request = _statement(query, named_as, params)
            cassette = cassette_of(scope)
            found = await answered_in_time(scope, request)
            if found is not None:
                _play(self, cassette, request, found)
                return self if named_as == "parameters" else None
            interaction = cassette.begin(request, CLIENT)
            try:
                value = await original(self, query, params, **options)
            except BaseException as error:  # a cancellation is part of what happened
                _failed(cassette, interaction, error)
                raise
            _keep(cassette, interaction, self)
            return value

        return asks

    @staticmethod
    def ends(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def ends(self: Any) -> None:
            scope = asking(CLIENT)
            if scope is None:
                await original(self)
                return
            self.__dict__[_BEGAN] = False
            if _needs_nothing(scope, what):
                return
            found = await answered_in_time(scope, _ending(what))
            if found is None:
                with _recorded(scope, what):
                    await original(self)
                return
            _ended(found)
            if not scope.is_replay:
                await original(self)  # of what was really asked in between

        return ends

    @staticmethod
    def begins(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def __aenter__(self: Any) -> Any:
            scope = asking(CLIENT)
            return await original(self) if scope is None or not scope.is_replay else _enter(self)

        return __aenter__

    @staticmethod
    def leaves(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def __aexit__(self: Any, kind: Any, error: Any, trace: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None:
                return await original(self, kind, error, trace)
            what = _leaving(self, error)
            found = None
            if not _needs_nothing(scope, what):
                found = await answered_in_time(scope, _ending(what))
                if found is None:
                    with _recorded(scope, what):
                        return await original(self, kind, error, trace)
                _ended(found)
            if scope.is_replay:
                return _leave(self, error)
            return await original(self, kind, error, trace)

        return __aexit__


@contextlib.contextmanager
def _recorded(scope: Scope, what: str) -> Iterator[None]:
    cassette = cassette_of(scope)
    interaction = cassette.begin(_ending(what), CLIENT)
    try:
        with scope.below():
            yield
    except BaseException as error:
        _failed(cassette, interaction, error)
        raise
    interaction.response = said(None)
    cassette.keep(interaction)


def _enter(transaction: Any) -> Any:
    """Begin a block in a replay, where no server is told of it."""
    transaction._check_enter()
    transaction.status = transaction.Status.ACTIVE
    connection = transaction._conn
    transaction._outer_transaction = not (
        connection._num_transactions or connection.__dict__.get(_BEGAN)
    )
    transaction._stack_index = transaction._conn._num_transactions
    transaction._conn._num_transactions += 1
    return transaction


def _leave(transaction: Any, error: BaseException | None) -> bool:
    """End a block in a replay; True where it swallows the exception, as a ``Rollback`` asks."""
    from psycopg import Rollback

    transaction._conn._num_transactions -= 1
    if transaction._outer_transaction:
        transaction._conn.__dict__[_BEGAN] = False
    status = transaction.Status
    if error is None and not transaction.force_rollback:
        transaction.status = status.COMMITTED
        return False
    is_meant = isinstance(error, Rollback)
    transaction.status = (
        status.ROLLED_BACK_EXPLICITLY
        if is_meant or transaction.force_rollback
        else status.ROLLED_BACK_WITH_ERROR
    )
    return isinstance(error, Rollback) and error.transaction in (None, transaction)


def _leaving(transaction: Any, error: BaseException | None) -> str:
    """Return what leaving a block asks: an inner one is a savepoint."""
    what = "COMMIT" if error is None and not transaction.force_rollback else "ROLLBACK"
    return what if transaction._outer_transaction else f"{what}/savepoint"


@functools.cache
def _class_without_server(cls: type) -> type:
    def closed(self: Any) -> bool:
        return bool(self._closed)

    def check(self: Any) -> None:
        if self._closed:
            from psycopg import OperationalError

            raise OperationalError("the connection is closed")

    def close(self: Any) -> None:
        self._closed = True

    async def close_async(self: Any) -> None:
        self._closed = True

    def sets(name: str) -> Callable[..., None]:
        return lambda self, value: setattr(self, f"_{name}", value)

    def sets_async(name: str) -> Callable[..., Any]:
        async def set_it(self: Any, value: Any) -> None:
            setattr(self, f"_{name}", value)

        return set_it

    is_async = hasattr(cls, "set_autocommit") and hasattr(cls, "__aenter__")
    options = ("autocommit", "isolation_level", "read_only", "deferrable")
    members: dict[str, Any] = {
        "closed": property(closed),
        "broken": property(lambda self: False),
        "_check_connection_ok": check,
        "close": close_async if is_async else close,
        "cancel": lambda self: None,
        "__module__": cls.__module__,
    }
    for name in options:
        members[f"_set_{name}"] = sets(name)
        if is_async:
            members[f"set_{name}"] = sets_async(name)
    return type(cls.__name__, (cls,), members)


def without_server(cls: type, options: dict[str, Any]) -> Any:
    """Return a connection of the class ``cls`` that no server is behind."""
    from psycopg import pq
    from psycopg.adapt import AdaptersMap

    # What libpq cannot read is never connected; without a network, this gives what psycopg needs.
    connection = _class_without_server(cls)(pq.PGconn.connect_start(b"replay=no_server"))
    connection._autocommit = bool(options.get("autocommit"))
    for name in ("row_factory", "cursor_factory"):
        if options.get(name):
            setattr(connection, name, options[name])
    if options.get("context"):
        connection._adapters = AdaptersMap(options["context"].adapters)
    return connection
