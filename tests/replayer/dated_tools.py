"""A calendar whose tools have changed since they were recorded: names, arguments, results."""

from __future__ import annotations

from typing import Any

from replay.tools import Toolbox

toolbox = Toolbox("calendar")


@toolbox.tool(version="2")
def find_event(name: str) -> dict[str, Any]:
    """Find an event."""
    return {"event": {"name": name, "starts_at": "10:00"}, "count": 1}


@toolbox.translate("find_event", "1", "2")
def _arguments(old: dict[str, Any]) -> dict[str, Any]:
    return {"name": old["title"]}


@toolbox.translate_result("find_event", "1", "2")
def _result(old: dict[str, Any]) -> dict[str, Any]:
    return {"event": {"name": old["title"], "starts_at": old["start"]}, "count": 1}


@toolbox.translate("get_event", "1", "2", to="find_event")
def _renamed(old: dict[str, Any]) -> dict[str, Any]:
    return {"name": old["title"]}


@toolbox.translate_result("get_event", "1", "2", to="find_event")
def _renamed_result(old: dict[str, Any]) -> dict[str, Any]:
    return _result(old)


@toolbox.translate("lookup", None, "2", to="find_event")
def _alias(old: dict[str, Any]) -> dict[str, Any]:
    return old
