"""What a correction says should have been called, however it is written."""

from __future__ import annotations

from replay.records.base import JsonValue

CorrectedCall = tuple[str | None, JsonValue]
"""Tool and arguments; no tool: nothing should have been called; no arguments: nobody said."""


def corrected_call(correction: JsonValue, tool: str | None) -> CorrectedCall | None:
    """Return what should have been called instead of ``tool``; None: a text should have been said.

    ``{"tool": ..., "arguments": {...}}`` names both, ``{"tool": ...}`` the tool alone, and
    ``{"tool": null}`` none. Anything else in an object is arguments of the same tool.
    """
    if not isinstance(correction, dict):
        return None
    if "tool" in correction and set(correction) <= {"tool", "arguments"}:
        named = correction["tool"]
        if named is None or isinstance(named, str):
            return named, correction.get("arguments")
    return tool, correction
