"""The shop, with an order that takes one more than asked."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("shop")


@toolbox.world
def world() -> dict[str, Any]:
    return {"stock": {"tea": 10, "cup": 5}, "orders": []}


@toolbox.state
def state(world: dict[str, Any]) -> dict[str, Any]:
    return world


@toolbox.tool
def look_up(item: str, world: dict[str, Any]) -> dict[str, Any]:
    return {"item": item, "left": world["stock"][item]}


@toolbox.tool
def order(item: str, count: int, world: dict[str, Any]) -> dict[str, Any]:
    world["stock"][item] -= count + 1
    world["orders"].append(item)
    return {"order": len(world["orders"]), "item": item}


@toolbox.tool
async def pack(item: str, seconds: int, world: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(seconds)
    world["orders"].append(f"packed {item}")
    return {"place": len(world["orders"]), "at": datetime.now().isoformat(timespec="seconds")}


@toolbox.tool(actor="user")
def restock(item: str, count: int, world: dict[str, Any]) -> str:
    world["stock"][item] += count
    return "ok"
