"""How a command line names an MCP server as today's tools: ``mcp:COMMAND`` or ``mcp:URL``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from replay.errors import ToolboxError

PREFIX: Final = "mcp:"
_PORTS: Final = {"http": 80, "https": 443}


def is_mcp(reference: str) -> bool:
    """Return whether tools named so are an MCP server's."""
    return reference.startswith(PREFIX)


def command_of(server: str) -> list[str]:
    """Return the program, with its arguments, that speaks to ``server`` on stdin and stdout.

    Raises:
        ToolboxError: it names nothing, or its quotes do not close.
    """
    if _url(server):
        return [
            sys.executable,
            "-I",
            str(Path(__file__).parent / "tools" / "mcp_bridge.py"),
            server,
        ]
    try:
        words = shlex.split(server)
    except ValueError as error:
        raise ToolboxError(
            f"The command of the MCP server {server!r} cannot be read: {error}.",
            hint="Write it as in a shell: --tools 'mcp:npx -y @scope/server --flag'.",
        ) from error
    if not words:
        raise ToolboxError(
            "`mcp:` names no server.",
            hint="Give its command, --tools 'mcp:python server.py', or its address, "
            "--tools mcp:http://127.0.0.1:8000/mcp.",
        )
    return words


def allowed_for(reference: str) -> tuple[str, ...]:
    """Return what workers must be let do for these tools: start the program, reach the address.

    What the program reaches in turn stays refused, but for what the user allows.
    """
    if not is_mcp(reference):
        return ()
    server = reference.removeprefix(PREFIX)
    try:
        program = f"run:{command_of(server)[0]}"
    except ToolboxError:
        return ()  # told where the tools are loaded
    parts = _url(server)
    if parts is None:
        return (program,)
    port = parts[1] or _PORTS[parts[2]]
    return (program, f"{parts[0]}:{port}")


def _url(server: str) -> tuple[str, int | None, str] | None:
    """Return host, port and scheme of an address; None: it is a command."""
    if not server.startswith(("http://", "https://")):
        return None
    found = urlsplit(server)
    return (found.hostname or "", found.port, found.scheme)
