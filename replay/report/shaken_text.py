"""What `replay doctor verify` and `explain` found, as text for people."""

from __future__ import annotations

import json
from typing import Final

from replay.records import JsonValue
from replay.replayer.shaking.conditions import AGAIN, FREE
from replay.replayer.shaking.finding import NATIVE, Explanation, Field, Verification
from replay.report.ink import Ink, count, cut, plain, wrap

CAUSES: Final = {
    "clock": "the clock is read: datetime.now, time.time, uuid1",
    "entropy": "random numbers are drawn: uuid4, secrets, random",
    "hash order": "a set is gone through, or hash() is used; sorting ends it",
    "timezone": "local time; UTC ends it",
    "environment": "a variable is read: HOME, LANG, USER",
    "working directory": "a relative path, or os.getcwd()",
    "addresses": "id(), an object without a repr or hash of its own, a set of such objects",
    NATIVE: "C code or a child process reads the real clock or draws; a file, database or service "
    "changed in between; threads race",
}
"""Labels, and the common causes of each."""
_SHOWN_MAX: Final = 40


def verification_text(found: Verification, *, width: int, ink: Ink) -> str:
    """Return what `verify` found, for a terminal of ``width`` columns."""
    lines = [
        f"{count(found.call_count, 'call')} of {count(found.trace_count, 'trace')}, "
        f"each run {found.run_count} times"
    ]
    for one in found.unstable[:_SHOWN_MAX]:
        lines += ["", *_unstable(one, width, ink)]
    lines += _more(found.unstable)
    if found.ran and not found.unstable:
        lines += ["", ink.paint("✓ Every replay gives the same.", "green")]
    if found.held:
        lines += ["", ink.paint("Held by replay: without it these would differ", "bold")]
        for one in found.held[:_SHOWN_MAX]:
            by = "; ".join(one.sites) or "`replay doctor explain` says by what"
            lines += wrap(f"{_named(one)}: {plain(by)}", width, indent="  ")
        lines += _more(found.held)
    if found.why_not_run is not None:
        not_run = count(found.call_count - len(found.ran), "call")
        said = f"{not_run} could not be run: {plain(found.why_not_run)}"
        lines += ["", *wrap(said, width)]
    return "\n".join(lines)


def explanation_text(found: Explanation, *, width: int, ink: Ink) -> str:
    """Return what `explain` found, for a terminal of ``width`` columns."""
    lines = [f"{count(found.call_count, 'call')}, each run {found.run_count} times", ""]
    size = max(map(len, found.labels), default=0)
    for tool, labels in found.labels.items():
        lines.append(f"{tool:{size}}  {', '.join(labels) or 'nothing but its arguments'}")
    for one in found.fields[:_SHOWN_MAX]:
        named = f"{_named(one)} depends on: {', '.join(one.conditions)}"
        lines += ["", ink.paint(named, "bold")]
        lines += [f"  {plain(site)}" for site in one.sites]
        lines += _sides(one, width)
        for label in one.conditions:
            lines += wrap(f"{label}: {CAUSES[label]}", width, indent="  ")
    return "\n".join([*lines, *_more(found.fields)])


def causes_of(one: Field) -> list[str]:
    """Return the likely labels of a field that differs although a replay holds everything."""
    by_address = FREE.name in one.conditions and AGAIN.name not in one.conditions
    if by_address or "0x" in str(one.first):
        return ["addresses"]
    return [NATIVE]


def _unstable(one: Field, width: int, ink: Ink) -> list[str]:
    lines = [ink.paint(f"✗ {_named(one)} is not deterministic", "bold", "red")]
    lines.append(f"  {count(len(one.calls), 'call')}, first in {plain(one.call_id)}")
    lines += wrap(f"differed: {', '.join(one.conditions)}", width, indent="  ")
    lines += _sides(one, width)
    lines += [f"  at: {plain(site)}" for site in one.sites]
    for label in causes_of(one):
        lines += wrap(f"common causes: {CAUSES[label]}", width, indent="  ")
    return lines


def _sides(one: Field, width: int) -> list[str]:
    sides = (("first ", one.first), ("second", one.second))
    return [cut(f"    {name}  {_shown(value)}", width) for name, value in sides]


def _shown(value: JsonValue) -> str:
    return plain(json.dumps(value, ensure_ascii=False))


def _named(one: Field) -> str:
    return f"{one.tool}: {plain(one.path)}" if one.path else f"{one.tool}: the answer"


def _more(found: list[Field]) -> list[str]:
    left = len(found) - _SHOWN_MAX
    return [f"  ... and {left:,} more; --json has all"] if left > 0 else []
