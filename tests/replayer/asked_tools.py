"""Tools that are asked about and never run; some of their validators misbehave."""

from __future__ import annotations

import os
import time
from typing import Annotated

from pydantic import AfterValidator

from replay.tools import Toolbox

toolbox = Toolbox("asked")


@toolbox.tool(version="1")
def create_event(title: str, start: str) -> dict[str, str]:
    """Put an event in the calendar."""
    raise AssertionError("a question runs no tool")


@toolbox.tool(name="create_event", version="2")
def create_event_2(title: str, starts_at: str, minutes: int = 30) -> dict[str, str]:
    """Put an event in the calendar."""
    raise AssertionError("a question runs no tool")


@toolbox.translate("create_event", "1", "2")
def _renamed(arguments: dict) -> dict:
    return {"title": arguments["title"], "starts_at": arguments["start"]}


def _spoilt(word: str) -> str:
    if word == "exit":
        os._exit(3)
    while word == "hang":
        time.sleep(0)
    if word == "raise":
        raise RuntimeError("no such word")
    return word


@toolbox.tool
def say(word: Annotated[str, AfterValidator(_spoilt)]) -> str:
    """Say a word."""
    raise AssertionError("a question runs no tool")
