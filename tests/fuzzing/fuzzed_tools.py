"""Tools with one planted weakness each, and some without."""

from __future__ import annotations

import os
import urllib.request
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from replay.tools import Refused, Toolbox

toolbox = Toolbox("fuzzed")

STOCK = {"tea": 3, "cup": 5}


class NoSuchItem(LookupError):
    """Declared through the class that it is derived from."""


@toolbox.world
def world(start: dict[str, Any]) -> dict[str, Any]:
    return dict(start)


def _count(world: dict[str, int], item: str) -> int:
    return world[item]


@toolbox.tool
def left(item: str, world: dict[str, Any]) -> int:
    return _count(world, item)


@toolbox.tool(raises=[LookupError])
def left_declared(item: str) -> int:
    if item not in STOCK:
        raise NoSuchItem(item)
    return STOCK[item]


@toolbox.tool
def left_refused(item: str, unit: Literal["piece", "box"] = "piece") -> str:
    if item not in STOCK:
        raise Refused(f"We do not sell {item!r}.")
    return f"{STOCK[item]} {unit}"


@toolbox.tool(strict=False)
def lax(count: Annotated[int, Field(ge=0, le=10)]) -> int:
    return count


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number


@toolbox.tool
def pairs(count: Annotated[int, AfterValidator(_even)]) -> int:
    return count // 2


@toolbox.tool
def on(day: date) -> str:
    return day.isoformat()


@toolbox.tool
def greeting(name: str) -> int:
    return len(name.encode())


@toolbox.tool
def dies(text: str) -> str:
    if len(text) > 200:
        os._exit(3)
    return text


@toolbox.tool
def rate(currency: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:9/rates?{len(currency)}") as answer:
        return str(answer.read())


def _raises_type_error(text: str) -> str:
    return text + 1  # type: ignore[operator]  # the weakness


@toolbox.tool
def checked_badly(text: Annotated[str, AfterValidator(_raises_type_error)]) -> str:
    return text


PING = {
    "name": "ping",
    "parameters": {
        "type": "object",
        "properties": {"host": {"type": "string", "maxLength": 20}},
        "required": ["host"],
    },
}


def ping(host: Any) -> str:
    return f"pong from {host}"


toolbox.add(ping, schema=PING)
toolbox.add(ping, schema=PING, name="gated_ping", validation="gate")


@toolbox.tool(replay="refuse")
def launches() -> str:
    raise RuntimeError


@toolbox.tool
def hangs(count: Annotated[int, Field(ge=1, le=10)]) -> int:
    while count == 10:
        pass
    return count
