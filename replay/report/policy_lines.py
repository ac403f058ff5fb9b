"""What of a replay run did not come from its cassettes: served, live, and refused tools."""

from __future__ import annotations

from replay.records import JsonObject, Policy
from replay.report.ink import Ink, count, plain, wrap


def policy_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the part of the report on tools under another policy; nothing where there is none."""
    said = policy_words(coverage)
    if not said:
        return []
    lines = ["", ink.paint("Under another policy", "bold", "yellow")]
    for words in said:
        lines += wrap(plain(words), width, indent="  ")
    return lines


def policy_words(coverage: JsonObject) -> list[str]:
    """Return the same, one line a tool."""
    return [_words(one) for one in coverage.get("policies") or []]


def is_not_run(coverage: JsonObject, tool: str) -> bool:
    """Return whether a policy kept calls of ``tool`` from running."""
    return any(
        one["tool"] == tool and one["policy"] != Policy.LIVE
        for one in coverage.get("policies") or []
    )


def _words(seen: JsonObject) -> str:
    tool, calls = seen["tool"], count(seen["calls"], "call")
    if seen["policy"] == Policy.RECORDED:
        return f"{tool} served as recorded: {calls}, says nothing of today's code"
    if seen["policy"] == Policy.LIVE:
        asked = seen["requests"]
        went = f"{count(asked, 'request')} really went out" if asked else "asked nothing"
        return f"{tool} ran live: {calls}, {went}"
    return f"{tool} refused: {calls} not run"
