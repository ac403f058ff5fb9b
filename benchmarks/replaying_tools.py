"""The toolbox that `replaying.py` replays: one tool that does nothing, one that asks outside."""

from __future__ import annotations

from typing import Any, Literal

import httpx

from replay.tools import Toolbox

toolbox = Toolbox("benchmark")
URL = "http://api.example.com/rates"


@toolbox.world
def world() -> dict[str, Any]:
    return {}


@toolbox.tool
def noop(city: str, days: int = 1, unit: Literal["c", "f"] = "c") -> dict[str, Any]:
    return {"city": city, "days": days, "unit": unit}


_client = httpx.Client(trust_env=False, verify=False)


@toolbox.tool
def ask(number: int) -> Any:
    return _client.get(f"{URL}/{number}").json()
