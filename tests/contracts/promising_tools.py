"""Tools that promise, half of which do not keep it; ``PROMISES`` says which."""

from __future__ import annotations

import time
import urllib.request
from typing import Any

from replay.tools import READ, Contract, Toolbox, current_call

toolbox = Toolbox("promises")
API = "http://127.0.0.1:9"


@toolbox.world
def world() -> dict[str, Any]:
    return {"paid": {}, "log": []}


@toolbox.state
def state(world: dict[str, Any]) -> dict[str, Any]:
    return world


@toolbox.tool(contract=Contract(idempotent=True))
def pay_once(amount: int, world: dict[str, Any]) -> int:
    call = current_call()
    assert call is not None
    world["paid"].setdefault(call.request_id, amount)
    return sum(world["paid"].values())


@toolbox.tool(idempotent=True)
def pay(amount: int, world: dict[str, Any]) -> str:
    world["log"].append(amount)
    return "paid"


@toolbox.tool(contract=Contract(idempotent=True))
def count_calls(world: dict[str, Any]) -> int:
    world["log"].append("called")
    return len(world["log"])


def _post(path: str, **headers: str) -> str:
    asked = urllib.request.Request(f"{API}{path}", b"{}", headers, method="POST")
    with urllib.request.urlopen(asked) as answer:
        return str(answer.read().decode())


@toolbox.tool(contract=Contract(idempotent=True))
def notify() -> str:
    return _post("/notes")


@toolbox.tool(contract=Contract(idempotent=True))
def notify_with_key() -> str:
    call = current_call()
    assert call is not None
    return _post("/keyed", **{"Idempotency-Key": call.request_id})


@toolbox.tool(contract=Contract(deterministic=True))
def moment() -> dict[str, Any]:
    return {"at": time.time(), "zone": "UTC"}


@toolbox.tool(contract=Contract(deterministic=True))
def steady(number: int) -> int:
    return number + 1


@toolbox.tool(contract=Contract(budget_ms=50))
def slow() -> str:
    time.sleep(0.2)  # virtual in a replay, and counted
    return "done"


@toolbox.tool(contract=Contract(budget_ms=60_000))
def quick() -> str:
    return "done"


@toolbox.tool(contract=Contract(keeps=["status", "items[*].id", "total"]))
def get_order(order_id: str) -> dict[str, Any]:
    return {"status": "sent", "items": [{"sku": "tea"}]}


@toolbox.tool(contract=Contract(keeps=READ))
def find_customer(name: str) -> dict[str, Any]:
    return {"customer": {"number": "C-7781"}, "city": "Lisbon"}


@toolbox.tool(contract=Contract())
def sizes() -> list[int]:
    return ["small"]  # type: ignore[list-item]  # the broken promise


@toolbox.tool(contract=Contract(deterministic=True))
def never_called() -> str:
    return ""


@toolbox.tool
def promises_nothing(customer_id: str) -> str:
    return customer_id
