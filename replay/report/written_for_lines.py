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
    said = written_for_words(coverage)
    if not said:
        return []
    lines = ["", ink.paint("Recorded without a version", "bold")]
    for words in said:
        lines += wrap(plain(words), width, indent="  ")
    return lines


def written_for_words(coverage: JsonObject) -> list[str]:
    """Return the same, one line for each tool and version."""
    said = []
    for one in coverage.get("written_for") or []:
        calls = count(one["calls"], "call")
        then = f"version {one['version']}" if one["version"] else "the time before it had versions"
        said.append(f"{one['tool']}: {calls} taken for {then}: {_WHY[one['by']]}")
    return said
