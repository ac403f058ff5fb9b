"""Watching model calls where every Python client sends them: `send` of httpx and httpx2.

``Client.send`` and ``AsyncClient.send`` are public, carry every try of every request whatever the
transport, and raise what the application sees. One client object is watched by a ``send`` of its
own (`watch_client`), a whole process through the classes (`watch_module`). Requests and responses
pass unchanged; a streamed answer is copied while the application reads it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any, Final

from replay.errors import ReplayError
from replay.recorder.flight import Flight, held, take_off
from replay.recorder.journal import Journal
from replay.recorder.wire import api_of

MODULES: Final = ("httpx", "httpx2")

_in_flight: set[int] = set()
"""Identities of requests that are being watched: a client watched twice records once."""


def watch_client(journal: Journal, client: Any, *, keep_streams: bool) -> None:
    """Watch one httpx or httpx2 client, or an SDK client that holds one.

    Raises:
        ReplayError: there is no such client in ``client``.
    """
    clients = [(http, module) for http in _held_by(client) if (module := _module_of(http))]
    if not clients:
        raise ReplayError(
            f"recorder.wrap() got {client!r}, which sends through no httpx or httpx2 client.",
            hint="Give it an OpenAI, Anthropic or Google GenAI client, or the httpx client itself.",
        )
    for http, module in clients:
        make = _watched_async if isinstance(http, module.AsyncClient) else _watched_sync
        http.send = make(journal, module, http.send, keep_streams)


def _held_by(client: Any) -> list[Any]:
    """What an SDK's client sends through: one client, or one for each of sync and async."""
    inner = getattr(client, "_api_client", None)  # Google's
    names = ("_httpx_client", "_async_httpx_client")
    return [client, getattr(client, "_client", None), *(getattr(inner, n, None) for n in names)]


def watch_module(journal: Journal, module: ModuleType, *, keep_streams: bool = False) -> None:
    """Watch every client of ``module`` (httpx or httpx2) in this process."""
    for kind, make in ((module.Client, _watched_sync), (module.AsyncClient, _watched_async)):
        kind.send = _as_method(make, journal, module, kind.send, keep_streams)


def _as_method(make: Any, journal: Journal, module: Any, send: Any, keep_streams: bool) -> Any:
    if make is _watched_async:

        @functools.wraps(send)
        async def asend(self: Any, request: Any, **options: Any) -> Any:
            bound = functools.partial(send, self)
            return await make(journal, module, bound, keep_streams)(request, **options)

        return asend

    @functools.wraps(send)
    def sync_send(self: Any, request: Any, **options: Any) -> Any:
        return make(journal, module, functools.partial(send, self), keep_streams)(
            request, **options
        )

    return sync_send


def _watched_sync(journal: Journal, module: Any, send: Any, keep_streams: bool) -> Any:
    def watched(request: Any, **options: Any) -> Any:
        flight = _take_off(journal, module, request, keep_streams)
        if flight is None:
            return send(request, **options)
        try:
            with held():
                response = send(request, **options)
        except BaseException as error:
            flight.crash(error)
            raise
        finally:
            _in_flight.discard(id(request))
        land(journal, module, flight, response)
        return response

    return watched


def _watched_async(journal: Journal, module: Any, send: Any, keep_streams: bool) -> Any:
    async def watched(request: Any, **options: Any) -> Any:
        flight = _take_off(journal, module, request, keep_streams)
        if flight is None:
            return await send(request, **options)
        try:
            with held():
                response = await send(request, **options)
        except BaseException as error:
            flight.crash(error)
            raise
        finally:
            _in_flight.discard(id(request))
        land(journal, module, flight, response)
        return response

    return watched


def _take_off(journal: Journal, module: Any, request: Any, keep_streams: bool) -> Flight | None:
    """Take note of a request; None when it is no model call, or somebody watches it already."""
    if request.method != "POST" or id(request) in _in_flight:
        return None
    with journal.failures.guard("read a model call"):
        asked = request.url  # it takes itself apart anew each time
        path = asked.path
        if api_of(path) is None:
            return None
        try:
            content: bytes = request.content
        except module.RequestNotRead:
            return None  # an upload that streams: no SDK sends prompts so
        # Without query and user: keys travel there.
        url = f"{asked.scheme}://{asked.netloc.decode('ascii')}{path}"
        flight = take_off(journal, url, path, content, keep_streams=keep_streams)
        if flight is not None:
            _in_flight.add(id(request))
        return flight
    return None


def land(journal: Journal, module: Any, flight: Flight, response: Any) -> None:
    """Take note of an answer: read already, or to be copied while the application reads it.

    ``response``: of ``module``, which is httpx or httpx2.
    """
    with journal.failures.guard("read a model's answer"):
        headers, status = response.headers, response.status_code
        if response.is_stream_consumed or response.is_closed:
            flight.land(status, headers, response.content)
            return
        coding = headers.get("content-encoding")
        flight.open(status, headers, functools.partial(_decoded, module, coding))
        sync_tee, async_tee = _tees(module)
        is_async = isinstance(response.stream, module.AsyncByteStream)
        response.stream = (async_tee if is_async else sync_tee)(flight, response.stream)


def _decoded(module: Any, coding: str | None, raw: bytes) -> bytes:
    if not raw or not coding:
        return raw
    content: bytes = module.Response(200, headers={"content-encoding": coding}, content=raw).content
    return content


def _module_of(client: Any) -> Any:
    for name in MODULES:
        module = sys.modules.get(name)
        if module is not None and isinstance(client, module.Client | module.AsyncClient):
            return module
    return None


@functools.cache
def _tees(module: Any) -> tuple[Any, Any]:
    """The two stream classes that copy what passes, made of the module's own base classes."""

    class SyncTee(module.SyncByteStream):  # type: ignore[misc]  # a base known at run time only
        def __init__(self, flight: Flight, inner: Any) -> None:
            self.flight = flight
            self.inner = inner

        def __iter__(self) -> Iterator[bytes]:
            try:
                for chunk in self.inner:
                    self.flight.saw(chunk)
                    yield chunk
            except GeneratorExit:
                raise
            except BaseException as error:
                self.flight.end(error)
                raise
            self.flight.end()

        def close(self) -> None:
            try:
                self.inner.close()
            finally:
                self.flight.end()

    class AsyncTee(module.AsyncByteStream):  # type: ignore[misc]  # as above
        def __init__(self, flight: Flight, inner: Any) -> None:
            self.flight = flight
            self.inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self.inner:
                    self.flight.saw(chunk)
                    yield chunk
            except GeneratorExit:
                raise
            except BaseException as error:
                self.flight.end(error)
                raise
            self.flight.end()

        async def aclose(self) -> None:
            try:
                await self.inner.aclose()
            finally:
                self.flight.end()

    return SyncTee, AsyncTee
