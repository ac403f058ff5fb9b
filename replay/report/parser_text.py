"""Two parsers side by side: what each accepts, how fast, and where they disagree."""

from __future__ import annotations

from typing import Final

from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap

_REASONS_MAX: Final = 8
"""Disagreements of one tool that are told; ``--json`` has all."""

_SIGNS: Final = {"rejects": "✗", "accepts": "~", "reads": "~", "says": "~"}
_COLORS: Final = {"✗": "red", "~": "yellow"}


def render_parsers(compared: JsonObject, *, width: int = 80, color: bool = False) -> str:
    """Return what ``ParsersCompared.report`` says, as text."""
    return "\n".join(parser_lines(compared, width=width, ink=Ink(color)))


def parser_lines(compared: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return the same as lines."""
    first, second, tools = compared["first"], compared["second"], compared["tools"]
    calls = sum(tool["calls"] for tool in tools)
    lines = wrap(f"{_heading(first, second)}: {_result(tools, calls)}", width)
    lines = [ink.paint(line, "bold") for line in lines]
    for why, number in compared["not_compared"].items():
        lines += wrap(f"{count(number, 'call')} not compared: {why}", width, indent="  ")
    for tool in tools:
        lines += ["", *_tool_lines(tool, first, second, width, ink)]
    return lines


def _heading(first: str, second: str) -> str:
    return f"Parsers, {first} against {second}"


def _result(tools: list[JsonObject], calls: int) -> str:
    apart = sum(one["calls"] for tool in tools for one in tool["disagreements"])
    if not calls:
        return "no call to compare"
    agree = f"they agree on {calls - apart:,} of {count(calls, 'call')}"
    return (
        agree if apart else f"they agree on {'the call' if calls == 1 else f'all {calls:,} calls'}"
    )


def _tool_lines(tool: JsonObject, first: str, second: str, width: int, ink: Ink) -> list[str]:
    lines = [ink.paint(plain(tool["tool"]), "bold")]
    longest = max(len(first), len(second))
    for name in (first, second):
        said = f"{name.ljust(longest)}  {_side(tool[name], tool['calls'])}"
        lines += wrap(said, width, indent="  ", hang=" " * (longest + 2))
    shown = tool["disagreements"][:_REASONS_MAX]
    for one in shown:
        sign = _SIGNS[one["kind"]]
        words = wrap(f"{sign} {plain(_words(one, first, second))}", width, indent="  ")
        lines += [ink.paint(line, _COLORS[sign]) for line in words]
        where = f"first in trace {one['trace_id']}, step {one['step_number']}"
        lines += [ink.paint(line, "dim") for line in wrap(plain(where), width, indent="    ")]
    more = len(tool["disagreements"]) - len(shown)
    if more > 0:
        lines.append(f"  … {count(more, 'more reason')}; --json has all")
    return lines


def _side(side: JsonObject, calls: int) -> str:
    share = f"accepts {side['accepted']:,} of {calls:,}, {100 * side['accepted'] / calls:.1f} %"
    if side["p50_us"] is None:
        return f"{share}; as recorded{_versions(side)}"
    speed = f"p50 {_microseconds(side['p50_us'])}, p95 {_microseconds(side['p95_us'])}"
    recorded = f"; {side['as_recorded']:,} as recorded" if side["as_recorded"] else ""
    return f"{share}; {speed}{_versions(side)}{recorded}"


def _microseconds(value: float) -> str:
    return f"{value:,.0f} µs" if value >= 10 else f"{value:.1f} µs"


def _versions(side: JsonObject) -> str:
    named = [version for version in side["versions"] if version]
    if not named:
        return ""
    words = "version" if len(named) == 1 else "versions"
    translated = f", {side['translated']:,} translated" if side["translated"] else ""
    return f" ({words} {', '.join(map(plain, named))}{translated})"


def _words(one: JsonObject, first: str, second: str) -> str:
    calls = count(one["calls"], "call")
    match one["kind"]:
        case "rejects":
            return f"only {second} rejects: {one['reason']}; {calls}"
        case "accepts":
            return f"only {first} rejects: {one['reason']}; {calls}"
        case "reads":
            return f"{second} {one['reason']}; {calls}"
        case _:
            return f"both reject, and {first} says: {one['reason']}; {calls}"
