"""aiohttp: our own client middleware, innermost, so that each hop of a request passes it.

Middlewares are aiohttp's public seam (3.12 and later): cookies, redirects, raise_for_status stay
its own. The response is copied as the parser feeds it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

from cassettes.capture import Capture
from cassettes.cassette import Cassette
from cassettes.hooks.aiohttp_uploads import body_of, watch_body
from cassettes.interaction import Interaction, Request, Response, header_bytes
from cassettes.never import until_given_up
from cassettes.scope import Scope, answer_in_time, current, process, refuse_outside
from cassettes.unread import wait_on


def hook_aiohttp(module: Any) -> None:
    """Hook ``ClientSession._request`` of ``aiohttp.client``."""
    session = module.ClientSession
    if not hasattr(module, "build_client_middlewares"):
        return  # before 3.12 there are no middlewares
    session._request = _hooked(session._request, _Middleware())


def _hooked(
    original: Callable[..., Awaitable[Any]], middleware: _Middleware
) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(original)
    async def _request(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        scope = current.get()
        if scope is None:
            if process.blocks:
                refuse_outside(method, str(str_or_url))
            return await original(self, method, str_or_url, **options)
        if scope.cassette is not None:
            given = options.get("middlewares")
            options["middlewares"] = (*(self._middlewares if given is None else given), middleware)
        return await original(self, method, str_or_url, **options)

    return _request


class _Middleware:
    """Records or answers one hop."""

    def __init__(self) -> None:
        self._reader: Any = None

    async def __call__(self, request: Any, handler: Callable[..., Awaitable[Any]]) -> Any:
        scope = current.get()
        if scope is None or scope.cassette is None:
            return await handler(request)
        asked = Request(
            request.method,
            str(request.url),
            [(str(name), str(value)) for name, value in request.headers.items()],
        )
        if scope.cassette.is_replay:
            asked.body = await body_of(request)
            found = await answer_in_time(scope, asked)
            if found is not None:
                return await _play(found, request, scope.cassette, asked)
            if not scope.cassette.goes_out:
                with scope.below():
                    return await handler(request)
        return await self._record(scope, asked, request, handler)

    async def _record(
        self, scope: Scope, asked: Request, request: Any, handler: Callable[..., Awaitable[Any]]
    ) -> Any:
        cassette = scope.cassette
        assert cassette is not None
        interaction = cassette.begin(asked, "aiohttp")
        sent = watch_body(request, asked, cassette.body_bytes_max)
        token = current.set(scope.silenced)
        try:
            response = await handler(request)
        except BaseException as error:
            if sent is not None:
                asked.sent(sent)
            cassette.keep_failure(interaction, error)
            raise
        finally:
            current.reset(token)
        interaction.response = kept = Response(
            response.status,
            response.reason or "",
            f"HTTP/{response.version.major}.{response.version.minor}",
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in response.raw_headers
            ],
        )
        if request._session.auto_decompress:
            kept.packed_as = kept.header("content-encoding").strip().lower()
        capture = Capture(cassette, interaction, sent)
        self._copy(response.content, capture)
        return response

    def _copy(self, content: Any, capture: Capture) -> None:
        from aiohttp.streams import StreamReader

        if type(content) is not StreamReader:
            capture.finish()  # a response without a body has a reader of its own kind
            return
        if self._reader is None:
            self._reader = _copying_reader(StreamReader)
        buffered = list(content._buffer)
        if buffered and content._buffer_offset:
            buffered[0] = buffered[0][content._buffer_offset :]
        capture.chunks.extend(buffered)
        if content.exception() is not None:
            capture.finish(error=content.exception())
            return
        if content.is_eof():
            capture.finish()
            return
        _captures[id(content)] = capture
        content.__class__ = self._reader


_captures: dict[int, Capture] = {}
"""Readers being copied. They have slots and no room for an attribute."""


def _copying_reader(base: Any) -> Any:
    from aiohttp import ClientConnectionError

    def closed_by_the_application(error: Any) -> bool:
        return type(error) is ClientConnectionError and str(error) == "Connection closed"

    class CopyingReader(base):  # type: ignore[misc]
        __slots__ = ()

        def feed_data(self, chunk: Any, *args: Any, **kwargs: Any) -> Any:
            capture = _captures.get(id(self))
            if capture is not None:
                capture.chunks.append(bytes(chunk))
            return super().feed_data(chunk, *args, **kwargs)

        def feed_eof(self) -> None:
            capture = _captures.pop(id(self), None)
            if capture is not None:
                capture.finish()
            super().feed_eof()

        def set_exception(self, error: Any, *args: Any, **kwargs: Any) -> None:
            capture = _captures.pop(id(self), None)
            if capture is not None and closed_by_the_application(error):
                capture.finish(closed_early=True)
            elif capture is not None:
                capture.finish(error=error if isinstance(error, BaseException) else error())
            super().set_exception(error, *args, **kwargs)

        def __del__(self) -> None:
            capture = _captures.pop(id(self), None)
            if capture is not None:
                capture.close()

    return CopyingReader


class _NoProtocol:
    """What a reader asks of its connection when everything has arrived."""

    _reading_paused = False
    connected = False

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Nothing is read."""


