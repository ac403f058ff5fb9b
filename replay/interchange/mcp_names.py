"""Names under which command-line agents show the tools of MCP servers: ``mcp__server__tool``."""

from __future__ import annotations

import re
from typing import Final

_OF_A_SERVER: Final = re.compile(r"[^_](?:.*?[^_])?__([^_].*)", re.DOTALL)
_NAME: Final = re.compile(r"mcp__(.+?)__(.+)", re.DOTALL)


def own_name(shown: str) -> str:
    """Return the name that the server itself gives a tool, of the name that a model was shown."""
    found = _NAME.fullmatch(shown)
    return found[2] if found else shown


def own_name_of_server(shown: str) -> str:
    """Return the same of a name that may also be ``server__tool``."""
    found = _OF_A_SERVER.fullmatch(shown)
    return found[1] if found and own_name(shown) == shown else own_name(shown)
