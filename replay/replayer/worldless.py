"""Which tools cannot have changed the world."""

from __future__ import annotations

from replay.records import JsonObject


def worldless(today: JsonObject, old: JsonObject | None = None) -> frozenset[tuple[str, str]]:
    """Return actor and name of the tools that are not given the world, neither today nor before.

    ``today`` and ``old`` are what a worker says of its tools; None: there is no old code. Where no
    tool is given it, the world is somewhere else, and any of them may change it.
    """
    told = [tool for one in (today, old or {}) for tool in one.get("tools", ())]
    given = {(tool["actor"], tool["name"]) for tool in told if tool["takes_world"]}
    return frozenset((tool["actor"], tool["name"]) for tool in told if given) - given
