"""Connections of psycopg with no server behind them, and their transactions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cassettes.adapters.postgres_statements import BEGAN


def enter(transaction: Any) -> Any:
    """Begin a block in a replay, where no server is told of it."""
    transaction._check_enter()
    transaction.status = transaction.Status.ACTIVE
    connection = transaction._conn
    transaction._outer_transaction = not (
        connection._num_transactions or connection.__dict__.get(BEGAN)
    )
    transaction._stack_index = transaction._conn._num_transactions
    transaction._conn._num_transactions += 1
    return transaction


def leave(transaction: Any, error: BaseException | None) -> bool:
    """End a block in a replay; True where it swallows the exception, as a ``Rollback`` asks."""
    from psycopg import Rollback

    transaction._conn._num_transactions -= 1
    if transaction._outer_transaction:
        transaction._conn.__dict__[BEGAN] = False
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


def leaving(transaction: Any, error: BaseException | None) -> str:
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
