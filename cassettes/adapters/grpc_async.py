"""gRPC under asyncio: each unary call a question, with or without interceptors."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from cassettes.adapters.grpc_client import refused_in_replay
from cassettes.adapters.grpc_messages import (
    CLIENT,
    asked,
    metadata_of,
    pairs,
    response_form,
    response_of,
)
from cassettes.adapters.questions import (
    answered_in_time,
    asking,
    cassette_of,
    said,
    told,
)
from cassettes.errors import EgressBlocked
from cassettes.interaction import Interaction, Request
from cassettes.scope import Scope, current, is_closed

_STREAMS = ("UnaryStreamMultiCallable", "StreamUnaryMultiCallable", "StreamStreamMultiCallable")
_NAME = "_cassettes_method"
_METHOD_AT, _LOOP_AT = 5, 8
"""Where a call is given its method and its loop, behind the request."""


def adapt_grpc_async(module: Any) -> None:
    """Hook the calls that the channels of ``grpc.aio._channel`` make."""
    module.cygrpc = _Core(module.cygrpc)
    call = module.UnaryUnaryCall
    call.__init__ = _made(call.__init__)
    call._invoke = _invoked(call._invoke)
    for name in _STREAMS:
        kind = getattr(module, name)
        kind.__call__ = refused_in_replay(kind.__call__)


class _Core:
    """Stands before gRPC's core, and gives channels that have none where nothing may go out.

    The core's own thread would wait in C for what never comes, and hold up virtual time.
    """

    def __init__(self, core: Any) -> None:
        self._core = core

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def AioChannel(self, *args: Any) -> Any:
        """Return a channel of the core's, or one with nothing behind it."""
        return _NoChannel() if is_closed() else self._core.AioChannel(*args)


