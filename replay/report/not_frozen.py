"""What of a replay run was real: files that tools wrote, and a guard that this machine lacks."""

from __future__ import annotations

from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap

_ON_FILES = (
    "writes ",
    "removes ",
    "renames ",
    "makes ",
    "cuts ",
    "changes ",
    "opens the database ",
)


def not_frozen_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on what was not frozen; nothing where all was."""
    said = [
        f"{tool} {', '.join(seen['acts'])} ({count(seen['calls'], 'call')})"
        for tool, seen in (coverage.get("not_frozen") or {}).items()
    ]
    acts = [act for seen in (coverage.get("not_frozen") or {}).values() for act in seen["acts"]]
    if any(act.startswith(_ON_FILES) for act in acts):
        said.append("Replays write real files; docs/sandbox.md says how to keep them away.")
    if not all(act.startswith(_ON_FILES) for act in acts):
        said.append("docs/determinism.md says what of the rest may differ from run to run.")
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
