"""The hooks of psycopg's connections that are awaited."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cassettes.adapters.postgres_offline import enter, leave, leaving, without_server
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
from cassettes.adapters.questions import answered_in_time, asking, cassette_of


class Async:
    """The hooks of ``AsyncConnection``, ``AsyncCursor`` and ``AsyncTransaction``."""

    @staticmethod
    def connect(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a ``connect`` that opens nothing in a replay."""

        @functools.wraps(original)
        async def connect(cls: Any, *args: Any, **options: Any) -> Any:
            if attempts.is_played():
                return without_server(cls, options)
            attempt = attempts.begin()
            try:
                return await original(cls, *args, **options)
            except BaseException as error:
                if attempt is not None:
                    attempt.failed(error)
                raise

        return connect

    @staticmethod
    def asks(original: Callable[..., Any], named_as: str) -> Callable[..., Any]:
        """Return a cursor's ``execute`` or ``executemany`` as a question."""

        @functools.wraps(original)
        async def asks(self: Any, query: Any, params: Any = None, **options: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None or self._conn._pipeline is not None:
                return await original(self, query, params, **options)
            if named_as == "parameters_of_each":
                params = list(params)
            request = statement(query, named_as, params)
            cassette = cassette_of(scope)
            found = await answered_in_time(scope, request)
            if found is not None:
                play(self, cassette, request, found)
                return self if named_as == "parameters" else None
            interaction = cassette.begin(request, CLIENT)
            try:
                value = await original(self, query, params, **options)
            except BaseException as error:  # a cancellation is part of what happened
                failed(cassette, interaction, error)
                raise
            keep(cassette, interaction, self)
            return value

        return asks

    @staticmethod
    def ends(what: str, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return a connection's ``commit`` or ``rollback`` as a question."""

        @functools.wraps(original)
        async def ends(self: Any) -> None:
            scope = asking(CLIENT)
            if scope is None:
                await original(self)
                return
            self.__dict__[BEGAN] = False
            if needs_nothing(scope, what):
                return
            found = await answered_in_time(scope, ending(what))
            if found is None:
                with recorded_end(scope, what):
                    await original(self)
                return
            raise_failure(found)
            if not scope.is_replay:
                await original(self)  # of what was really asked in between

        return ends

    @staticmethod
    def begins(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return how a block of a transaction is entered: in a replay without a server."""

        @functools.wraps(original)
        async def __aenter__(self: Any) -> Any:
            scope = asking(CLIENT)
            return await original(self) if scope is None or not scope.is_replay else enter(self)

        return __aenter__

    @staticmethod
    def leaves(original: Callable[..., Any]) -> Callable[..., Any]:
        """Return how a block of a transaction is left, as a question: commit or roll back."""

        @functools.wraps(original)
        async def __aexit__(self: Any, kind: Any, error: Any, trace: Any) -> Any:
            scope = asking(CLIENT)
            if scope is None:
                return await original(self, kind, error, trace)
            what = leaving(self, error)
            found = None
            if not needs_nothing(scope, what):
                found = await answered_in_time(scope, ending(what))
                if found is None:
                    with recorded_end(scope, what):
                        return await original(self, kind, error, trace)
                raise_failure(found)
            if scope.is_replay:
                return leave(self, error)
            return await original(self, kind, error, trace)

        return __aexit__
