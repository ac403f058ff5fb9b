"""Copy a response while the application reads it, without changing when it gets which bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cassettes.cassette import Cassette
from cassettes.copies import BodyCopy, Dechunker
from cassettes.failures import Failure
from cassettes.interaction import Interaction, Response


class Capture:
    """The response of one interaction, growing as it is read; kept once, when it ends."""

    __slots__ = ("_cassette", "_sent", "chunks", "done", "interaction", "is_whole", "settle")

    def __init__(
        self,
        cassette: Cassette,
        interaction: Interaction,
        sent: BodyCopy | None = None,
    ) -> None:
        """``sent`` is the copy of a request body that was streamed out."""
        self._cassette = cassette
        self._sent = sent
        self.done = False
        self.interaction = interaction
        self.chunks = BodyCopy(cassette.body_bytes_max)
        self.is_whole = False
        """Everything has arrived, though the client is not done with it."""
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
        response.body, response.cut = self.chunks.take()
        response.closed_early = closed_early
        if self._sent is not None:
            self.interaction.request.sent(self._sent)
        if error is not None:
            self.interaction.failure = Failure.of(error, "body")
        self._cassette.release(self)

    def close(self) -> None:
        """Keep the response as far as it was read."""
        if self.settle is not None:
            self.settle()
        self.finish(closed_early=not self.is_whole)


class WireTee:
    """Stands in for the buffered socket of an ``http.client.HTTPResponse`` and copies its bytes.

    Chunked framing is undone in the copy, and only there.
    """

    def __init__(self, raw: Any, capture: Capture, *, length: int | None, chunked: bool) -> None:
        """``length`` is what is still to come, or None where the end of the connection ends it."""
        self._raw = raw
        self._capture = capture
        self._framing = Dechunker(capture.chunks) if chunked else None
        self._copy = (self._framing or capture.chunks).append
        self._length = length
        self._count = 0
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
            self._count += len(chunk)
            self._copy(bytes(chunk))
        return found

    def finish(self, error: BaseException | None = None) -> None:
        """Keep the response."""
        capture = self._capture
        if capture.done:
            return
        whole = self._at_end
        if self._framing is not None:
            whole = self._framing.is_complete
        elif self._length is not None:
            whole = self._count >= self._length
        if self._at_end and not whole and error is None:
            # The server hung up in the middle. The client says so later, above this reader.
            from http.client import IncompleteRead

            error = IncompleteRead(b"", self._length - self._count if self._length else None)
        capture.finish(closed_early=not whole and error is None, error=error)

    def close(self) -> None:
        """The response has ended, or the application is done with it."""
        self.finish()
        self._raw.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)
