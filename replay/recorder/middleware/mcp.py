"""MCP: calls of a client's, and those that a server answers, told to be one by ids in ``_meta``.

::

    server = MCPServer("travel", middleware=[RecordingMiddleware(recorder)])
    async with Client(server) as client:
        recorded_client(recorder, client)

The client's side sees what was asked and answered, whatever the server is written in; the server's
side sees its tools run. In one process they make one record; in two the server's calls make a
trace of their own for each caller, and ``attributes.caller`` names the call.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from replay.recorder.hooked import HookedCall
from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.recorder.scope import running_call
from replay.records import Outcome
from replay.records.unknown_tools import says_unknown

require("mcp")

C = TypeVar("C")

_BY: Final = "mcp"
_CALL: Final = "replay/call_id"
_TRACE: Final = "replay/trace_id"
_INVALID: Final = "validation error"


def recorded_client(recorder: Recorder, client: C) -> C:
    """Record the tool calls of one ``Client`` or ``ClientSession``, and return the very same."""
    original: Any = client.call_tool  # type: ignore[attr-defined]

    @functools.wraps(original)
    async def call_tool(
        name: str, arguments: dict[str, Any] | None = None, *args: Any, **options: Any
    ) -> Any:
        with recorder.tool_call(name, arguments=arguments, by=_BY) as call:
            options["meta"] = {**(options.get("meta") or {}), **_ids(call)}
            result = await original(name, arguments, *args, **options)
            _ended(call, result)
            return result

    client.call_tool = call_tool  # type: ignore[attr-defined]
    return client


def _ids(call: HookedCall) -> dict[str, str]:
    """What the server is told of the call; of the outer one, where a framework's hook holds it."""
    open_call = call.call or running_call.get()
    if open_call is None:
        return {}
    return {_CALL: open_call.execution.id, _TRACE: open_call.trace.id}


class RecordingMiddleware:
    """Middleware for ``MCPServer(middleware=[...])`` and for ``Server.middleware``."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._journal = recorder._journal

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Record a tool call; everything else passes."""
        if ctx.method != "tools/call" or ctx.request_id is None:
            return await call_next(ctx)
        params = ctx.params or {}
        meta: Mapping[str, Any] = params.get("_meta") or {}
        hook = self._journal.hooked.get(str(meta.get(_CALL)))
        if hook is not None:  # the client is in this very process
            with hook.carried():
                return await call_next(ctx)
        caller = meta.get(_TRACE)
        with self._journal.in_session(f"mcp:{caller or id(ctx.session)}", {"server": "mcp"}):
            call = self._recorder.tool_call(
                str(params.get("name")), arguments=params.get("arguments"), by=_BY
            )
            call.note(caller={"trace_id": caller, "call_id": meta[_CALL]} if caller else None)
            with call:
                result = await call_next(ctx)
                _ended(call, result)
                return result


def _ended(call: HookedCall, result: Any) -> None:
    if hasattr(result, "model_dump"):
        result = result.model_dump(mode="json", by_alias=True)
    if not isinstance(result, dict) or "content" not in result:
        return  # it asks for more input first
    blocks = result.get("content") or []
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    text = "\n".join(text for text in texts if isinstance(text, str)) or None
    if not result.get("isError"):
        structured = result.get("structuredContent")
        if structured is not None:
            call.returned(structured)
        call.answered(text)
    elif says_unknown(text, None):
        call.answered(text, outcome=Outcome.UNKNOWN_TOOL)
    elif _INVALID in (text or ""):
        call.answered(text, outcome=Outcome.INVALID_ARGUMENTS)
    else:
        call.failed(text)
