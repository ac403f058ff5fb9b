"""LangChain and LangGraph: exact call ids, and calls that never reached their tool.

::

    agent = create_agent(model, tools=[...], middleware=[RecordingMiddleware(recorder)])
    node = ToolNode(tools, **tool_node_options(recorder))       # a graph of your own
    chain.invoke(question, config={"callbacks": [RecordingCallbacks(recorder)]})

The middleware sees every tool call, that of an unknown tool too. Callbacks cannot hold a call: they
say its id to the decorated function that runs next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from replay.recorder.middleware.versions import require
from replay.recorder.recorder import Recorder
from replay.records import Outcome

require("langchain-core")

from langchain_core.callbacks import BaseCallbackHandler  # noqa: E402

try:
    from langchain.agents.middleware import AgentMiddleware as _Base
except ImportError:  # langgraph and langchain-core alone have no agents
    _Base = object

_BY: Final = "langchain"


class RecordingMiddleware(_Base):
    """Middleware for ``create_agent``; the last in the list is nearest to the tools."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Record one tool call, and hand on what came of it."""
        with self._call(request) as call:
            result = handler(request)
            _ended(call, request, result)
            return result

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Record one tool call, and hand on what came of it."""
        with self._call(request) as call:
            result = await handler(request)
            _ended(call, request, result)
            return result

    def _call(self, request: Any) -> Any:
        asked = request.tool_call
        return self._recorder.tool_call(
            asked["name"], call_id=asked.get("id"), arguments=asked.get("args"), by=_BY
        )


def tool_node_options(recorder: Recorder) -> dict[str, Any]:
    """Return what a ``ToolNode`` of langgraph takes to have its calls recorded.

    Raises:
        UnsupportedVersion: the ToolNode of this langgraph-prebuilt takes none.
    """
    require("langgraph-prebuilt")
    hooks = RecordingMiddleware(recorder)
    return {"wrap_tool_call": hooks.wrap_tool_call, "awrap_tool_call": hooks.awrap_tool_call}


def _ended(call: Any, request: Any, result: Any) -> None:
    """Take note of the message that the tool node made: for the model, of whatever happened."""
    content = getattr(result, "content", None)
    if content is None:  # a Command: it changes the graph, and says nothing by itself
        return
    text = content if isinstance(content, str) else None
    if getattr(result, "status", None) != "error":
        call.answered(text)
    elif request.tool is None:
        call.answered(text, outcome=Outcome.UNKNOWN_TOOL)
    else:
        call.failed(text)


class RecordingCallbacks(BaseCallbackHandler):
    """Callbacks that say each tool call's id to the function that is run for it."""

    run_inline = True  # in the task or thread that runs the tool, so that its context is ours

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._journal = recorder._journal

    def on_tool_start(
        self, serialized: dict[str, Any], input_str: str, *args: Any, **known: Any
    ) -> None:
        """Say which call the tool that runs next in this context answers."""
        call_id, name = known.get("tool_call_id"), (serialized or {}).get("name")
        if isinstance(call_id, str) and isinstance(name, str):
            self._journal.announce(name, call_id)
