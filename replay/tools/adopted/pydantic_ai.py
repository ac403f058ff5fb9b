"""pydantic-ai's function tools, of a toolset, an agent, or as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from replay.tools.adopting import made, unfit


def tools_in(given: Any) -> list[Any]:
    """Return the function tools of a toolset, of an agent's own toolsets, or of a list."""
    if hasattr(given, "tools") and isinstance(given.tools, dict):
        return list(given.tools.values())
    if hasattr(given, "toolsets"):
        return [
            tool
            for toolset in given.toolsets
            if isinstance(getattr(toolset, "tools", None), dict)
            for tool in toolset.tools.values()
        ]
    if not isinstance(given, Iterable):
        raise unfit(given, "a FunctionToolset, an Agent or tools", "Toolbox.from_pydantic_ai")
    return list(given)


def adder(deps: Any) -> Callable[[Any, Any], None]:
    """Return what adds one tool, whose run context holds ``deps``."""

    def add(toolbox: Any, tool: Any) -> None:
        if not (hasattr(tool, "function_schema") and hasattr(tool, "name")):
            raise unfit(tool, "tools of pydantic-ai", "Toolbox.from_pydantic_ai")
        if not tool.takes_ctx and not hasattr(tool.function_schema, "validator"):
            raise unfit(tool, "function tools", "Toolbox.from_pydantic_ai")
        toolbox.add(
            _runner(tool, deps),
            name=tool.name,
            description=tool.description or "",
            schema=dict(tool.function_schema.json_schema),
        )

    return add


def _runner(tool: Any, deps: Any) -> Any:
    async def run(**arguments: Any) -> Any:
        schema = tool.function_schema
        payload = schema.validator.validate_python(arguments)
        return await schema.call(payload, _context(tool, deps))

    run.__wrapped__ = tool.function  # type: ignore[attr-defined]  # where its code is
    return run


def _context(tool: Any, deps: Any) -> Any:
    if not tool.takes_ctx:
        return None
    from pydantic_ai import RunContext, RunUsage  # type: ignore[import-not-found,unused-ignore]
    from pydantic_ai.models.test import TestModel  # type: ignore[import-not-found,unused-ignore]

    return RunContext(deps=made(deps), model=TestModel(), usage=RunUsage(), tool_name=tool.name)
