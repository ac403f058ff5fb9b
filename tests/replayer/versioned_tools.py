"""Two versions of a tool, and the way from the older one."""

from __future__ import annotations

from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("calendar")


@toolbox.tool(name="create_event", version="1")
def create_event_1(title: str, start: str = "9:00") -> str:
    """Put an event in the calendar."""
    return f"{title} at {start}"


@toolbox.tool(version="2")
def create_event(title: str, starts_at: str) -> str:
    """Put an event in the calendar."""
    return f"{title} at {starts_at}"


@toolbox.translate("create_event", "1", "2")
def _renamed(old: dict[str, Any]) -> dict[str, Any]:
    return {"title": old["title"], "starts_at": old.get("start", "9:00")}


@toolbox.tool(version="2")
def cancel_event(event_title: str) -> str:
    """Take an event out of the calendar."""
    return f"no {event_title}"


@toolbox.translate("cancel_event", None, "2")
def _before_versions(old: dict[str, Any]) -> dict[str, Any]:
    return {"event_title": old["title"]}
