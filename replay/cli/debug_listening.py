"""`replay debug --listen`: where an editor attaches, and what to tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from replay.cli import terminal

if TYPE_CHECKING:
    from replay.records import JsonObject, ToolCall
    from replay.replayer.debugging.adapter import Endpoints


def address_of(given: str) -> tuple[str, int]:
    """Return host and port of ``[HOST:]PORT``; this machine only, where no host is named.

    Raises:
        click.UsageError: it is none.
    """
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise click.UsageError(
            f"--listen {given!r} is no place to listen at. Give a port, as 5678, or HOST:PORT."
        )
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def listening(place: tuple[str, int], call: ToolCall) -> Iterator[JsonObject]:
    """Have an editor attach while the block runs, say how; give what the worker is to know of it.

    Raises:
        ReplayError: debugpy is missing, or the port is taken.
        WorkerError: debugpy's adapter did not start.
    """
    from replay.replayer.debugging.adapter import adapter_at

    with adapter_at(*place) as found:
        _say_where(found, call)
        yield {"host": found.server_host, "port": found.server_port}


def _say_where(found: Endpoints, call: ToolCall) -> None:
    configuration = {
        "name": "replay debug",
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": found.host, "port": found.port},
    }
    terminal.say(
        f"Step {call.step_number}, {call.tool}: waiting for an editor at "
        f"{found.host}:{found.port}.\n"
        "It stops at the tool's first line, in the recorded world. Ctrl-C ends it."
    )
    if found.host not in ("127.0.0.1", "::1", "localhost"):
        terminal.say("Whoever reaches this address can run code here as you: mind who can.")
    terminal.say(
        "In VS Code: Run and Debug, with this in .vscode/launch.json under `configurations`:\n"
        + json.dumps(configuration, indent=2)
    )
