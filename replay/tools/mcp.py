"""An MCP server's tools as a toolbox: production's calls, run against the server of today.

A server is started for each trace and ended with it, so what it keeps in memory never leaks from
one conversation into the next. It is a process of its own: its network is closed as its worker's
is, its clock is the real one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from replay.errors import ToolboxError
from replay.mcp_reference import command_of
from replay.records import Actor, JsonObject, JsonValue
from replay.tools.current import current_call
from replay.tools.error_text import CallFailure, default_error_text
from replay.tools.mcp_session import McpRefused, McpServerGone, McpSession
from replay.tools.tool import Tool
from replay.tools.toolbox import Toolbox

_CLIENTS_NAME: Final = re.compile(r"^mcp__[^_].*?__(?P<tool>.+)$")
"""How agents on the command line name a server's tools: ``mcp__github__create_issue``."""


class McpToolError(Exception):
    """A tool's own failure (``isError``): its text is what the model was told."""


class McpToolbox(Toolbox):
    """A toolbox whose tools a server runs. Made by `Toolbox.from_mcp`."""

    def find(self, name: str, actor: Actor = "assistant") -> Tool | None:
        """Return the tool that runs for ``name``, the server's name before it or not; or None."""
        return super().find(name, actor) or super().find(bare_name(name), actor)

    def versions(self, name: str, actor: Actor = "assistant") -> dict[str | None, Tool]:
        """Return the versions of ``name``, also with the server's name before it."""
        return super().versions(name, actor) or super().versions(bare_name(name), actor)


def bare_name(name: str) -> str:
    """Return a tool's own name: ``create_issue`` of ``mcp__github__create_issue``."""
    found = _CLIENTS_NAME.match(name)
    return found["tool"] if found else name


def toolbox_from_mcp(
    server: str,
    *,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
    prefix: str = "",
) -> McpToolbox:
    """Return the tools of an MCP server as a toolbox.

    Args:
        server: Its command as in a shell (``npx -y @scope/server``), or its address.
        name: The toolbox's name; None: what the server calls itself.
        environment: More variables for the server.
        prefix: Put before every tool's name, as the agent did.

    Raises:
        ToolboxError: the server cannot be started, does not answer, or lists no tools.
    """
    command = command_of(server)
    try:
        session = McpSession(command, environment)
        try:
            tools, about = session.tools(), session.about
        finally:
            session.close()
    except (McpServerGone, McpRefused) as error:
        raise ToolboxError(
            f"The MCP server {server!r} gives no tools: {error}",
            hint="Is the server running there, and is this the address of its MCP endpoint?"
            if server.startswith(("http://", "https://"))
            else "Run the command by hand: it should wait for messages on stdin. Variables are "
            "handed to it with --env NAME, programs that it starts are its own.",
        ) from error
    server_info = about.get("serverInfo") or {}
    toolbox = McpToolbox(name or server_info.get("name") or "mcp", strict=False)
    toolbox.error_text_hook = _error_text
    toolbox.encode_hook = _text_of

    def world() -> Iterator[McpSession]:
        opened = McpSession(command, environment)
        try:
            yield opened
        finally:
            opened.close()

    toolbox.world(inject_as="mcp_session")(world)
    for told in tools:
        _add(toolbox, told, prefix)
    return toolbox


def _add(toolbox: McpToolbox, told: JsonObject, prefix: str) -> None:
    schema = told.get("inputSchema") or {"type": "object"}
    toolbox.add(
        _caller(str(told["name"])),
        name=prefix + str(told["name"]),
        description=told.get("description") or "",
        schema={"name": prefix + str(told["name"]), "inputSchema": schema},
    )


def _caller(tool: str) -> Callable[..., Any]:
    def call(mcp_session: McpSession, **arguments: Any) -> JsonObject:
        here = current_call()
        meta = {"replay/request_id": here.request_id} if here is not None else None
        result = mcp_session.call(tool, arguments, meta)
        if result.get("isError"):
            raise McpToolError(_text_of(result))
        return result

    call.__name__ = tool
    return call


def _text_of(result: JsonValue) -> str:
    """Return a result as models are told it: its texts, else its structure, else all of it."""
    if not isinstance(result, dict):
        return json.dumps(result, ensure_ascii=False)
    content = result.get("content") or []
    texts = [part.get("text") for part in content if part.get("type") == "text"]
    if texts and len(texts) == len(content):
        return "\n".join(str(text) for text in texts)
    if not content and result.get("structuredContent") is not None:
        return json.dumps(result["structuredContent"], ensure_ascii=False)
    return json.dumps(content, ensure_ascii=False)


def _error_text(failure: CallFailure) -> str:
    if isinstance(failure.error, McpToolError | McpRefused):
        return str(failure.error)
    return default_error_text(failure)
