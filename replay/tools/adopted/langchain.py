"""LangChain's tools: ``BaseTool`` and what ``@tool`` makes."""

from __future__ import annotations

from typing import Any

from replay.records import JsonObject
from replay.tools.adopting import unfit


def add_langchain(toolbox: Any, tool: Any) -> None:
    """Add one LangChain tool: it validates its own arguments, as in production."""
    if not (hasattr(tool, "invoke") and hasattr(tool, "get_input_schema") and tool.name):
        raise unfit(tool, "LangChain tools", "Toolbox.from_langchain")
    toolbox.add(
        _runner(tool),
        name=tool.name,
        description=tool.description or "",
        schema=_schema(tool),
    )


def _schema(tool: Any) -> JsonObject:
    """Return the schema that LangChain shows models: injected arguments are not in it."""
    shown = getattr(tool, "tool_call_schema", None)
    schema: Any = shown if isinstance(shown, dict) else None
    if schema is None:
        schema = (shown or tool.get_input_schema()).model_json_schema()
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _runner(tool: Any) -> Any:
    function = getattr(tool, "func", None)
    coroutine = getattr(tool, "coroutine", None)
    if function is None and coroutine is not None:

        async def run_async(**arguments: Any) -> Any:
            return await tool.ainvoke(arguments)

        run_async.__wrapped__ = coroutine  # type: ignore[attr-defined]  # where its code is
        return run_async

    def run(**arguments: Any) -> Any:
        return tool.invoke(arguments)

    if function is not None:
        run.__wrapped__ = function  # type: ignore[attr-defined]  # as above
    return run
