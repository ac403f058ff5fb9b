"""Pydantic AI: one capability for ids, validated arguments, validation errors, agents and runs.

::

    agent = Agent(model, tools=[...], capabilities=[RecordingCapability(recorder)])

Each run of the agent is a trace, unless one is open. Its hooks hold the tool itself, so decorating
the functions adds nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.recorder.scope import NextFacts, model_facts, next_model_facts, open_scope
from replay.records import Outcome

require("pydantic-ai-slim")

from pydantic import ValidationError  # noqa: E402
from pydantic_ai.capabilities import AbstractCapability  # noqa: E402

_BY: Final = "pydantic-ai"


@dataclass
class RecordingCapability(AbstractCapability[Any]):
    """A capability for ``Agent(capabilities=[...])``."""

    recorder: Recorder

    async def wrap_run(self, ctx: Any, *, handler: Callable[[], Awaitable[Any]]) -> Any:
        """Make the run a trace of its own, unless one is open."""
        scope = open_scope.get()
        if scope is not None and scope.journal is self.recorder._journal and not scope.is_left:
            return await handler()
        async with self.recorder.trace() as trace:
            trace.attributes["run_id"] = ctx.run_id
            return await handler()

    async def wrap_model_request(
        self, ctx: Any, *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Say whose model call it is that the HTTP plane is about to see."""
        token = model_facts.set(_facts(ctx))
        try:
            return await handler(request_context)
        finally:
            model_facts.reset(token)

    async def before_model_request(self, ctx: Any, request_context: Any) -> Any:
        """Say the same where the stream is opened: in another task, which only gets this hook's."""
        facts = _facts(ctx)
        if facts:
            next_model_facts.set(NextFacts(facts))
        return request_context

    async def wrap_tool_validate(
        self,
        ctx: Any,
        *,
        call: Any,
        tool_def: Any,
        args: Any,
        handler: Callable[[Any], Awaitable[Any]],
    ) -> Any:
        """Record a call whose arguments do not fit, and why."""
        try:
            return await handler(args)
        except Exception as error:
            if isinstance(error, ValidationError) or type(error).__name__ == "ModelRetry":
                with self._call(ctx, call) as recorded:
                    recorded.refused(Outcome.INVALID_ARGUMENTS, str(error), _details(error))
            raise

    async def wrap_tool_execute(
        self,
        ctx: Any,
        *,
        call: Any,
        tool_def: Any,
        args: Any,
        handler: Callable[[Any], Awaitable[Any]],
    ) -> Any:
        """Record one tool call with its validated arguments."""
        with self._call(ctx, call) as recorded:
            recorded.validated(args)
            result = await handler(args)
            recorded.returned(result)
            return result

    def _call(self, ctx: Any, call: Any) -> Any:
        recorded = self.recorder.tool_call(
            call.tool_name, call_id=call.tool_call_id, arguments=call.args, by=_BY
        )
        recorded.note(retry=ctx.retry or None, **_facts(ctx))
        return recorded


def _facts(ctx: Any) -> dict[str, Any]:
    name = getattr(getattr(ctx, "agent", None), "name", None)
    return {"agent": name} if name is not None else {}


def _details(error: Exception) -> Any:
    if isinstance(error, ValidationError):
        return error.errors(include_url=False, include_context=False)
    return None
