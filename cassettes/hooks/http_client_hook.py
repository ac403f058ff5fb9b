"""http.client, and with it urllib.request, xmlrpc and whatever else stands on it.

A request is assembled from what the connection sends. In replay nothing is sent: the answer is
looked up when it is asked for, and parsed from bytes by http.client itself.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from http.client import HTTPMessage
from typing import Any, Final

from cassettes.capture import Capture, WireTee
from cassettes.cassette import Cassette
from cassettes.hooks.http_client_exchange import Exchange, absolute, pieces
from cassettes.interaction import Interaction, Request, Response
from cassettes.scope import Scope, answer, current, process, refuse_outside
from cassettes.unread import read_on

_EXCHANGE: Final = "_cassettes_exchange"
_VERSIONS = {9: "HTTP/0.9", 10: "HTTP/1.0", 11: "HTTP/1.1"}


class _Originals:
    """The methods as they were, for requests that go out after all."""

    def __init__(self, connection: Any) -> None:
        self.putrequest: Callable[..., Any] = connection.putrequest
        self.send: Callable[..., Any] = connection.send
        self.endheaders: Callable[..., Any] = connection.endheaders
        self.getresponse: Callable[..., Any] = connection.getresponse


def hook_http_client(module: Any) -> None:
    """Hook ``HTTPConnection`` and ``HTTPSConnection`` in place."""
    plain, secure = module.HTTPConnection, module.HTTPSConnection
    originals = _Originals(plain)
    plain.putrequest = _hooked_putrequest(originals)
    plain.send = _hooked_send(originals)
    plain.endheaders = _hooked_endheaders(originals)
    plain.getresponse = _hooked_getresponse(originals)
    plain.connect = _unless_replayed(plain.connect)
    secure.connect = _unless_replayed(secure.connect)


def _exchange_of(conn: Any) -> Exchange | None:
    """Return the exchange under way, unless a client above is recording it already."""
    exchange: Exchange | None = conn.__dict__.get(_EXCHANGE)
    if exchange is None:
        return None
    scope = current.get()
    return None if scope is not None and scope.cassette is None else exchange


def _hooked_putrequest(originals: _Originals) -> Callable[..., Any]:
    original = originals.putrequest

    @functools.wraps(original)
    def putrequest(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        scope = current.get()
        if scope is None:
            self.__dict__.pop(_EXCHANGE, None)
            if process.blocks:
                refuse_outside(method, absolute(self, url))
        elif scope.cassette is not None:
            if not scope.cassette.is_replay:
                scope.cassette.refuse_write(Request(method, absolute(self, url)))
            self.__dict__[_EXCHANGE] = Exchange(scope)
        return original(self, method, url, *args, **kwargs)

    return putrequest


def _hooked_send(originals: _Originals) -> Callable[..., Any]:
    original = originals.send

    @functools.wraps(original)
    def send(self: Any, data: Any) -> Any:
        exchange = _exchange_of(self)
        if exchange is None:
            return original(self, data)
        cassette = exchange.scope.cassette
        assert cassette is not None
        if cassette.is_replay:
            # Until it is asked for, nobody knows whether it is on the cassette.
            exchange.sent += b"".join(pieces(data))
            return None
        if exchange.interaction is None:
            exchange.interaction = cassette.begin(Request("GET", ""), "http.client")
        token = current.set(exchange.scope.silenced)
        try:
            for piece in pieces(data):
                exchange.record(piece, cassette.body_bytes_max)
                original(self, piece)
        except BaseException as error:
            exchange.interaction.request = exchange.request(self)
            cassette.keep_failure(exchange.interaction, error, "send")
            self.__dict__.pop(_EXCHANGE, None)
            raise
        finally:
            current.reset(token)

    return send


def _hooked_endheaders(originals: _Originals) -> Callable[..., Any]:
    original = originals.endheaders

    @functools.wraps(original)
    def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        exchange = _exchange_of(self)
        if exchange is None:
            return result
        cassette = exchange.scope.cassette
        assert cassette is not None
        if cassette.is_replay:
            # urllib.request wraps what fails here in a URLError, and nothing later.
            asked = exchange.request(self)
            found = cassette.peek(asked)
            if found is not None and found.failure is not None and found.failure.phase == "send":
                _forget(self)
                answer(exchange.scope, asked)
                raise found.failure.rebuild()
        return result

    return endheaders


def _hooked_getresponse(originals: _Originals) -> Callable[..., Any]:
    original = originals.getresponse

    @functools.wraps(original)
    def getresponse(self: Any) -> Any:
        exchange = _exchange_of(self)
        if exchange is None:
            return original(self)
        cassette = exchange.scope.cassette
        assert cassette is not None
        if cassette.is_replay:
            asked = exchange.request(self)
            try:
                found = answer(exchange.scope, asked)
            except BaseException:
                _forget(self)
                raise
            if found is not None:
                _forget(self)
                return _play(self, found, asked, cassette)
            if cassette.goes_out:
                exchange.interaction = cassette.begin(asked, "http.client")
            self.__dict__.pop(_EXCHANGE, None)
            with exchange.scope.below():
                _send_after_all(self, originals, exchange)
                if not cassette.goes_out:
                    return original(self)
            return _record(self, original, exchange)
        self.__dict__.pop(_EXCHANGE, None)
        return _record(self, original, exchange)

    return getresponse


def _send_after_all(conn: Any, originals: _Originals, exchange: Exchange) -> None:
    try:
        originals.send(conn, bytes(exchange.sent))
    except BaseException as error:
        if exchange.interaction is not None:
            assert exchange.scope.cassette is not None
            exchange.scope.cassette.keep_failure(exchange.interaction, error, "send")
        raise


def _record(conn: Any, original: Callable[..., Any], exchange: Exchange) -> Any:
    cassette, interaction = exchange.scope.cassette, exchange.interaction
    if cassette is None or interaction is None:
        return original(conn)
    interaction.request = exchange.request(conn)
    token = current.set(exchange.scope.silenced)
    try:
        response = original(conn)
    except BaseException as error:
        cassette.keep_failure(interaction, error)
        raise
    finally:
        current.reset(token)
    interaction.response = Response(
        response.status,
        response.reason or "",
        _VERSIONS.get(response.version, "HTTP/1.1"),
        list(response.headers.items()),
    )
    capture = Capture(cassette, interaction)
    if response.fp is None or response.length == 0:
        capture.finish()
    else:
        response.fp = WireTee(
            response.fp, capture, length=response.length, chunked=bool(response.chunked)
        )
    return response


def _forget(conn: Any) -> None:
    """End the exchange and leave the connection ready for its next request."""
    conn.__dict__.pop(_EXCHANGE, None)
    conn._HTTPConnection__state = "Idle"


class _Wire:
    """Stands in for a socket that has already received everything."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def makefile(self, *args: Any, **kwargs: Any) -> io.BytesIO:
        return self._file


