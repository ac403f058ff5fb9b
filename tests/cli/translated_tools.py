"""Tools whose translations are right, and others that each do one thing wrong."""

from __future__ import annotations

import os
import random
import time
from typing import Any

from replay.tools import Toolbox

right = Toolbox("right")


@right.tool(name="create_event", version="1")
def create_event_1(title: str, start: str, timezone: str = "UTC") -> str:
    """Put an event in the calendar."""
    return title


@right.tool(version="2")
def create_event(title: str, starts_at: str, minutes: int = 30) -> str:
    """Put an event in the calendar."""
    return title


@right.translate("create_event", "1", "2", drops=["timezone"])
def forth(old: dict[str, Any]) -> dict[str, Any]:
    old.pop("timezone", None)
    old["starts_at"] = old.pop("start")
    return old


@right.translate("create_event", "2", "1")
def back(new: dict[str, Any]) -> dict[str, Any]:
    return {"title": new["title"], "start": new["starts_at"]}


@right.translate_result("create_event", "1", "2")
def result(old: Any) -> Any:
    return {"name": old["title"]}


dated = Toolbox("dated")


@dated.tool(version="2")
def today() -> str:
    """Say what day it is."""
    return "today"


@dated.translate_result("today", "1", "2")
def dated_result(old: Any) -> Any:
    return f"{old} {time.time():.0f}"


wrong = Toolbox("wrong")
SEEN: list[str] = []


def _tool(version: str) -> None:
    @wrong.tool(name="note", version=version)
    def note(text: str, tags: list[str], place: str = "here") -> str:
        """Keep a note."""
        return text


for _version in ("loses", "raises", "list", "invalid", "clock", "draws", "env", "counts", "dies"):
    _tool(_version)
_tool("now")


@wrong.translate("note", "loses", "now")
def loses(old: dict[str, Any]) -> dict[str, Any]:
    return {"text": old["text"], "tags": old["tags"][:1]}


@wrong.translate("note", "raises", "now")
def raises(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "place": old["where"]}


@wrong.translate("note", "list", "now")
def listed(old: dict[str, Any]) -> Any:
    return list(old.items())


@wrong.translate("note", "invalid", "now")
def invalid(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "tags": ",".join(old["tags"])}


@wrong.translate("note", "clock", "now")
def clock(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "text": f"{old['text']} {time.time():.0f}"}


@wrong.translate("note", "draws", "now")
def draws(old: dict[str, Any]) -> dict[str, Any]:
    random.random()
    return old


@wrong.translate("note", "env", "now")
def env(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "text": old["text"] + os.environ.get("HOME", "")}


@wrong.translate("note", "counts", "now")
def counts(old: dict[str, Any]) -> dict[str, Any]:
    SEEN.append("x")
    return {**old, "text": f"{old['text']} {len(SEEN)}"}


@wrong.translate("note", "dies", "now")
def dies(old: dict[str, Any]) -> dict[str, Any]:
    os._exit(3)


@wrong.translate("note", "old", "older")
def nowhere(old: dict[str, Any]) -> dict[str, Any]:
    return old
