"""Toolboxes from tools that exist already, as frameworks know them.

Nothing here imports a framework: a tool is known by what it has. Its schema is the framework's own,
byte for byte what models are shown, and the framework's own code validates and runs it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from replay.errors import ToolboxError
from replay.records import JsonObject

if TYPE_CHECKING:
    from replay.tools.tool import Tool


class Adopting:
    """What a `Toolbox` can be made from, besides functions with ``@toolbox.tool``."""

    add: Callable[..., Tool]

    if TYPE_CHECKING:

        def __init__(self, name: str = "tools", *, strict: bool = True) -> None: ...

    @classmethod
    def from_functions(
        cls, functions: Iterable[Callable[..., Any]], *, name: str = "tools", strict: bool = True
    ) -> Self:
        """Return a toolbox of plain functions: each is added as ``toolbox.add(function)`` does.

        Raises:
            ToolboxError: one of them cannot be described, or two have one name.
        """
        toolbox = cls(name, strict=strict)
        for function in functions:
            toolbox.add(function)
        return toolbox

    @classmethod
    def from_langchain(cls, tools: Iterable[Any], *, name: str = "tools") -> Self:
        """Return a toolbox of LangChain tools (``@tool``, ``StructuredTool``, ``BaseTool``).

        Raises:
            ToolboxError: one of them is no LangChain tool.
        """
        from replay.tools.adopted.langchain import add_langchain

        return cls._of(tools, add_langchain, name)

    @classmethod
    def from_openai_agents(
        cls, tools: Iterable[Any], *, name: str = "tools", context: Any = None
    ) -> Self:
        """Return a toolbox of the OpenAI Agents SDK's function tools (``@function_tool``).

        ``context``: what their ``RunContextWrapper`` holds; a function of no arguments makes one
        for each call.

        Raises:
            ToolboxError: one of them is no function tool.
        """
        from replay.tools.adopted.openai_agents import adder

        return cls._of(tools, adder(context), name)

    @classmethod
    def from_pydantic_ai(cls, tools: Any, *, name: str = "tools", deps: Any = None) -> Self:
        """Return a toolbox of pydantic-ai's tools: a ``FunctionToolset``, an ``Agent``, or tools.

        ``deps``: what their ``RunContext`` holds; a function of no arguments makes it each time.

        Raises:
            ToolboxError: there are no function tools in it.
        """
        from replay.tools.adopted.pydantic_ai import adder, tools_in

        return cls._of(tools_in(tools), adder(deps), name)

    @classmethod
    def from_mcp(
        cls,
        server: str,
        *,
        name: str | None = None,
        environment: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> Self:
        """Return the tools of an MCP server, by its command or its address.

        The server is started for each session (``toolbox.session()``), in a replay for each trace.
        ``environment``: more variables for it; ``prefix``: put before every tool's name.

        Raises:
            ToolboxError: the server cannot be started, does not answer, or lists no tools.
        """
        from replay.tools.mcp import toolbox_from_mcp

        made: Any = toolbox_from_mcp(server, name=name, environment=environment, prefix=prefix)
        return made  # type: ignore[no-any-return]  # a toolbox of its own kind

    @classmethod
    def _of(cls, tools: Iterable[Any], add: Callable[[Any, Any], None], name: str) -> Self:
        toolbox = cls(name, strict=False)
        for tool in tools:
            add(toolbox, tool)
        return toolbox


def unfit(tool: Any, wanted: str, maker: str) -> ToolboxError:
    """Return the error that ``tool`` is not what ``maker`` makes a toolbox of."""
    return ToolboxError(
        f"{maker} takes {wanted}; this is of type {type(tool).__name__}: {tool!r:.80}",
        hint="Plain functions go into Toolbox.from_functions([...]).",
    )


def made(value: Any) -> Any:
    """Return what ``value`` stands for: itself, or what it makes when it is a plain function."""
    return value() if inspect.isfunction(value) else value


def as_text(arguments: JsonObject) -> str:
    """Return arguments as the text that a model would have written."""
    return json.dumps(arguments, ensure_ascii=False)
