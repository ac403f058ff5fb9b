"""One try of a model call, whatever client it goes through: from its request to its last byte.

A plane (`http_plane`, `bedrock_plane`, a client's own middleware) takes off with the request's
bytes, lands with a whole answer, or opens a stream and hands on each chunk as the application
reads it.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from replay.recorder.journal import Journal
from replay.recorder.model_calls import Landing, LiveModelCall
from replay.recorder.streams import AMAZON, SERVER_SENT, is_terminal, reassemble
from replay.recorder.wire import (
    GENERATE,
    Reply,
    api_of,
    parse_json,
    provider_of,
    read_failure,
    read_question,
    read_reply,
)
from replay.records import CallError

_REQUEST_IDS: Final = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
_UNFINISHED: Final = (None, "in_progress")

_held: ContextVar[bool] = ContextVar("replay_plane_holds", default=False)
"""True while an outer plane watches the model call that is being made here."""
_last_stream: ContextVar[weakref.ref[Flight] | None] = ContextVar("replay_stream", default=None)
"""The last stream that was opened in this task or thread."""


def take_off(
    journal: Journal,
    url: str,
    path: str,
    content: bytes,
    *,
    keep_streams: bool,
    provider: str | None = None,
) -> Flight | None:
    """Take note of a request; None when it is no model call, or an outer plane watches it.

    ``url``: without query and user: keys travel there. ``provider``: where the client, and not its
    host, tells it.
    """
    api = None if _held.get() else api_of(path)
    if api is None:
        return None
    question = read_question(api, content, journal.sent_before(), path=path)
    if question is None:
        return None
    _flush_last_stream()
    call = journal.begin_model_call(question, content, provider or provider_of(url), {"url": url})
    return Flight(journal, call, keep_streams)


@contextmanager
def held() -> Iterator[None]:
    """Hold other planes off a request that is watched from here already."""
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


def _flush_last_stream() -> None:
    """Whoever asks again has read as much of the last answer as it wants, closed or not."""
    last = _last_stream.get()
    flight = last() if last is not None else None
    if flight is not None:
        flight.flush()


class Flight:
    """One try of a model call, on its way."""

    def __init__(self, journal: Journal, call: LiveModelCall, keep_streams: bool) -> None:
        self._journal = journal
        self._call = call
        self._keep_streams = keep_streams
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._decoded: Callable[[bytes], bytes] | None = None
        """Takes a stream's compression off; None: no stream was opened."""
        self._chunks: list[bytes] = []
        self._first_chunk: float | None = None
        self._kind = ""
        self._is_events = False
        self._is_ending = False
        self._is_done = False

    def crash(self, error: BaseException) -> None:
        """Take note of a request that got no answer."""
        with self._journal.failures.guard("store a failed model call"):
            self._journal.end_model_call(self._call, Landing(Reply(error=_error_of(error))))

    def land(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take note of a whole answer."""
        self._answered(status, headers)
        self._finish(self._landing(body))

    def open(
        self, status: int, headers: Mapping[str, str], decoded: Callable[[bytes], bytes]
    ) -> None:
        """Take note of an answer whose body is still to come: `saw` gets it, chunk by chunk."""
        self._answered(status, headers)
        self._decoded = decoded
        self._journal.waiting_streams.add(self)
        _last_stream.set(weakref.ref(self))

    def _answered(self, status: int, headers: Mapping[str, str]) -> None:
        self._status, self._headers = status, headers
        self._kind = headers.get("content-type", "")
        question = self._call.question
        self._is_events = status < 400 and (
            SERVER_SENT in self._kind
            or AMAZON in self._kind
            or (question.api == GENERATE and question.streamed)
        )

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
            if not self._is_ending:
                seam = b"".join(self._chunks[-2:])  # the marker may be cut in two
                self._is_ending = is_terminal(self._call.question.api, seam)
            if self._is_ending and (
                AMAZON in self._kind or chunk.endswith((b"\n\n", b"\r\n\r\n", b"]"))
            ):
                self._end_if_said()

    def _end_if_said(self) -> None:
        """The marker was seen: the end, or only words of the model that look like it."""
        landing = self._landing(self._body())
        if landing.reply.finish_reason in _UNFINISHED and landing.reply.error is None:
            self._is_ending = False
            return
        self._leave()
        self._finish(landing)

    def end(self, error: BaseException | None = None) -> None:
        """The application reads no further: store what there is."""
        if self._is_done:
            return
        with self._journal.failures.guard("store a streamed answer"):
            landing = self._landing(self._body())
            if error is not None:
                landing.reply.error = _error_of(error)
            elif self._is_events and landing.reply.finish_reason in _UNFINISHED:
                landing.reply.attributes["stream_ended_early"] = True
            self._leave()
            self._finish(landing)
        self._leave()

    def flush(self) -> None:
        """Store what was said so far: somebody acts on it before the stream has ended."""
        with self._journal.failures.guard("store the beginning of a streamed answer"):
            if not self._is_done and self._is_events and self._chunks:
                landing = self._landing(self._body())
                landing.is_final = landing.reply.finish_reason not in _UNFINISHED
                if landing.is_final:
                    self._leave()
                self._finish(landing)

    def __del__(self) -> None:
        # Neither read to its end nor closed. Not while somebody holds the journal's lock in this
        # thread: the collector may run anywhere.
        if not self._is_done and self._decoded is not None and self._chunks:
            self._journal.abandoned.append(self.end)

    def _leave(self) -> None:
        self._is_done = True
        self._journal.waiting_streams.discard(self)
        self._chunks = []

    def _body(self) -> bytes:
        raw = b"".join(self._chunks)
        return self._decoded(raw) if self._decoded is not None else raw

    def _finish(self, landing: Landing) -> None:
        self._journal.end_model_call(self._call, landing)

    def _landing(self, body: bytes) -> Landing:
        api, status = self._call.question.api, self._status
        if status >= 400:
            reply = Reply(error=read_failure(status, body))
        elif self._is_events:
            reply = read_reply(api, reassemble(api, body, self._kind))
        else:
            reply = _read_whole(api, body)
        ids = (self._headers.get(name) for name in _REQUEST_IDS)
        return Landing(
            reply=reply,
            status_code=status,
            request_id=next((found for found in ids if found), None),
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


def plain(raw: bytes) -> bytes:
    """Return the bytes of a stream that is not compressed."""
    return raw
