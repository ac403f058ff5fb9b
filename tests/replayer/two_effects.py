"""Tools that answer "ok" whatever they leave behind; ``LOSES`` names those that lose it."""

from __future__ import annotations

import os
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("notes")
LOSES = os.environ.get("LOSES", "").split()


@toolbox.world
def world() -> dict[str, Any]:
    return {"notes": [], "bookings": []}


@toolbox.state
def state(world: dict[str, Any]) -> dict[str, Any]:
    return world


@toolbox.tool
def note(text: str, world: dict[str, Any]) -> str:
    if "note" not in LOSES:
        world["notes"].append(text)
    return "ok"


@toolbox.tool
def book(name: str, world: dict[str, Any]) -> str:
    world["bookings"].append("nobody" if "book" in LOSES else name)
    return "ok"


@toolbox.tool
def find(world: dict[str, Any]) -> str:
    return "ok"
