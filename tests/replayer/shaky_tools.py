"""Tools whose answers depend on one thing each, and some that no replay can hold."""

from __future__ import annotations

import ctypes
import datetime
import os
import random
import time
import uuid
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("shaky")


class Thing:
    """Has no hash of its own."""


@toolbox.tool
def add(one: int = 1, two: int = 2) -> int:
    return one + two


@toolbox.tool
def new_order() -> dict[str, Any]:
    return {"order": {"id": str(uuid.uuid4()), "lines": [{"sku": "tea"}]}, "state": "open"}


@toolbox.tool
def roll() -> int:
    return random.randint(1, 10**9)


@toolbox.tool
def stamp() -> dict[str, Any]:
    return {"at": datetime.datetime.now(datetime.UTC).isoformat(), "kind": "stamp"}


@toolbox.tool
def here_and_now() -> str:
    return time.strftime("%H:%M %Z", time.localtime(0))


@toolbox.tool
def tags() -> list[str]:
    return list({"blue", "red", "green", "white", "black"})


@toolbox.tool
def home() -> str | None:
    return os.environ.get("HOME")


@toolbox.tool
def beside() -> str:
    return os.path.basename(os.getcwd())


@toolbox.tool
def address() -> str:
    return hex(id(Thing()))


@toolbox.tool
def real_time() -> dict[str, Any]:
    libc = ctypes.CDLL(None)
    moment = (ctypes.c_long * 2)()
    libc.clock_gettime(0, moment)
    return {"at": {"ns": moment[1]}, "kind": "real"}


@toolbox.tool
def took() -> dict[str, float]:
    began_s = time.perf_counter()
    return {"took_ms": round((time.perf_counter() - began_s) * 1000, 2)}