class _BrokenWire(io.BytesIO):
    """Received bytes, then an exception for who waits for more, as a buffered socket has it."""

    def __init__(self, content: bytes, fail: Callable[[], BaseException]) -> None:
        super().__init__(content)
        self._fail = fail

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if size is None or size < 0 or len(found) < size:
            raise self._fail()
        return found

    def read1(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if not found and size != 0:
            raise self._fail()
        return found

    def readinto(self, buffer: Any, /) -> int:
        found = self.read1(len(memoryview(buffer)))
        memoryview(buffer)[: len(found)] = found
        return len(found)


def _play(conn: Any, interaction: Interaction, asked: Request, cassette: Cassette) -> Any:
    recorded, failure = interaction.response, interaction.failure
    if recorded is None:
        assert failure is not None
        raise failure.rebuild()
    body = recorded.wire_body()
    missing = failure.missing_bytes if failure is not None else 0
    breaks = (failure is not None and not missing) or recorded.closed_early
    # Broken off by an error: one more byte is waited for, and the error comes instead.
    length = len(body) + (missing or breaks)
    head = f"HTTP/1.1 {recorded.status} {recorded.reason}\r\nContent-Length: {length}\r\n\r\n"
    wire = head.encode("latin-1", "replace") + body

    def fail() -> BaseException:
        return failure.rebuild() if failure else read_on(cassette, asked, interaction)

    file = _BrokenWire(wire, fail) if breaks else io.BytesIO(wire)
    response = conn.response_class(_Wire(file), method=asked.method, url=asked.uri)
    response.begin()
    headers = HTTPMessage()
    for name, value in recorded.headers:
        headers[name] = value
    response.headers = response.msg = headers
    response.version = 10 if recorded.http_version == "HTTP/1.0" else 11
    return response


def _unless_replayed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _exchange_of(self)
        if exchange is not None and exchange.scope.cassette is not None:
            scope: Scope | None = exchange.scope
        else:
            scope = current.get()
        if scope is not None and scope.cassette is not None and scope.cassette.is_replay:
            return None
        return original(self, *args, **kwargs)

    return connect
