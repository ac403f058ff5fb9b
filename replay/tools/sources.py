"""Where a tool's code is."""

from __future__ import annotations

import inspect

from replay.tools.tool import Tool


def where_is(tool: Tool) -> tuple[str | None, int | None]:
    """Return the file and the line of the tool's function; None where Python knows of none."""
    code = getattr(inspect.unwrap(tool.function), "__code__", None)
    if code is None:
        return None, None
    return code.co_filename, code.co_firstlineno
