"""For `benchmarks.masking`: tools whose world holds the planted values, and looks them up.

Today's version, which ``MASKING_TODAY`` asks for, answers some of the calls otherwise.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from replay import Toolbox

toolbox = Toolbox("planted")
FOLDER = Path(os.environ["MASKING_FOLDER"])
IS_TODAY = "MASKING_TODAY" in os.environ

World = dict[str, Any]


@toolbox.world
def world(start: dict[str, Any]) -> World:
    """Return who wrote what, and whom the trace is about: there is no world without him."""
    texts = json.loads((FOLDER / f"{start['batch']}.json").read_text("utf-8"))
    return {"texts": texts, "owner": texts[start["about"]], "read": 0}


@toolbox.state
def state(world: World) -> Any:
    """Return how much was read, and about whom."""
    return {"read": world["read"], "owner": world["owner"]}


@toolbox.tool
def read(text: str, world: World) -> dict[str, Any]:
    """Say what is known of a text."""
    if text not in world["texts"]:
        raise LookupError(f"nobody wrote {text}")
    found = dict(world["texts"][text])
    world["read"] += 1
    if IS_TODAY and found["kind"] == "ssn" and found["number"] % 2:
        raise LookupError("such numbers are no longer read")
    if IS_TODAY and found["kind"] == "ip":
        world["read"] += 1
    if IS_TODAY and found["kind"] in ("card", "jwt"):
        found["sort"] = found.pop("kind")
    return found


@toolbox.tool
def owner(world: World) -> dict[str, Any]:
    """Say whom the conversation is about."""
    return dict(world["owner"])
