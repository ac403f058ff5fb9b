"""A replay run as workflow commands of GitHub Actions: lines that it shows at tools' sources."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from replay.records import CallVerdict, Finding, ReplayRun
from replay.report.ink import Ink
from replay.report.places import place_of_finding
from replay.report.terminal import finding_lines
from replay.verdicts import ranked
from replay.verdicts.exit_codes import BREAKING

SHOWN_MAX: Final = 10
"""GitHub shows ten errors and ten warnings of a step."""


def annotation_lines(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> str:
    """Return a line for each open finding: an error where calls break, a warning where they change.

    Beyond what GitHub shows of a step, the last one says how many there are more.
    """
    still_open = [finding for finding in ranked(findings) if not finding.approved]
    lines = []
    for level in ("error", "warning"):
        of_level = [finding for finding in still_open if _level(finding) == level]
        too_many = len(of_level) > SHOWN_MAX
        shown = of_level[: SHOWN_MAX - 1] if too_many else of_level
        for finding in shown:
            example = (examples or {}).get(finding.example_tool_call_id)
            lines.append(_line(run, finding, example, level))
        if too_many:
            more = len(of_level) - len(shown)
            lines.append(f"::{level} title=replay::{more:,} more findings; the report has them")
    return "\n".join(lines)


def inert(text: str) -> str:
    """Return ``text`` so that GitHub Actions obeys no line of it, whatever was recorded."""
    if not text:
        return text
    token = f"replay-{secrets.token_hex(16)}"
    return f"::stop-commands::{token}\n{text}\n::{token}::"


def _line(run: ReplayRun, finding: Finding, example: CallVerdict | None, level: str) -> str:
    place = place_of_finding(run, finding)
    where = "" if place is None else f"file={_property(place.file)},line={place.line},"
    text = "\n".join(finding_lines(finding, example, width=100, ink=Ink())[1:])
    return f"::{level} {where}title={_property(f'replay: {finding.title}')}::{_value(text)}"


def _level(finding: Finding) -> str:
    return "error" if finding.verdict in BREAKING else "warning"


def _value(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _value(text).replace(":", "%3A").replace(",", "%2C")
