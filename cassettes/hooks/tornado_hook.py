"""tornado's own HTTP client: one hook where one hop of a request runs.

The client queues requests and starts them in whatever context frees a place, so the scope is taken
when a request is made. A replay feeds the recorded answer to tornado's own reader: redirects,
callbacks and unpacking stay its own.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from cassettes.capture import Capture
from cassettes.interaction import Interaction, Request, Response
from cassettes.never import until_given_up
from cassettes.scope import Scope, answer_in_time, current, process, refuse_outside

_SCOPE: Final = "_cassettes_scope"
_HOP: Final = "_cassettes_hop"
_CHUNK_BYTES: Final = 65536


def hook_tornado(module: Any) -> None:
    """Hook ``tornado.simple_httpclient``."""
    client, connection = module.SimpleAsyncHTTPClient, module._HTTPConnection
    client.fetch_impl = _with_scope(client.fetch_impl)
    connection.run = _hooked_run(connection.run)
    connection.headers_received = _hooked_headers(connection.headers_received)
    connection.data_received = _hooked_data(connection.data_received)
    connection.finish = _hooked_finish(connection.finish)
    connection._handle_exception = _hooked_exception(connection._handle_exception)


def _with_scope(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def fetch_impl(self: Any, request: Any, callback: Any) -> None:
        scope = current.get()
        if scope is None and process.blocks:
            refuse_outside(request.method, request.url)
        setattr(request, _SCOPE, scope)
        original(self, request, callback)

    return fetch_impl


class _Hop:
    """One hop that is being recorded."""

    def __init__(self, scope: Scope, asked: Request) -> None:
        assert scope.cassette is not None
        self.cassette = scope.cassette
        self.interaction: Interaction = self.cassette.begin(asked, "tornado")
        self.capture: Capture | None = None
        self.is_over = False


def _hooked_run(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(original)
    async def run(self: Any) -> None:
        scope: Scope | None = getattr(self.request, _SCOPE, None)
        # Of another request's context, where this one had to wait for a place.
        current.set(scope)
        if scope is None or scope.cassette is None:
            await original(self)
            return
        asked = _asked(self.request)
        if scope.cassette.is_replay and await _answered(self, scope, asked):
            return
        if not scope.is_replay:
            if self.request.body_producer is not None:
                _watch_producer(self, asked)
            self.__dict__[_HOP] = _Hop(scope, asked)
        await original(self)

    return run


async def _answered(connection: Any, scope: Scope, asked: Request) -> bool:
    """Answer from the cassette; False where the request is to go out after all."""
    try:
        if connection.request.body_producer is not None:
            asked.body = await _produced(connection.request.body_producer)
        found = await answer_in_time(scope, asked)
        if found is None:
            return False
        await _play(connection, found)
    except Exception:
        if not connection._handle_exception(*sys.exc_info()):
            raise
    return True


def _asked(request: Any) -> Request:
    headers = [(str(name), str(value)) for name, value in request.headers.get_all()]
    if request.body is not None and request.method == "POST":
        named = {name.lower() for name, _ in headers}
        if "content-type" not in named:
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    return Request(request.method, request.url, headers, bytes(request.body or b""))


def _watch_producer(connection: Any, asked: Request) -> None:
    """Copy a body that is produced while it is sent."""
    produce = connection.request.body_producer

    def producing(write: Callable[[bytes], Any]) -> Any:
        asked.body = b""

        def copying(chunk: bytes) -> Any:
            asked.body += bytes(chunk)
            return write(chunk)

        return produce(copying)

    connection.request.body_producer = producing


async def _produced(produce: Callable[[Callable[[bytes], Any]], Any]) -> bytes:
    chunks: list[bytes] = []

    async def write(chunk: bytes) -> None:
        chunks.append(bytes(chunk))

    made = produce(write)
    if made is not None:
        await made
    return b"".join(chunks)


def _hooked_headers(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(original)
    async def headers_received(self: Any, first_line: Any, headers: Any) -> None:
        hop: _Hop | None = self.__dict__.get(_HOP)
        is_interim = self.request.expect_100_continue and first_line.code == 100
        if hop is not None and not is_interim:
            pairs = [(str(name), str(value)) for name, value in headers.get_all()]
            packed = headers.get("X-Consumed-Content-Encoding", "")
            if packed:
                pairs = [
                    ("Content-Encoding", value)
                    if name == "X-Consumed-Content-Encoding"
                    else (name, value)
                    for name, value in pairs
                ]
            hop.interaction.response = Response(
                first_line.code,
                first_line.reason,
                first_line.version,
                pairs,
                packed_as=packed.lower(),
            )
            hop.capture = Capture(hop.cassette, hop.interaction)
        await original(self, first_line, headers)

    return headers_received


def _hooked_data(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def data_received(self: Any, chunk: bytes) -> Any:
        hop: _Hop | None = self.__dict__.get(_HOP)
        if hop is not None and hop.capture is not None:
            hop.capture.chunks.append(bytes(chunk))
        return original(self, chunk)

    return data_received


def _hooked_finish(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def finish(self: Any) -> None:
        hop: _Hop | None = self.__dict__.get(_HOP)
        if hop is not None and hop.capture is not None:
            hop.is_over = True
            hop.capture.finish()
        original(self)

    return finish


def _hooked_exception(original: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(original)
    def _handle_exception(self: Any, kind: Any, error: Any, trace: Any) -> bool:
        hop: _Hop | None = self.__dict__.get(_HOP)
        if hop is not None and not hop.is_over and self.final_callback is not None:
            hop.is_over = True
            cause = _real(error)
            if hop.capture is not None:
                hop.capture.finish(error=cause)
            else:
                hop.cassette.keep_failure(hop.interaction, cause)
        return original(self, kind, error, trace)

    return _handle_exception


def _real(error: BaseException) -> BaseException:
    """Return what the client makes of a stream that was closed under it."""
    from tornado.iostream import StreamClosedError
    from tornado.simple_httpclient import HTTPStreamClosedError

    if not isinstance(error, StreamClosedError):
        return error
    real: BaseException | None = error.real_error
    return HTTPStreamClosedError("Stream closed") if real is None else real


class _NoStream:
    """Stands in for the stream of a connection that was never opened."""

    error = None

    def close(self, exc_info: Any = False) -> None:
        """Nothing is open."""

    def closed(self) -> bool:
        """Always."""
        return True


async def _play(connection: Any, found: Interaction) -> None:
    """Feed a recorded answer to the connection, as the one that reads from a socket does."""
    from tornado.http1connection import _GzipMessageDelegate
    from tornado.httputil import HTTPHeaders, ResponseStartLine

    connection.stream = _NoStream()
    # Set when a request is sent; following a redirect takes it off again.
    connection.request.headers.setdefault("Host", urlsplit(connection.request.url).netloc)
    recorded, failure = found.response, found.failure
    if failure is not None and failure.is_cancellation:
        await until_given_up(found)
    if recorded is not None:
        headers = HTTPHeaders()
        for name, value in recorded.headers:
            headers.add(name, value)
        reader = connection
        if connection.request.decompress_response:
            limits = (_CHUNK_BYTES, connection.max_body_size or connection.max_buffer_size)
            taken = len(inspect.signature(_GzipMessageDelegate).parameters) - 1
            reader = _GzipMessageDelegate(connection, *limits[:taken])
        line = ResponseStartLine(recorded.http_version, recorded.status, recorded.reason)
        await reader.headers_received(line, headers)
        body = recorded.wire_body()
        if body:
            waits = reader.data_received(body)
            if waits is not None:
                await waits
        if failure is None:
            reader.finish()
            return
    assert failure is not None
    error = failure.rebuild()
    if not connection._handle_exception(type(error), error, None):
        raise error
