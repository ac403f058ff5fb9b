"""httpx and httpx2, sync and async: one hook on each of the two network transports."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from cassettes.capture import Capture
from cassettes.cassette import Cassette
from cassettes.copies import BodyCopy
from cassettes.interaction import Interaction, Request, Response, header_bytes
from cassettes.never import until_given_up
from cassettes.scope import Scope, answer, answer_in_time, current, process, refuse_outside
from cassettes.unread import read_on, wait_on

if TYPE_CHECKING:
    from cassettes.world.clock import Clock


def hook_httpx(module: Any) -> None:
    """Hook ``HTTPTransport`` and ``AsyncHTTPTransport`` of ``module``."""
    client = _Client(module)
    sync, asynchronous = module.HTTPTransport, module.AsyncHTTPTransport
    sync.handle_request = client.hooked(sync.handle_request)
    asynchronous.handle_async_request = client.hooked_async(asynchronous.handle_async_request)


class _SentBody:
    """A streamed request body, copied while it is sent."""

    def __init__(self, inner: Any, limit: int) -> None:
        self._inner = inner
        self.chunks = BodyCopy(limit)

    def __iter__(self) -> Iterator[bytes]:
        self.chunks.clear()  # a redirect or retry starts again
        for chunk in self._inner:
            self.chunks.append(chunk)
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.chunks.clear()
        async for chunk in self._inner:
            self.chunks.append(chunk)
            yield chunk

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()


class _ReadBody:
    """A response body, copied while the application reads it."""

    def __init__(self, inner: Any, capture: Capture) -> None:
        self._inner = inner
        self._capture = capture

    def __iter__(self) -> Iterator[bytes]:
        capture = self._capture
        keep = capture.chunks.append
        try:
            for chunk in self._inner:
                keep(chunk)
                yield chunk
        except Exception as error:
            capture.finish(error=error)
            raise
        capture.finish()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        capture = self._capture
        keep = capture.chunks.append
        try:
            async for chunk in self._inner:
                keep(chunk)
                yield chunk
        except Exception as error:
            capture.finish(error=error)
            raise
        # The application goes on only when the connection was put back, which may take turns of
        # the event loop: the interaction ends there.
        capture.is_whole = True

    def close(self) -> None:
        self._capture.finish(closed_early=True)
        self._inner.close()

    async def aclose(self) -> None:
        if not self._capture.is_whole:
            self._capture.finish(closed_early=True)
        try:
            await self._inner.aclose()
        finally:
            self._capture.close()


class _BrokenBody:
    """Plays a response that broke off: its bytes, then the recorded exception.

    Of one that was closed early, nobody knows how it goes on; under asyncio it never does.
    """

    def __init__(self, cassette: Cassette, asked: Request, found: Interaction) -> None:
        assert found.response is not None
        self._body = found.response.wire_body()
        self._where = (cassette, asked, found)
        self._failure = found.failure

    def __iter__(self) -> Iterator[bytes]:
        if self._body:
            yield self._body
        raise self._failure.rebuild() if self._failure else read_on(*self._where)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._body:
            yield self._body
        if self._failure is None:
            await wait_on(*self._where)
            return
        raise self._failure.rebuild()

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


class _LateBody:
    """Plays a response body that arrived some time after its head."""

    def __init__(self, inner: Any, clock: Clock, at_ms: float) -> None:
        self._inner = inner
        self._clock = clock
        self._at_ms = at_ms

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self._clock.until(self._at_ms)
        async for chunk in self._inner:
            yield chunk

    async def aclose(self) -> None:
        """Nothing is open."""


class _Client:
    """The hooks for one of the two libraries."""

    def __init__(self, module: Any) -> None:
        self.name: str = module.__name__
        self._response = module.Response
        self._byte_stream = module.ByteStream
        both = (module.SyncByteStream, module.AsyncByteStream)
        self._sent_body: Any = type("SentBody", (_SentBody, *both), {})
        self._read_body: Any = type("ReadBody", (_ReadBody, *both), {})
        self._late_body: Any = type("LateBody", (_LateBody, module.AsyncByteStream), {})
        self._broken_body: Any = type("BrokenBody", (_BrokenBody, *both), {})

    def hooked(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def handle_request(transport: Any, request: Any) -> Any:
            scope = self._scope_for(request)
            if scope is None:
                return original(transport, request)
            cassette = scope.cassette
            assert cassette is not None
            if cassette.is_replay:
                body = self._simple_body(request)
                asked = self._asked(request, request.read() if body is None else body)
                found = answer(scope, asked)
                if found is not None:
                    return self._play(cassette, asked, found)
                if not cassette.goes_out:
                    with scope.below():
                        return original(transport, request)
            interaction, sent = self._begin(cassette, request)
            token = current.set(scope.silenced)
            try:
                response = original(transport, request)
            except BaseException as error:
                self._failed(cassette, interaction, sent, error)
                raise
            finally:
                current.reset(token)
            return self._tee(cassette, interaction, sent, response)

        return handle_request

    def hooked_async(
        self, original: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(original)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            scope = self._scope_for(request)
            if scope is None:
                return await original(transport, request)
            cassette = scope.cassette
            assert cassette is not None
            if cassette.is_replay:
                body = self._simple_body(request)
                asked = self._asked(request, await request.aread() if body is None else body)
                found = await answer_in_time(scope, asked, head_only=True)
                if found is not None:
                    if found.failure is not None and found.failure.is_cancellation:
                        await until_given_up(found)
                    return self._play(cassette, asked, found, scope.clock)
                if not cassette.goes_out:
                    with scope.below():
                        return await original(transport, request)
            interaction, sent = self._begin(cassette, request)
            token = current.set(scope.silenced)
            try:
                response = await original(transport, request)
            except BaseException as error:
                self._failed(cassette, interaction, sent, error)
                raise
            finally:
                current.reset(token)
            return self._tee(cassette, interaction, sent, response)

        return handle_async_request

    def _scope_for(self, request: Any) -> Scope | None:
        """Return the scope that wants this request, or None to send it untouched."""
        scope = current.get()
        if scope is None:
            if process.blocks:
                refuse_outside(request.method, str(request.url))
            return None
        return None if scope.cassette is None else scope

    def _simple_body(self, request: Any) -> bytes | None:
        """Return the body if it is in memory, None if it is a stream."""
        stream = request.stream
        if type(stream) is self._byte_stream:
            body: bytes = stream._stream
            return body
        return None

    def _asked(self, request: Any, body: bytes) -> Request:
        return Request(request.method, str(request.url), request.headers.multi_items(), body)

    def _begin(self, cassette: Cassette, request: Any) -> tuple[Interaction, Any]:
        body = self._simple_body(request)
        sent = None
        if body is None:
            sent = request.stream = self._sent_body(request.stream, cassette.body_bytes_max)
        return cassette.begin(self._asked(request, body or b""), self.name), sent

    def _failed(
        self, cassette: Cassette, interaction: Interaction, sent: Any, error: BaseException
    ) -> None:
        if sent is not None:
            interaction.request.sent(sent.chunks)
        cassette.keep_failure(interaction, error)

    def _tee(self, cassette: Cassette, interaction: Interaction, sent: Any, response: Any) -> Any:
        interaction.response = Response(
            response.status_code,
            response.reason_phrase,
            response.http_version,
            [(name.decode("latin-1"), text.decode("latin-1")) for name, text in _raw(response)],
        )
        capture = Capture(cassette, interaction, None if sent is None else sent.chunks)
        response.stream = self._read_body(response.stream, capture)
        return response

    def _play(
        self,
        cassette: Cassette,
        asked: Request,
        interaction: Interaction,
        clock: Clock | None = None,
    ) -> Any:
        """Return the response; with ``clock``, its body arrives at its recorded time."""
        recorded, failure = interaction.response, interaction.failure
        if recorded is None:
            assert failure is not None
            raise failure.rebuild()
        if failure is not None or recorded.closed_early:
            stream = self._broken_body(cassette, asked, interaction)
        else:
            stream = self._byte_stream(recorded.wire_body())
        if clock is not None and interaction.ended_ms > interaction.answered_at_ms:
            stream = self._late_body(stream, clock, interaction.ended_ms)
        extensions = {
            "http_version": recorded.http_version.encode("ascii", "ignore"),
            "reason_phrase": recorded.reason.encode("ascii", "ignore"),
        }
        headers = [(header_bytes(name), header_bytes(text)) for name, text in recorded.headers]
        return self._response(
            recorded.status, headers=headers, stream=stream, extensions=extensions
        )


def _raw(response: Any) -> list[tuple[bytes, bytes]]:
    raw: list[tuple[bytes, bytes]] = response.headers.raw
    return raw
