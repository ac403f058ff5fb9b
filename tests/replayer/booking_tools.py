"""Tools that ask and change something outside; ``FORGETS`` names what they no longer do."""

from __future__ import annotations

import os
from typing import Any

import httpx

from replay.tools import Toolbox

toolbox = Toolbox("booking")
URL = "http://hotel.example.com"

_client = httpx.Client(trust_env=False)


@toolbox.tool
def price(room: int) -> Any:
    return _client.get(f"{URL}/rooms/{room}").json()


@toolbox.tool
async def book(room: int) -> Any:
    if os.environ.get("FORGETS") != "book":
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{URL}/bookings", json={"room": room})
    return {"booked": room}
