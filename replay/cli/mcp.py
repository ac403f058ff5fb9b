"""`replay mcp`: an MCP server over a database, so that coding agents can read and replay traces."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from replay.cli.arguments import database_and, examples
from replay.cli.hidden import reveal_option
from replay.errors import ExitCode, ReplayError

_INSTRUCTIONS = (
    "Recorded runs of LLM agents: what models were asked and answered, what tools were given and "
    "told, and what today's tools would do with the same calls. Begin with list_traces, "
    "search_calls or list_replay_runs; show_trace and show_step give the whole. Steps are numbered "
    "from 1."
)

_TOOLS_OF_COMMANDS = {
    "replay list": "list_traces",
    "replay show": "show_trace",
    "replay runs": "list_replay_runs",
    "replay diff": "show_replay_run",
    "replay run": "replay",
}


@click.command(
    short_help="Serve a database to coding agents, over MCP.",
    epilog=examples(
        "replay mcp traces.db",
        "replay mcp traces.db --allow-replay --tools shop.tools:toolbox",
        "claude mcp add replay -- replay mcp traces.db",
    ),
)
@database_and()
@click.option(
    "--allow-replay",
    is_flag=True,
    help="Also let agents replay traces through today's tools; a replay run is stored.",
)
@click.option(
    "--tools",
    metavar="MODULE:TOOLBOX",
    help="Today's tools, for --allow-replay. Default: `tools` of [tool.replay].",
)
@reveal_option
def mcp(database: Path, allow_replay: bool, tools: str | None, reveal: bool) -> int:
    """Answer a coding agent's questions about recorded traces, on stdin and stdout.

    It only reads: traces, steps, tool calls, replay runs, and SQL over the views. With
    --allow-replay there is one more tool, which replays traces as `replay run` does.
    """
    from replay.store import Store

    if tools and not allow_replay:
        raise click.UsageError("--tools are those that --allow-replay lets run; say both.")
    Store.open(database, mode="r").close()  # what is wrong with it shows now, in words
    server = build_server(database, tools=tools, allow_replay=allow_replay, reveal=reveal)
    server.run()
    return int(ExitCode.OK)


def build_server(
    database: Path,
    *,
    tools: str | None = None,
    allow_replay: bool = False,
    reveal: bool = False,
) -> Any:
    """Return the server, with a tool for each question.

    Raises:
        ReplayError: the MCP SDK is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp.types import ToolAnnotations
    except ImportError as error:
        raise ReplayError(
            f"`replay mcp` needs the MCP SDK, version 2 or newer: {error}.",
            hint="pip install 'replay-sandbox[mcp]'",
        ) from error
    from replay import __version__
    from replay.cli.mcp_tools import reading_tools, replaying_tool

    server = MCPServer("replay", instructions=_INSTRUCTIONS, version=__version__, log_level="ERROR")

    def told(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def answer(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except ReplayError as error:
                raise ToolError(_for_models(str(error))) from error

        return answer

    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for function in reading_tools(database, reveal=reveal):
        server.tool(
            description=inspect.getdoc(function), annotations=reads, structured_output=False
        )(told(function))
    if allow_replay:
        runs = ToolAnnotations(read_only_hint=False, destructive_hint=False)
        function = replaying_tool(database, tools, reveal=reveal)
        server.tool(
            description=inspect.getdoc(function), annotations=runs, structured_output=False
        )(told(function))
    return server


def _for_models(words: str) -> str:
    """Errors tell people which command to run; a model is told of its tools instead."""
    for command, tool in _TOOLS_OF_COMMANDS.items():
        words = words.replace(f"`{command}`", tool)
    return words
