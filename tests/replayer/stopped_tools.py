"""Tools that somebody stops in."""

from __future__ import annotations

import asyncio
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("stopped")


@toolbox.world
def world() -> dict[str, Any]:
    return {"steps": []}


@toolbox.tool
def note(text: str, world: dict[str, Any]) -> list[str]:
    """Note a text."""
    world["steps"].append(text)
    return list(world["steps"])


@toolbox.tool(timeout_ms=50)
async def wait(seconds: float, world: dict[str, Any]) -> float:
    """Wait, for as long as its deadline lets it."""
    await asyncio.sleep(0)
    return seconds / len(world["steps"])


@toolbox.tool
def spin() -> int:
    """Go on for ever."""
    print("It turns", flush=True)
    turns = 0
    while turns >= 0:
        turns += 1
    return turns


@toolbox.tool(version="2")
def remind(words: str, times: int = 2) -> dict[str, Any]:
    """Remind of something."""
    return {"words": words, "times": times}


@toolbox.translate("remind", None, "2")
def _of_no_version(old: dict[str, Any]) -> dict[str, Any]:
    return {"words": old["text"], "times": 2}
