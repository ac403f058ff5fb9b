"""Where a tool's code is."""

from __future__ import annotations

import inspect
import linecache

from replay.records.source_lines import definition_line
from replay.tools.tool import Tool


def where_is(tool: Tool) -> tuple[str | None, int | None]:
    """Return the file and the line of the tool's ``def``; None where Python knows of none."""
    code = getattr(inspect.unwrap(tool.function), "__code__", None)
    if code is None:
        return None, None
    lines = linecache.getlines(code.co_filename)
    return code.co_filename, definition_line(lines, code.co_firstlineno)
