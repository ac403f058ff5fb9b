"""Watching model calls where every Python client sends them: `send` of httpx and httpx2.

``Client.send`` and ``AsyncClient.send`` are public, carry every try of every request whatever the
transport, and raise what the application sees. One client object is watched by a ``send`` of its
own (`watch_client`), a whole process through the classes (`watch_module`). Requests and responses
pass unchanged; a streamed answer is copied while the application reads it.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any, Final

from replay.errors import ReplayError
from replay.recorder.journal import Journal
from replay.recorder.model_calls import Landing, LiveModelCall
from replay.recorder.streams import is_terminal, reassemble
from replay.recorder.wire import (
    Reply,
    api_of,
    parse_json,
    provider_of,
    read_failure,
    read_question,
    read_reply,
)
from replay.records import CallError

MODULES: Final = ("httpx", "httpx2")

_in_flight: set[int] = set()
"""Identities of requests that are being watched: a client watched twice records once."""


def watch_client(journal: Journal, client: Any, *, keep_streams: bool) -> None:
    """Watch one httpx or httpx2 client, or an SDK client that holds one.

    Raises:
        ReplayError: there is no such client in ``client``.
    """
    http = client if _module_of(client) is not None else getattr(client, "_client", None)
    module = _module_of(http)
    if http is None or module is None:
        raise ReplayError(
            f"recorder.wrap() got {client!r}, which sends through no httpx or httpx2 client.",
            hint="Give it an OpenAI or AsyncOpenAI client, or the httpx client itself.",
        )
    make = _watched_async if isinstance(http, module.AsyncClient) else _watched_sync
    http.send = make(journal, module, http.send, keep_streams)


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
            response = send(request, **options)
        except BaseException as error:
            flight.crash(error)
            raise
        finally:
            _in_flight.discard(id(request))
        flight.land(response)
        return response

    return watched


def _watched_async(journal: Journal, module: Any, send: Any, keep_streams: bool) -> Any:
    async def watched(request: Any, **options: Any) -> Any:
        flight = _take_off(journal, module, request, keep_streams)
        if flight is None:
            return await send(request, **options)
        try:
            response = await send(request, **options)
        except BaseException as error:
            flight.crash(error)
            raise
        finally:
            _in_flight.discard(id(request))
        flight.land(response)
        return response

    return watched


def _take_off(journal: Journal, module: Any, request: Any, keep_streams: bool) -> Flight | None:
    """Take note of a request; None when it is no model call, or somebody watches it already."""
    if request.method != "POST" or id(request) in _in_flight:
        return None
    with journal.failures.guard("read a model call"):
        api = api_of(request.url.path)
        if api is None:
            return None
        try:
            content: bytes = request.content
        except module.RequestNotRead:
            return None  # an upload that streams: no SDK sends prompts so
        question = read_question(api, content, journal.sent_before())
        if question is None:
            return None
        # Without query and user: keys travel there.
        url = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{request.url.path}"
        call = journal.begin_model_call(question, content, provider_of(url), {"url": url})
        _in_flight.add(id(request))
        return Flight(journal, module, call, keep_streams)
    return None


class Flight:
    """One try of a model call, from its request to the last byte of its answer."""

    def __init__(
        self, journal: Journal, module: Any, call: LiveModelCall, keep_streams: bool
    ) -> None:
        self._journal = journal
        self._module = module
        self._call = call
        self._keep_streams = keep_streams
        self._response: Any = None
        self._chunks: list[bytes] = []
        self._first_chunk: float | None = None
        self._is_events = False
        self._ending = False
        self._is_done = False

    def crash(self, error: BaseException) -> None:
        """Take note of a request that got no answer."""
        with self._journal.failures.guard("store a failed model call"):
            self._journal.end_model_call(self._call, Landing(Reply(error=_error_of(error))))

    def land(self, response: Any) -> None:
        """Take note of an answer: read already, or to be copied while the application reads it."""
        with self._journal.failures.guard("read a model's answer"):
            self._response = response
            if response.is_stream_consumed or response.is_closed:
                self._finish(response.content)
                return
            kind = response.headers.get("content-type", "")
            self._is_events = "event-stream" in kind
            sync_tee, async_tee = _tees(self._module)
            is_async = isinstance(response.stream, self._module.AsyncByteStream)
            response.stream = (async_tee if is_async else sync_tee)(self, response.stream)
            self._journal.waiting_streams.add(self)

    def saw(self, chunk: bytes) -> None:
        """Copy one chunk; after the model's last word, store the call before it is acted on."""
        if self._is_done:
            return
        with self._journal.failures.guard("copy a streamed answer"):
            if self._first_chunk is None:
                self._first_chunk = time.perf_counter()
            self._chunks.append(chunk)
            if not self._is_events:
                return
            if not self._ending:
                seam = b"".join(self._chunks[-2:])  # the marker may be cut in two
                self._ending = is_terminal(self._call.question.api, seam)
            if self._ending and chunk.endswith((b"\n\n", b"\r\n\r\n")):
                self.end()

    def end(self, error: BaseException | None = None) -> None:
        """The application reads no further: store what there is."""
        if self._is_done:
            return
        self._is_done = True
        self._journal.waiting_streams.discard(self)
        with self._journal.failures.guard("store a streamed answer"):
            self._finish(self._body(), error)
        self._chunks = []

    def flush(self) -> None:
        """Store what was said so far: a tool is running before the stream has ended."""
        with self._journal.failures.guard("store the beginning of a streamed answer"):
            if not self._is_done and self._is_events and self._chunks:
                self._finish(self._body(), is_final=False)

    def __del__(self) -> None:
        # Neither read to its end nor closed. Not while somebody holds the journal's lock in this
        # thread: the collector may run anywhere.
        if not self._is_done and self._response is not None and self._chunks:
            self._journal.abandoned.append(self._end_abandoned)

    def _end_abandoned(self) -> None:
        if not self._is_done:
            self.end()

    def _body(self) -> bytes:
        raw = b"".join(self._chunks)
        coding = self._response.headers.get("content-encoding")
        if raw and coding:
            decoder = self._module.Response(200, headers={"content-encoding": coding}, content=raw)
            decoded: bytes = decoder.content
            return decoded
        return raw

    def _finish(
        self, body: bytes, error: BaseException | None = None, *, is_final: bool = True
    ) -> None:
        landing = self._landing(body, error)
        landing.is_final = is_final
        self._journal.end_model_call(self._call, landing)

    def _landing(self, body: bytes, error: BaseException | None) -> Landing:
        headers, status = self._response.headers, self._response.status_code
        api = self._call.question.api
        if status >= 400:
            reply = Reply(error=read_failure(status, body))
        elif self._is_events:
            reply = read_reply(api, reassemble(api, body))
        else:
            reply = _read_whole(api, body)
        if error is not None:
            reply.error = _error_of(error)
        elif self._is_events and not self._ending and status < 400:
            reply.attributes["stream_ended_early"] = True
        return Landing(
            reply=reply,
            status_code=status,
            request_id=headers.get("x-request-id"),
            first_chunk=self._first_chunk,
            streamed=self._is_events,
            stream=body.decode("utf-8", "replace") if self._keep_streams else None,
        )


def _read_whole(api: str, body: bytes) -> Reply:
    try:
        return read_reply(api, parse_json(body))
    except ValueError as error:
        return Reply(error=CallError(type="UnreadableAnswer", message=str(error)))


def _error_of(error: BaseException) -> CallError:
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__.split('.')[0]}.{name}"
    return CallError(type=name, message=str(error))


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
