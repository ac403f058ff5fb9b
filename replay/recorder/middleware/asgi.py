"""Tools behind HTTP: middleware for any ASGI application (FastAPI, Starlette, ...).

::

    app.add_middleware(RecordingMiddleware, recorder=recorder, prefix="/tools/")

A ``POST`` under ``prefix`` is a call of the tool that the rest of the path names. The caller says
which call it is by headers: ``x-tool-call-id``, the provider's id, and ``x-replay-trace-id``, any
name of the run; without that each call is a trace of its own.

It is pure ASGI: the application runs in the task that it would run in without it. A request's body
is read before the application asks for it where its length is known and small; larger ones, and
answers, are copied as they pass.
"""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from replay.recorder.hooked import HookedCall
from replay.recorder.recorder import Recorder
from replay.records import Outcome

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_BY: Final = "asgi"
_OUTCOMES: Final = {
    400: Outcome.INVALID_ARGUMENTS,
    401: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.UNKNOWN_TOOL,
    405: Outcome.UNKNOWN_TOOL,
    422: Outcome.INVALID_ARGUMENTS,
    429: Outcome.THROTTLED,
    504: Outcome.TIMEOUT,
}
BODY_BYTES_MAX: Final = 1 << 20
"""What is kept of a request's or an answer's body."""


class RecordingMiddleware:
    """Records requests as tool calls; requests and answers pass as they are."""

    def __init__(self, app: Any, recorder: Recorder, prefix: str = "/") -> None:
        self._app = app
        self._recorder = recorder
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = str(scope.get("path", ""))
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not path.startswith(self._prefix)
        ):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        asked = _Asked(receive)
        size = headers.get(b"content-length", "")
        if size.isdigit() and int(size) <= BODY_BYTES_MAX:
            await asked.read_ahead()
        tool = path[len(self._prefix) :].strip("/")
        await self._serve(tool, headers, asked, scope, send)

    async def _serve(
        self, tool: str, headers: dict[bytes, str], asked: _Asked, scope: Scope, send: Send
    ) -> None:
        caller = headers.get(b"x-replay-trace-id")
        answer = _Answer(send)
        call = self._recorder.tool_call(
            tool,
            call_id=headers.get(b"x-tool-call-id"),
            arguments=asked.text,
            by=_BY,
        )
        call.note(request_id=headers.get(b"x-request-id"))
        with (
            self._recorder._journal.in_session(f"asgi:{caller or uuid.uuid4()}", _labels(caller)),
            call,
        ):
            # An exception passes through, and is kept with the call.
            await self._app(scope, asked, answer)
            if call.call is not None:
                call.call.arguments = asked.text
            _ended(call, answer, scope)


def _labels(caller: str | None) -> dict[str, str]:
    return {"server": "asgi"} | ({"caller": caller} if caller is not None else {})


class _Asked:
    """A ``receive`` that copies what passes, and may have been asked ahead."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: deque[Message] = deque()
        self._body = bytearray()

    @property
    def text(self) -> str:
        """The body as far as it has passed."""
        return self._body.decode("utf-8", "replace")

    async def read_ahead(self) -> None:
        """Read the whole body now; the application gets the same messages when it asks."""
        while True:
            message = await self._next()
            self._waiting.append(message)
            if message["type"] != "http.request" or not message.get("more_body", False):
                return

    async def __call__(self) -> Message:
        return self._waiting.popleft() if self._waiting else await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            room = BODY_BYTES_MAX - len(self._body)
            self._body += message.get("body", b"")[: max(room, 0)]
        return message


class _Answer:
    """A ``send`` that copies what passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            room = BODY_BYTES_MAX - len(self.body)
            self.body += message.get("body", b"")[: max(room, 0)]
        await self._send(message)


def _ended(call: HookedCall, answer: _Answer, scope: Scope) -> None:
    route = getattr(scope.get("route"), "path", None)
    call.note(route=route, status_code=answer.status)
    text = answer.body.decode("utf-8", "replace")
    if answer.status is None or answer.status >= 400:
        outcome = _OUTCOMES.get(answer.status or 0, Outcome.FAILED)
        if outcome is Outcome.UNKNOWN_TOOL and route is not None:
            outcome = Outcome.FAILED  # the tool itself found nothing
        call.answered(text, outcome=outcome)
        return
    try:
        call.returned(json.loads(text))
    except ValueError:
        call.returned(text)
    call.answered(text)
