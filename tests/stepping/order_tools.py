"""Tools that change a world: orders that are placed, sent, and sometimes lost."""

from __future__ import annotations

from typing import Any

from replay import Toolbox

toolbox = Toolbox("orders")


@toolbox.world
def world() -> dict[str, Any]:
    return {"orders": {"W1": {"status": "open", "items": ["tea"]}}, "log": [], "paid": 0}


@toolbox.state
def state(world: dict[str, Any]) -> dict[str, Any]:
    return world


@toolbox.tool
def place(world: dict[str, Any], order: str, items: list[str]) -> dict[str, Any]:
    """Place an order."""
    world["orders"][order] = {"status": "open", "items": items}
    world["log"].append(f"placed {order}")
    return {"order": order, "status": "open", "total": 10.5 * len(items)}


@toolbox.tool
def move(world: dict[str, Any], order: str, status: str) -> dict[str, Any]:
    """Give an order another status."""
    if order not in world["orders"]:
        raise KeyError(order)
    world["orders"][order]["status"] = status
    world["log"].append(f"moved {order}")
    return {"order": order, "status": status}


@toolbox.tool
def drop(world: dict[str, Any], order: str) -> str:
    """Take an order out, and the first words of the log."""
    del world["orders"][order]
    world["log"] = world["log"][2:]
    return "dropped"


@toolbox.tool
def look(world: dict[str, Any], order: str) -> dict[str, Any]:
    """Look at an order."""
    return {"order": order, **world["orders"].get(order, {})}
