"""What `replay contract` found, as text for people, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from replay.contracts.inferring import Proposal
from replay.contracts.results import ContractResult, Status
from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap

_SIGNS: Final = {
    Status.BROKEN: ("✗", "red"),
    Status.NOT_JUDGED: ("?", "cyan"),
    Status.KEPT: ("✓", "green"),
}
_WORDS: Final = {
    Status.BROKEN: "broken",
    Status.NOT_JUDGED: "not judged",
    Status.KEPT: "kept",
}
_READS_SHOWN: Final = 4


def contracts_text(results: Sequence[ContractResult], *, width: int, ink: Ink) -> str:
    """Return every promise and what became of it: broken ones first."""
    counts = Counter(one.status for one in results)
    told = ", ".join(f"{counts[status]} {_WORDS[status]}" for status in _SIGNS if counts[status])
    tools = len({one.tool for one in results})
    lines = [f"{count(len(results), 'promise')} of {count(tools, 'tool')}: {told}"]
    order = list(_SIGNS)
    before = None
    for one in sorted(results, key=lambda one: order.index(one.status)):
        if one.status is Status.BROKEN or one.status is not before:
            lines.append("")
        lines += promise_lines(one, width=width, ink=ink)
        before = one.status
    return "\n".join(lines)


def promise_lines(one: ContractResult, *, width: int, ink: Ink) -> list[str]:
    """Return one promise and what became of it."""
    sign, colour = _SIGNS[one.status]
    title = f"{sign} {plain(one.title)}"
    if one.status is Status.KEPT:
        title += f" ({count(one.call_count, 'call')})"
    lines = [ink.paint(line, "bold", colour) for line in wrap(title, width, hang="    ")]
    if one.status is Status.KEPT:
        return [
            *lines,
            *(part for note in one.details for part in wrap(note, width, indent="    ")),
        ]
    for detail in one.details:
        lines += wrap(plain(detail), width, indent="  ")
    if one.status is Status.BROKEN:
        calls = f"{one.broken_count:,} of {count(one.call_count, 'call')}"
        where = f"{calls}, first in trace {plain(one.trace_id or '')}, step {one.step_number}"
        lines += wrap(where, width, indent="  ")
        lines += wrap(f"tool: {one.file}:{one.line}", width, indent="  ") if one.file else []
    return lines


def proposals_text(proposals: Sequence[Proposal], *, width: int, ink: Ink) -> str:
    """Return contracts to paste, each with what it stands on."""
    if not proposals:
        return "No selected trace has a call of these tools: there is nothing to propose from."
    lines = ["Contracts that the captured calls have kept so far. Paste what you mean to promise:"]
    lines += ["", "  from replay.tools import Contract"]
    for one in proposals:
        where = f" at {one.file}:{one.line}" if one.file else ""
        lines += ["", *wrap(f"# {plain(one.tool)}{where}, {count(one.call_count, 'call')}", width)]
        lines += [ink.paint(line, "bold") for line in one.code.split("\n")]
        reads = [f"{plain(path)} {times}" for path, times in list(one.keeps.items())[:_READS_SHOWN]]
        more = len(one.keeps) - len(reads)
        if reads:
            told = ", ".join(reads) + (f", and {more} more" if more > 0 else "")
            lines += wrap(f"#   read by later steps: {told}", width, hang="#     ")
        for said in one.against:
            lines += wrap(f"#   {plain(said)}", width, hang="#     ")
    return "\n".join(lines)


def contracts_json(results: Sequence[ContractResult]) -> JsonObject:
    """Return the results as JSON."""
    return {"contracts": [{"title": one.title, **asdict(one)} for one in results]}


def proposals_json(proposals: Sequence[Proposal]) -> JsonObject:
    """Return the proposals as JSON."""
    return {"proposals": [{**asdict(one), "code": one.code} for one in proposals]}
