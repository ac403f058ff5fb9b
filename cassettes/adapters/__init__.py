"""Clients that do not speak HTTP, recorded and answered like those that do.

One line turns them on, in the module of the tools, so that the process that records and the one
that replays both run it::

    from cassettes import adapt

    adapt("redis", "sqlite3", "psycopg", "grpc", "subprocess")

What such a client is asked is then an interaction of its cassette, as if each of its questions were
a function under ``@external``: recorded with its answer or its exception, answered from the
cassette in a replay, and never executed there, whether it reads or writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from cassettes.hooks.imports import when_imported

__all__ = ["adapt"]

_lock = threading.Lock()
_adapted: set[str] = set()


def adapt(*clients: str) -> None:
    """Record and replay what these clients are asked, from now on, in this process.

    ``clients``: of ``redis``, ``sqlite3``, ``psycopg``, ``grpc`` and ``subprocess``. Nothing is
    imported for it: a client is adapted as soon as it is imported, or now. Naming one again does
    nothing. Outside any cassette an adapted client does what it always did; in a process that
    blocks it raises :class:`cassettes.EgressBlocked` there.

    A connection to SQLite is adapted when it is opened: call this before. The others may be open
    already.

    Raises:
        ValueError: There is no adapter of that name.
    """
    for client in clients:
        if client not in _ADAPTERS:
            raise ValueError(_unknown(client))
    for client in clients:
        with _lock:
            if client in _adapted:
                continue
            _adapted.add(client)
        for module, hook in _ADAPTERS[client].items():
            when_imported(module, hook)


def _unknown(client: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(str(client).lower(), _ADAPTERS, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    known = ", ".join(_ADAPTERS)
    return (
        f"adapt() has no adapter for {client!r}.{meant} It has: {known}. "
        "Whatever else asks the outside can be put into a function under @external."
    )


def _redis(module: Any) -> None:
    from cassettes.adapters.redis_client import adapt_redis

    adapt_redis(module)


def _redis_async(module: Any) -> None:
    from cassettes.adapters.redis_client import adapt_redis_async

    adapt_redis_async(module)


def _sqlite3(module: Any) -> None:
    from cassettes.adapters.sqlite import adapt_sqlite

    adapt_sqlite(module)


def _psycopg(module: Any) -> None:
    from cassettes.adapters.postgres import adapt_psycopg

    adapt_psycopg(module)


def _grpc(module: Any) -> None:
    from cassettes.adapters.grpc_client import adapt_grpc

    adapt_grpc(module)


def _grpc_async(module: Any) -> None:
    from cassettes.adapters.grpc_async import adapt_grpc_async

    adapt_grpc_async(module)


def _subprocess(module: Any) -> None:
    from cassettes.adapters.programs import adapt_subprocess

    adapt_subprocess(module)


_ADAPTERS: Final[dict[str, dict[str, Callable[[Any], None]]]] = {
    "redis": {"redis.client": _redis, "redis.asyncio.client": _redis_async},
    "sqlite3": {"sqlite3.dbapi2": _sqlite3},
    "psycopg": {"psycopg": _psycopg},
    "grpc": {"grpc._channel": _grpc, "grpc.aio._channel": _grpc_async},
    "subprocess": {"subprocess": _subprocess},
}
