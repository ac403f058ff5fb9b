"""Tools that wait longer than they took when they were recorded: a note, and no verdict."""

from __future__ import annotations

from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap


def slower_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on longer waits; nothing where there are none."""
    slower = coverage.get("slower") or {}
    if not slower:
        return []
    lines = ["", ink.paint("Waits longer than the calls took when recorded", "bold", "yellow")]
    for tool, seen in slower.items():
        text = (
            f"{tool}: {count(seen['calls'], 'call')}, {_shown(seen['waits_ms'])} in the median; "
            f"recorded {_shown(seen['took_ms'])}"
        )
        lines += wrap(plain(text), width, indent="  ")
    said = "That fails nothing. `replay budgets` holds recorded times to a limit."
    return lines + [ink.paint(line, "dim") for line in wrap(said, width, indent="  ")]


def _shown(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:,.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "under 1 ms"
