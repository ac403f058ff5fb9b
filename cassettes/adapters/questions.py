"""What all adapters do alike: put a question, and record it or have it answered.

A question is a request with the method ``CALL``, as ``@external`` makes them. Its URI says what is
asked of which client (``external://redis/GET``), its body with what.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote
from weakref import WeakKeyDictionary

import orjson

from cassettes.cassette import Cassette
from cassettes.errors import CassetteMiss, EgressBlocked
from cassettes.external import Effect
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Request, Response
from cassettes.never import until_given_up
from cassettes.scope import Scope, answer, answer_in_time, current, is_closed, process
from cassettes.values import decode, encode

R = TypeVar("R")

_JSON = [("content-type", "application/json")]


def asking(client: str) -> Scope | None:
    """Return the scope that wants what ``client`` is asked now; None to let it go on untouched.

    Raises:
        EgressBlocked: It is asked outside any cassette, in a process that blocks.
    """
    scope = current.get()
    if scope is None:
        if process.blocks:
            raise EgressBlocked(f"CALL {client}", f"external:{client}")
        return None
    return None if scope.cassette is None else scope


def cassette_of(scope: Scope) -> Cassette:
    """Return the cassette of a scope that ``asking`` gave."""
    assert scope.cassette is not None
    return scope.cassette


def question(client: str, what: str, asked: Mapping[str, Any], effect: Effect) -> Request:
    """Return the request that stands for asking ``client`` for ``what``, with ``asked``."""
    body = {name: encode(value) for name, value in asked.items()}
    headers = [*_JSON, ("x-effect", effect)]
    return Request("CALL", f"external://{client}/{quote(what)}", headers, orjson.dumps(body))


def said(value: Any, kind: str = "return") -> Response:
    """Return the response that holds ``value``."""
    return Response(200, kind, "", list(_JSON), orjson.dumps(encode(value)))


def told(interaction: Interaction) -> Any:
    """Return what a recorded answer holds.

    Raises:
        BaseException: The recorded failure, where there is no answer.
    """
    if interaction.response is None:
        assert interaction.failure is not None
        raise interaction.failure.rebuild()
    return decode(orjson.loads(interaction.response.body))


def answered(scope: Scope, request: Request) -> Interaction | None:
    """Return the recorded answer; None where the question is to be asked, and recorded.

    Raises:
        CassetteMiss: Nothing may go out here, and it is not on the cassette.
    """
    return answer(scope, request) if cassette_of(scope).is_replay else None


def found_now(scope: Scope, request: Request) -> Interaction:
    """Return the recorded answer of what can only be answered, not asked any more."""
    found = answered(scope, request)
    if found is None:
        cassette = cassette_of(scope)
        raise CassetteMiss(cassette.miss(request), cassette.name)
    return found


async def answered_in_time(scope: Scope, request: Request) -> Interaction | None:
    """Do as ``answered`` does, and let others on the event loop go on until the recorded end."""
    if not cassette_of(scope).is_replay:
        return None
    found = await answer_in_time(scope, request)
    if found is not None and found.failure is not None and found.failure.is_cancellation:
        await until_given_up(found)
    return found


def ask(scope: Scope, client: str, request: Request, run: Callable[[], R]) -> R:
    """Return what ``run`` gives, recorded, or the recorded answer."""
    found = answered(scope, request)
    if found is not None:
        value: R = told(found)
        return value
    cassette = cassette_of(scope)
    interaction = cassette.begin(request, client)
    try:
        with scope.below():
            value = run()
    except Exception as error:
        cassette.keep_failure(interaction, error)
        raise
    interaction.response = said(value)
    cassette.keep(interaction)
    return value


async def ask_async(
    scope: Scope, client: str, request: Request, run: Callable[[], Awaitable[R]]
) -> R:
    """Return what ``run`` gives, recorded, or the recorded answer."""
    found = await answered_in_time(scope, request)
    if found is not None:
        value: R = told(found)
        return value
    cassette = cassette_of(scope)
    interaction = cassette.begin(request, client)
    try:
        with scope.below():
            value = await run()
    except BaseException as error:  # a cancellation is part of what happened
        cassette.keep_failure(interaction, error)
        raise
    interaction.response = said(value)
    cassette.keep(interaction)
    return value


def refuse(scope: Scope, client: str, what: str) -> NoReturn:
    """Raise, in a replay, for what an adapter does not record; it is kept as a miss."""
    why = (
        f"The adapter of {client} does not record this. Put @external on the function that "
        "does it: then its answer is recorded and played."
    )
    cassette = cassette_of(scope)
    request = question(client, what, {}, "write")
    raise CassetteMiss(cassette.refuse(request, why), cassette.name)


class Attempts:
    """Connecting: in a replay nothing is connected, but what failed when recorded fails again.

    Each attempt of a call has a number, and only failures are kept under it: how often code
    connects is no question to the outside. What it connects to is not kept: there are passwords in
    it, and a replay may name another place.
    """

    def __init__(
        self, client: str, rebuild: Callable[[Failure], BaseException] = Failure.rebuild
    ) -> None:
        """``rebuild`` gives the exception of a failure, where that takes more than its class."""
        self._client = client
        self._rebuild = rebuild
        self._counts: WeakKeyDictionary[Cassette, int] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def is_played(self) -> bool:
        """Return whether a connection must not be opened here; raise where it failed before."""
        scope = current.get()
        if scope is None or scope.cassette is None:
            return is_closed()
        if not scope.is_replay:
            return False
        asked = self._next(scope.cassette)
        if scope.cassette.peek(asked) is not None:
            found = answered(scope, asked)
            assert found is not None
            assert found.failure is not None
            raise self._rebuild(found.failure)
        return True

    def begin(self) -> _Attempt | None:
        """Return the attempt that begins now, where it is recorded; else None."""
        scope = current.get()
        if scope is None or scope.cassette is None:
            return None
        cassette = scope.cassette
        return _Attempt(cassette, cassette.begin(self._next(cassette), self._client))

    def _next(self, cassette: Cassette) -> Request:
        with self._lock:
            number = self._counts.get(cassette, 0) + 1
            self._counts[cassette] = number
        return question(self._client, "connect", {"attempt": number}, "read")


class _Attempt:
    """An attempt to connect, for a ``with`` around it: a failure is put on the cassette."""

    def __init__(self, cassette: Cassette, interaction: Interaction) -> None:
        self._cassette = cassette
        self._interaction = interaction

    def failed(self, error: BaseException) -> None:
        """Keep that it failed."""
        self._cassette.keep_failure(self._interaction, error)
