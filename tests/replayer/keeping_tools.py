"""Tools that draw, and that keep things in their module and in their world."""

from __future__ import annotations

import os
import threading
import uuid
from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("keeping")
seen: list[str] = []


class Unportable(dict[str, Any]):
    """A world that no pickle holds."""

    def __reduce__(self) -> Any:
        raise TypeError("this world stays here")


@toolbox.world
def world() -> dict[str, Any]:
    return Unportable() if os.environ.get("UNPORTABLE") else {}


@toolbox.tool
def note(text: str, world: dict[str, Any]) -> dict[str, Any]:
    seen.append(text)
    world.setdefault("notes", []).append(text)
    return {"module": seen, "world": world["notes"]}


@toolbox.tool
async def note_in_loop(text: str, world: dict[str, Any]) -> dict[str, Any]:
    return note(text, world)


@toolbox.tool
def break_off() -> None:
    os._exit(9)


def order_id() -> str:
    return str(uuid.uuid4())


@toolbox.tool
def order(item: str) -> dict[str, str]:
    return {"item": item, "id": order_id()}


@toolbox.tool
def order_of_today(item: str) -> dict[str, str]:
    trace = uuid.uuid4().hex
    return {"item": item, "id": order_id()} | ({"trace": trace} if item == "new" else {})


@toolbox.tool
def log_in(item: str) -> dict[str, str]:
    return {"item": item, "session_token": str(uuid.uuid4()), "api_key": uuid.uuid4().hex}


if os.environ.get("THREAD_AT_IMPORT"):
    threading.Thread(target=threading.Event().wait, daemon=True, name="heart").start()
