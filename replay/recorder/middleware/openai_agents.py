"""OpenAI's Agents SDK: exact call ids, agents' names, hand-offs, and calls that were rejected.

::

    await Runner.run(agent, question, hooks=RecordingHooks(recorder))

The hooks lay themselves around the tools of each agent as it starts, around those of MCP servers as
they are called. What the model is told of an exception, or of arguments that do not fit, the SDK
makes up itself; its function span tells that it did.
"""

from __future__ import annotations

import copy
import functools
from typing import Any, Final

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.records import JsonObject

require("openai-agents")

from agents import FunctionTool, RunHooks, add_trace_processor  # noqa: E402
from agents.tracing import AgentSpanData, TracingProcessor, get_current_span  # noqa: E402

_BY: Final = "openai-agents"
_HANDOFF: Final = "transfer_to_"


class RecordingHooks(RunHooks[Any]):
    """Hooks for ``Runner.run``; ``hooks``: your own, which are called as ever."""

    def __init__(self, recorder: Recorder, hooks: RunHooks[Any] | None = None) -> None:
        self._recorder = recorder
        self._hooks: Any = hooks or RunHooks()
        if _agent_of_span not in recorder._journal.asking:
            recorder._journal.asking.append(_agent_of_span)
            _spans.begin()

    async def on_agent_start(self, context: Any, agent: Any) -> None:
        """Lay the recorder around the agent's own tools."""
        for tool in agent.tools:
            if isinstance(tool, FunctionTool):
                _record(self._recorder, tool)
        await self._hooks.on_agent_start(context, agent)

    async def on_agent_end(self, context: Any, agent: Any, output: Any) -> None:
        """Hand on."""
        await self._hooks.on_agent_end(context, agent, output)

    async def on_llm_start(self, context: Any, agent: Any, *asked: Any) -> None:
        """Hand on: model calls are seen on the HTTP plane."""
        await self._hooks.on_llm_start(context, agent, *asked)

    async def on_llm_end(self, context: Any, agent: Any, response: Any) -> None:
        """Hand on."""
        await self._hooks.on_llm_end(context, agent, response)

    async def on_handoff(self, context: Any, from_agent: Any, to_agent: Any) -> None:
        """Keep who handed over to whom, with the call that did."""
        facts: JsonObject = {"from": from_agent.name, "to": to_agent.name}
        self._recorder._journal.note_calls(
            lambda call: call.tool.startswith(_HANDOFF), {"handoff": facts, "seen_by": _BY}
        )
        await self._hooks.on_handoff(context=context, from_agent=from_agent, to_agent=to_agent)

    async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
        """Lay the recorder around a tool that its agent had not when it started."""
        # One that waits for approval was prepared to be called as it is.
        if isinstance(tool, FunctionTool) and tool.needs_approval is False:
            _record(self._recorder, tool)
        await self._hooks.on_tool_start(context, agent, tool)

    async def on_tool_end(self, context: Any, agent: Any, tool: Any, result: Any) -> None:
        """Hand on."""
        await self._hooks.on_tool_end(context, agent, tool, result)


def _record(recorder: Recorder, tool: Any) -> None:
    invoker = tool.on_invoke_tool
    if getattr(invoker, "replay_recorder", None) is recorder:
        return

    async def invoke(context: Any, arguments: str) -> Any:
        name = getattr(context, "tool_name", tool.name)
        call_id = getattr(context, "tool_call_id", None)
        with recorder.tool_call(name, call_id=call_id, arguments=arguments, by=_BY) as call:
            agent = getattr(context, "agent", None)
            call.note(agent=getattr(agent, "name", None))
            result = await invoker(context, arguments)
            error = getattr(get_current_span(), "error", None)
            if error is not None:
                call.failed(str(result), details=(error.get("data") or {}).get("error"))
            else:
                call.returned(result)
            return result

    tool.on_invoke_tool = _like(invoker, invoke)
    tool.on_invoke_tool.replay_recorder = recorder


def _like(invoker: Any, invoke: Any) -> Any:
    """``invoke`` as what ``invoker`` is: the SDK's own invokers carry more than a call."""
    if hasattr(invoker, "__code__") or not hasattr(invoker, "__dict__"):
        return functools.wraps(invoker)(invoke)

    async def call(self: Any, context: Any, arguments: str) -> Any:
        return await invoke(context, arguments)

    recorded = copy.copy(invoker)
    recorded.__class__ = type(
        type(invoker).__name__, (type(invoker),), {"__call__": call, "__slots__": ()}
    )
    return recorded


class _Spans(TracingProcessor):
    """Which agent's span an open span is inside of."""

    def __init__(self) -> None:
        self._agents: dict[str, str] = {}
        self._has_begun = False

    def begin(self) -> None:
        """Watch the SDK's spans from now on."""
        if not self._has_begun:
            self._has_begun = True
            add_trace_processor(self)

    def agent_of(self, span: Any) -> str | None:
        """Return the name of the agent that ``span`` belongs to."""
        return None if span is None else self._agents.get(span.span_id)

    def on_span_start(self, span: Any) -> None:
        """Take note of an agent, and of what is inside of it."""
        is_agent = isinstance(span.span_data, AgentSpanData)
        name = span.span_data.name if is_agent else self._agents.get(span.parent_id or "")
        if name is not None:
            self._agents[span.span_id] = name

    def on_span_end(self, span: Any) -> None:
        """Forget it."""
        self._agents.pop(span.span_id, None)

    def on_trace_start(self, trace: Any) -> None:
        """Nothing to do."""

    def on_trace_end(self, trace: Any) -> None:
        """Nothing to do."""

    def shutdown(self) -> None:
        """Nothing to do."""

    def force_flush(self) -> None:
        """Nothing to do."""


_spans = _Spans()


def _agent_of_span() -> JsonObject:
    name = _spans.agent_of(get_current_span())
    return {} if name is None else {"agent": name}
