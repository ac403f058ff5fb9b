"""Copy a response while the application reads it, without changing when it gets which bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cassettes.cassette import Cassette
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Response


class Capture:
    """The response of one interaction, growing as it is read; kept once, when it ends."""

    __slots__ = ("_cassette", "_request_body", "chunks", "done", "interaction", "settle")

    def __init__(
        self,
        cassette: Cassette,
        interaction: Interaction,
        request_body: Callable[[], bytes] | None = None,
    ) -> None:
        """``request_body`` gives what was sent, for a body that was streamed out."""
        self._cassette = cassette
        self._request_body = request_body
        self.done = False
        self.interaction = interaction
        self.chunks: list[bytes] = []
        self.settle: Callable[[], None] | None = None
        """What to do instead of ``finish`` when the scope ends while this is still being read."""
        cassette.hold(self)

    @property
    def response(self) -> Response:
        """The response being read."""
        response = self.interaction.response
        assert response is not None
        return response

    def finish(self, *, closed_early: bool = False, error: BaseException | None = None) -> None:
        """Keep the interaction; further calls do nothing."""
        if self.done:
            return
        self.done = True
        response = self.response
        response.body = b"".join(self.chunks)
        response.closed_early = closed_early
        if self._request_body is not None:
            self.interaction.request.body = self._request_body()
        if error is not None:
            self.interaction.failure = Failure.of(error, "body")
        self._cassette.release(self)

    def close(self) -> None:
        """Keep the response as far as it was read."""
        if self.settle is not None:
            self.settle()
        self.finish(closed_early=True)


class WireTee:
    """Stands in for the buffered socket of an ``http.client.HTTPResponse`` and copies its bytes.

    The copy still has its chunked framing; it is undone when the response ends.
    """

    def __init__(self, raw: Any, capture: Capture, *, length: int | None, chunked: bool) -> None:
        """``length`` is what is still to come, or None where the end of the connection ends it."""
        self._raw = raw
        self._capture = capture
        self._copy = capture.chunks.append
        self._length = length
        self._chunked = chunked
        self._at_end = False
        capture.settle = self.finish

    def read(self, size: int | None = -1, /) -> Any:
        """Read and copy. Fewer bytes than asked for mean that the connection has ended."""
        found = self._guarded(self._raw.read, (size,))
        if size is None or size < 0 or len(found) < size:
            self._at_end = True
        return found

    def read1(self, *args: Any) -> Any:
        """Read and copy."""
        return self._guarded(self._raw.read1, args)

    def readline(self, *args: Any) -> Any:
        """Read and copy."""
        return self._guarded(self._raw.readline, args)

    def readinto(self, buffer: Any) -> Any:
        """Read and copy. A buffer left partly empty means that the connection has ended."""
        view = memoryview(buffer)
        count = self._guarded(self._raw.readinto, (buffer,), view)
        if count < len(view):
            self._at_end = True
        return count

    def readinto1(self, buffer: Any) -> Any:
        """Read and copy."""
        return self._guarded(self._raw.readinto1, (buffer,), memoryview(buffer))

    def _guarded(self, read: Any, args: tuple[Any, ...], filled: memoryview | None = None) -> Any:
        try:
            found = read(*args)
        except Exception as error:
            self.finish(error)
            raise
        chunk = found if filled is None else filled[:found]
        if not chunk:
            self._at_end = self._at_end or args != (0,)
        elif not self._capture.done:
            self._copy(bytes(chunk))
        return found

    def finish(self, error: BaseException | None = None) -> None:
        """Undo the framing and keep the response."""
        capture = self._capture
        if capture.done:
            return
        wire = b"".join(capture.chunks)
        whole = self._at_end
        if self._chunked:
            body, whole = dechunk(wire)
            capture.chunks[:] = [body]
        elif self._length is not None:
            whole = len(wire) >= self._length
        if self._at_end and not whole and error is None:
            # The server hung up in the middle. The client says so later, above this reader.
            from http.client import IncompleteRead

            error = IncompleteRead(b"", (self._length or 0) - len(wire) if self._length else None)
        capture.finish(closed_early=not whole and error is None, error=error)

    def close(self) -> None:
        """The response has ended, or the application is done with it."""
        self.finish()
        self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


def dechunk(wire: bytes) -> tuple[bytes, bool]:
    """Return the payload of chunked framing, and whether its last chunk was there."""
    parts: list[bytes] = []
    at = 0
    while True:
        end = wire.find(b"\r\n", at)
        if end < 0:
            return b"".join(parts), False
        try:
            size = int(wire[at:end].split(b";")[0].strip() or b"0", 16)
        except ValueError:
            return wire, False
        if size == 0:
            return b"".join(parts), True
        parts.append(wire[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
