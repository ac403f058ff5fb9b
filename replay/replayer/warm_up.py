"""Practice for a worker before it forks: what is done once here is not done in every fork.

Python specializes code as it runs, builds validators and looks up modules when they are first
needed. In a fork all of that would be lost with it, and every page it writes to would be copied.
"""

from __future__ import annotations

import os
from typing import Any

from replay.records import CallResult, JsonObject
from replay.replayer.channel import Channel
from replay.replayer.jobs import CallOrder
from replay.replayer.runner import TraceRunner
from replay.tools.toolbox import Toolbox

_CALL_COUNT = 24


def warm_up(toolbox: Toolbox) -> None:
    """Build what ``toolbox`` builds on first use, and run a small trace of our own."""
    CallResult.model_rebuild()
    for tool in toolbox.all_versions():
        _ = tool.signature
    practice = Toolbox("practice")
    practice.add(_plain)
    practice.add(_awaiting)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        channel = Channel(nowhere, nowhere)
        channel.output = nowhere
        TraceRunner(practice, channel).run(_job())
    finally:
        os.close(nowhere)


def _plain(text: str, number: int = 1) -> dict[str, Any]:
    return {"text": text, "number": number}


async def _awaiting(text: str) -> str:
    return text


def _job() -> JsonObject:
    tools = ["_plain", "_plain", "_plain", "_awaiting", "unknown"]
    names = [tools[index % len(tools)] for index in range(_CALL_COUNT)]
    groups = [[_order(f"practice#{index}", name)] for index, name in enumerate(names)]
    return {
        "t": "job",
        "n": 0,
        "trace_id": "practice",
        "start": None,
        "at": 0.0,
        "groups": groups,
        "world": None,
        "kept": None,
        "snapshots": [],
        "folder": None,
        "shows_state": False,
        "shows_start_state": False,
        "states_of": [],
        "tells_world": False,
        "redacts": False,
        "keyed_states": None,
        "skip": [],
        "reported": [],
        "one_by_one": False,
    }


def _order(call_id: str, tool: str) -> JsonObject:
    call = {
        "id": call_id,
        "tool": tool,
        "arguments": '{"text":"x"}',
        "outcome": "ok",
        "response": "x",
    }
    order = CallOrder(call, at=0.0)
    return order.message(None)
