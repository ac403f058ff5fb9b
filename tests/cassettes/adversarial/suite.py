"""All tools of the suite by group, as functions with names, and as a toolbox."""

from __future__ import annotations

import inspect
from typing import Any

from tests.cassettes.adversarial import (
    clock_tools,
    code_tools,
    deadlock_tools,
    entropy_tools,
    native_tools,
    place_tools,
    state_tools,
    thread_tools,
)

GROUPS: dict[str, dict[str, Any]] = {
    "clock": clock_tools.TOOLS,
    "entropy": entropy_tools.TOOLS,
    "hash": place_tools.HASH,
    "identity": place_tools.IDENTITY,
    "place": place_tools.PLACE,
    "order": place_tools.ORDER,
    "threads": thread_tools.TOOLS,
    "deadlock": deadlock_tools.TOOLS,
    "code": code_tools.TOOLS,
    "state": state_tools.TOOLS,
    "native": native_tools.HELD,
    "labelled": native_tools.LABELLED,
}


def named_tools() -> list[tuple[str, Any]]:
    """Return every tool with its name, in the order in which a trace calls them."""
    return [
        (f"{group}_{name}", function)
        for group, tools in GROUPS.items()
        for name, function in tools.items()
    ]


def _as_tool(name: str, function: Any) -> Any:
    if inspect.iscoroutinefunction(function):

        async def tool() -> Any:
            return await function()
    else:

        def tool() -> Any:
            return function()

    tool.__name__ = tool.__qualname__ = name
    tool.__doc__ = f"Show {name}."
    return tool


def _toolbox() -> Any:
    from replay.tools import Toolbox

    made = Toolbox("adversarial")
    for name, function in named_tools():
        made.add(_as_tool(name, function))
    return made


def __getattr__(name: str) -> Any:
    if name == "toolbox":
        return _toolbox()
    raise AttributeError(name)