class _NoChannel:
    """A channel that a replay opened."""

    def __init__(self) -> None:
        self._is_closed = False

    def call(self, *args: Any) -> Any:
        """Return a call that ends when it is answered."""
        if not is_closed():
            raise EgressBlocked(f"CALL {CLIENT}, on a channel that a replay opened,", "no channel")
        return _PlayedCall(asyncio.get_running_loop())

    def get_registered_call_handle(self, method: bytes) -> int:
        """Return that the method is not known to the core."""
        return 0

    def check_connectivity_state(self, try_to_connect: bool) -> int:
        """Return that it is ready, as the core numbers it."""
        return 2

    async def watch_connectivity_state(self, last: int, deadline: float | None) -> bool:
        """Return that the state has changed."""
        return True

    def closing(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""
        self._is_closed = True

    def closed(self) -> bool:
        """Whether it was closed."""
        return self._is_closed


def _made(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: Any, request: Any, *args: Any, **options: Any) -> None:
        scope = current.get()
        if is_closed() and len(args) > _LOOP_AT:
            # A channel that was made while the tools were imported knows another loop.
            args = (*args[:_LOOP_AT], asyncio.get_running_loop(), *args[_LOOP_AT + 1 :])
        # The task that it starts here runs later: the name of the method is there by then.
        original(self, request, *args, **options)
        self.__dict__[_NAME] = options["method"] if "method" in options else args[_METHOD_AT]
        is_played = isinstance(self._cython_call, _PlayedCall)
        if scope is not None and scope.cassette is not None and scope.is_replay and not is_played:
            self._cython_call = _PlayedCall(self._loop)

    return __init__


def _invoked(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(original)
    async def _invoke(self: Any) -> Any:
        scope = asking(CLIENT)
        if scope is None:
            return await original(self)
        asked_now = asked(self.__dict__[_NAME], self._request, self._request_serializer)
        found = await _answer(scope, self, asked_now)
        if found is not None:
            return _play(self, found)
        return await _record(scope, self, asked_now, original)

    return _invoke


async def _record(
    scope: Scope, call: Any, request: Request, original: Callable[..., Awaitable[Any]]
) -> Any:
    cassette = cassette_of(scope)
    interaction = cassette.begin(request, CLIENT)
    deserializer = call._response_deserializer
    seen: list[bytes] = []

    def deserialize(raw: bytes) -> Any:
        seen.append(raw)
        return raw if deserializer is None else deserializer(raw)

    call._response_deserializer = deserialize
    try:
        with scope.below():
            value = await original(call)
    except BaseException as error:
        cassette.keep_failure(interaction, error)
        raise
    inner = call._cython_call
    status = inner._status
    if call.cancelled():
        cassette.keep_failure(interaction, asyncio.CancelledError())
        return value
    form = {
        "code": int(status.code()),
        "details": status.details(),
        "debug": status.debug_error_string(),
        "initial_metadata": pairs(inner._initial_metadata),
        "trailing_metadata": pairs(status.trailing_metadata()),
        "response": response_form(seen[0] if seen else None, deserializer),
    }
    interaction.response = said(form, str(form["code"]))
    cassette.keep(interaction)
    return value


async def _answer(scope: Scope, call: Any, request: Request) -> Interaction | None:
    """Return the recorded answer; a miss ends the call for all who wait for it."""
    try:
        return await answered_in_time(scope, request)
    except BaseException as error:
        if isinstance(call._cython_call, _PlayedCall):
            call._cython_call.fail(error)
        raise


def _play(call: Any, found: Interaction) -> Any:
    from grpc._cython import cygrpc

    inner = call._cython_call
    if not isinstance(inner, _PlayedCall):
        inner = call._cython_call = _PlayedCall(call._loop)
    try:
        form = told(found)
    except BaseException as error:
        inner.fail(error)
        raise
    inner.end(
        cygrpc.AioRpcStatus(
            form["code"],
            form["details"],
            metadata_of(form["trailing_metadata"]) or (),
            form["debug"],
        ),
        metadata_of(form["initial_metadata"]) or (),
    )
    return (
        response_of(form["response"], call._response_deserializer) if inner.is_ok() else cygrpc.EOF
    )


class _PlayedCall:
    """Stands in for the call of gRPC's core: it has no channel, and ends when it is answered."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._ended: asyncio.Future[Any] = loop.create_future()
        self._callbacks: list[Callable[[], Any]] = []
        self._status: Any = None
        self._initial_metadata: Any = None
        self._is_cancelled = False

    def end(self, status: Any, initial_metadata: Any) -> None:
        """Take the recorded end."""
        self._status, self._initial_metadata = status, initial_metadata
        if not self._ended.done():
            self._ended.set_result(status)
        for callback in self._callbacks:
            callback()

    def fail(self, error: BaseException) -> None:
        """End without an answer."""
        if not self._ended.done():
            self._ended.set_exception(error)
            self._ended.exception()  # whoever awaits the call sees it; nobody else need

    def is_ok(self) -> bool:
        """Whether the call succeeded."""
        return self._status is not None and int(self._status.code()) == 0

    def is_locally_cancelled(self) -> bool:
        """Whether the application cancelled the call."""
        return self._is_cancelled

    def cancelled(self) -> bool:
        """Whether the application cancelled the call."""
        return self._is_cancelled

    def done(self) -> bool:
        """Whether the call is over."""
        return self._ended.done()

    def cancel(self, details: str) -> None:
        """Take that the application gives up."""
        self._is_cancelled = True
        self.fail(asyncio.CancelledError(details))

    def add_done_callback(self, callback: Callable[[], Any]) -> None:
        """Call ``callback`` at the end."""
        if self._status is not None:
            callback()
        else:
            self._callbacks.append(callback)

    def time_remaining(self) -> float | None:
        """Return None: there is no deadline."""
        return None

    async def status(self) -> Any:
        """Return the recorded status."""
        return await asyncio.shield(self._ended)

    async def initial_metadata(self) -> Any:
        """Return the recorded metadata."""
        await asyncio.shield(self._ended)
        return self._initial_metadata
