"""What of a replay run was real: files that tools wrote, and a guard that this machine lacks."""

from __future__ import annotations

from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap


def not_frozen_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on what was not frozen; nothing where all was."""
    said = [
        f"{tool} {', '.join(seen['acts'])} ({count(seen['calls'], 'call')})"
        for tool, seen in (coverage.get("not_frozen") or {}).items()
    ]
    if said:
        said.append("Replays write real files; docs/sandbox.md says how to keep them away.")
    if why_not := coverage.get("kernel_guard"):
        said.append(
            f"No guard below Python ({why_not}): C code of a tool could have reached the network."
        )
    if not said:
        return []
    lines = ["", ink.paint("Not frozen", "bold", "yellow")]
    for text in said:
        lines += wrap(plain(text), width, indent="  ")
    return lines
