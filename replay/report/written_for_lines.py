"""Which versions calls were taken for that were recorded without one."""

from __future__ import annotations

from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap

_WHY = {
    "named": "you say so",
    "schema": "their models were shown its schema",
    "step": "a translation leads on from there",
}


def written_for_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on such calls; nothing where there are none."""
    taken = coverage.get("written_for") or []
    if not taken:
        return []
    lines = ["", ink.paint("Recorded without a version", "bold")]
    for one in taken:
        calls = count(one["calls"], "call")
        then = f"version {one['version']}" if one["version"] else "the time before it had versions"
        said = f"{one['tool']}: {calls} taken for {then}: {_WHY[one['by']]}"
        lines += wrap(plain(said), width, indent="  ")
    return lines
