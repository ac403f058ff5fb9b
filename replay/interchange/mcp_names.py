"""Names under which command-line agents show the tools of MCP servers: ``mcp__server__tool``."""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"mcp__(.+?)__(.+)", re.DOTALL)


def own_name(shown: str) -> str:
    """Return the name that the server itself gives a tool, of the name that a model was shown."""
    found = _NAME.fullmatch(shown)
    return found[2] if found else shown