class _NoConnection:
    """Stands in for the connection of a response whose end nobody knows.

    While there is one, the session's timeout runs on.
    """

    protocol = None

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Any]] = []

    def add_callback(self, callback: Callable[[], Any]) -> None:
        """Call ``callback`` when the response lets go."""
        self._callbacks.append(callback)

    def release(self) -> None:
        """Let go."""
        while self._callbacks:
            self._callbacks.pop()()

    close = release


async def _play(interaction: Interaction, request: Any, cassette: Cassette, asked: Request) -> Any:
    recorded, failure = interaction.response, interaction.failure
    if recorded is None:
        assert failure is not None
        if failure.is_cancellation:
            await until_given_up(interaction)
        error = failure.rebuild(
            request_info=request.request_info,
            history=(),
            _conn_key=request.connection_key,
        )
        if hasattr(type(error), "os_error"):
            error._os_error = error.__cause__  # type: ignore[attr-defined]
        raise error
    response = _empty_response(request)
    major, _, minor = recorded.http_version.rpartition("/")[2].partition(".")
    _fill_head(response, recorded, int(major or 1), int(minor or 0))
    unpacks = request._session.auto_decompress
    body = recorded.plain_body() if unpacks else recorded.wire_body()
    response.content = _reader(body, request)
    if failure is not None:
        response.content.goes_on_with(failure.rebuild)
    elif recorded.closed_early:
        response.content.goes_on_with(functools.partial(wait_on, cassette, asked, interaction))
        response._connection = _NoConnection()
    else:
        response.content.feed_eof()
    response._closed = False
    response.content.on_eof(response._response_eof)
    return response


def _timer(request: Any) -> Any:
    """Return what ends this request when the session's patience is over."""
    from aiohttp.helpers import TimerNoop

    return getattr(request, "_timer", None) or TimerNoop()


def _reader(body: bytes, request: Any) -> Any:
    """Return a reader that has received ``body``, and not yet an end."""
    kind = _breaking_reader_kind()
    limit = max(len(body), 2**16)
    reader = kind(_NoProtocol(), limit, timer=_timer(request), loop=request.loop)
    if body:
        reader.feed_data(body)
    return reader


@functools.cache
def _breaking_reader_kind() -> Any:
    from aiohttp.streams import StreamReader

    class BreakingReader(StreamReader):
        """Gives out what it has before it raises, as a connection does that breaks later."""

        __slots__ = ("_goes_on",)

        def goes_on_with(self, goes_on: Callable[[], Any]) -> None:
            """Take what gives the exception behind the body, or waits for it."""
            self._goes_on = goes_on

        async def _wait(self, func_name: str) -> None:
            error = self._goes_on()
            if inspect.isawaitable(error):
                with self._timer:
                    await error
                return
            self.set_exception(error)
            raise error

    return BreakingReader


def _empty_response(request: Any) -> Any:
    given = {
        "writer": None,
        "continue100": None,
        "timer": _timer(request),
        "request_info": request.request_info,
        "traces": [],
        "loop": request.loop,
        "session": request._session,
        "stream_writer": SimpleNamespace(output_size=0),
    }
    known = _parameters(request.response_class)
    options = {name: value for name, value in given.items() if name in known}
    return request.response_class(request.method, request.original_url, **options)


@functools.cache
def _parameters(kind: Any) -> frozenset[str]:
    return frozenset(inspect.signature(kind).parameters)


def _fill_head(response: Any, recorded: Response, major: int, minor: int) -> None:
    from aiohttp.http import HttpVersion
    from multidict import CIMultiDict, CIMultiDictProxy

    raw = tuple((header_bytes(name), header_bytes(value)) for name, value in recorded.headers)
    headers = CIMultiDict(
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in raw
    )
    response.version = HttpVersion(major, minor)
    response.status = recorded.status
    response.reason = recorded.reason
    response._headers = CIMultiDictProxy(headers)
    response._raw_headers = raw
    response._raw_cookie_headers = tuple(headers.getall("Set-Cookie", ())) or None
