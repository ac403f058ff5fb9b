"""The OpenAI Agents SDK's function tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replay.tools.adopting import as_text, made, unfit
from replay.tools.current import current_call


def adder(context: Any) -> Callable[[Any, Any], None]:
    """Return what adds one function tool, whose run context holds ``context``."""

    def add(toolbox: Any, tool: Any) -> None:
        if not (hasattr(tool, "on_invoke_tool") and hasattr(tool, "params_json_schema")):
            wanted = "function tools (@function_tool)"
            raise unfit(tool, wanted, "Toolbox.from_openai_agents")
        toolbox.add(
            _runner(tool, context),
            name=tool.name,
            description=tool.description or "",
            schema=dict(tool.params_json_schema),
        )

    return add


def _runner(tool: Any, context: Any) -> Any:
    async def run(**arguments: Any) -> Any:
        from agents.tool_context import ToolContext  # type: ignore[import-not-found,unused-ignore]

        here = current_call()
        text = as_text(arguments)
        given = ToolContext(
            context=made(context),
            tool_name=tool.name,
            tool_call_id=here.request_id if here is not None else tool.name,
            tool_arguments=text,
        )
        return await tool.on_invoke_tool(given, text)

    return run
