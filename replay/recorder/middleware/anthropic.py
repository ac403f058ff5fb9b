"""Anthropic's Python client: a middleware that sees every try of a call, and its tools.

::

    client = Anthropic(middleware=[RecordingMiddleware(recorder)])
    runner = client.beta.messages.tool_runner(tools=recorded_tools(recorder, [get_weather]), ...)

The tool runner gives its tools no id. It runs them in order, so they are bound by the turn and by
what they were given.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from types import ModuleType
from typing import Any

import orjson

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.records import Outcome

require("anthropic")

import httpx2  # noqa: E402 -- what is not supported is told first
from anthropic import Middleware  # noqa: E402

from replay.recorder.flight import Flight, held, take_off  # noqa: E402
from replay.recorder.http_plane import land  # noqa: E402

_HTTP: ModuleType = httpx2


class RecordingMiddleware(Middleware):
    """Records the model calls of one client, sync or async; once where others see them too."""

    def __init__(self, recorder: Recorder) -> None:
        self._journal = recorder._journal
        self._keep_streams = recorder._keep_streams

    def handle(self, request: Any, call_next: Callable[[Any], Any]) -> Any:
        """Record one try, and hand on what the client gives."""
        flight = self._take_off(request)
        if flight is None:
            return call_next(request)
        try:
            with held():
                response = call_next(request)
        except BaseException as error:
            flight.crash(error)
            raise
        land(self._journal, _HTTP, flight, response.http_response)
        return response

    async def handle_async(self, request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Record one try, and hand on what the client gives."""
        flight = self._take_off(request)
        if flight is None:
            return await call_next(request)
        try:
            with held():
                response = await call_next(request)
        except BaseException as error:
            flight.crash(error)
            raise
        land(self._journal, _HTTP, flight, response.http_response)
        return response

    def _take_off(self, request: Any) -> Flight | None:
        if request.method.upper() != "POST":
            return None
        with self._journal.failures.guard("read a model call"):
            path = request.url.partition("?")[0]
            body = {**(request.json or {}), **(request.options.extra_json or {})}
            return take_off(
                self._journal,
                path,
                path,
                orjson.dumps(body, default=_plain),
                keep_streams=self._keep_streams,
                provider="anthropic",
            )
        return None


def _plain(value: Any) -> Any:
    """What the client takes in a request besides JSON: its own models, and lazy sequences."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_unset=True, by_alias=True)
    return dict(value) if hasattr(value, "keys") else list(value)


def recorded_tools(recorder: Recorder, tools: Iterable[Any]) -> list[Any]:
    """Return tools (``@beta_tool``) whose calls are recorded; they are shown as they are."""
    return [_recorded(recorder, tool) if hasattr(tool, "call") else tool for tool in tools]


def _recorded(recorder: Recorder, tool: Any) -> Any:
    original = tool.call
    recorded = copy.copy(tool)
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def acall(input: Any) -> Any:
            with recorder.tool_call(tool.name, arguments=input, by="anthropic") as call:
                try:
                    result = await original(input)
                except ValueError as error:
                    _rejected(call, error)
                    raise
                call.returned(result)
                return result

        recorded.call = acall
    else:

        @functools.wraps(original)
        def sync_call(input: Any) -> Any:
            with recorder.tool_call(tool.name, arguments=input, by="anthropic") as call:
                try:
                    result = original(input)
                except ValueError as error:
                    _rejected(call, error)
                    raise
                call.returned(result)
                return result

        recorded.call = sync_call
    return recorded


def _rejected(call: Any, error: ValueError) -> None:
    """Take note of arguments that do not fit; the runner tells the model less than this."""
    cause = error.__cause__
    if cause is not None and type(cause).__name__ == "ValidationError":
        call.refused(Outcome.INVALID_ARGUMENTS, str(cause))
