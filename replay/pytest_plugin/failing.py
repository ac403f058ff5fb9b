"""A failed replay test: its text is what `replay run` would print of it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from replay.errors import ExitCode
from replay.records import CallVerdict, Finding, Verdict
from replay.report.ink import Ink, count
from replay.report.terminal import finding_lines
from replay.verdicts import exit_code, ranked

_WIDTH: Final = 100
_FINDINGS_MAX: Final = 12


class ReplayFailure(AssertionError):
    """Today's tools answer otherwise; the text says what, why, and what to type next."""


def fail_where_open(
    item: pytest.Item,
    verdicts: Sequence[CallVerdict],
    findings: Sequence[Finding],
    *,
    rerun: str,
) -> None:
    """Fail ``item`` for the findings that nobody has approved.

    Raises:
        ReplayFailure: there are some.
    """
    still_open = [finding for finding in ranked(findings) if not finding.approved]
    item.user_properties.append(("replay_findings", " ".join(one.signature for one in still_open)))
    if not still_open:
        return
    signatures = {finding.signature for finding in still_open}
    failing = [one for one in verdicts if one.signature in signatures]
    printed = "\n".join(one.output.rstrip("\n") for one in failing if one.output)
    if printed:
        item.add_report_section("call", "printed by the tools", printed)
    text = failure_text(still_open, verdicts, rerun=rerun)
    if item.config.getoption("replay_lenient") and exit_code(failing) is not ExitCode.BREAKING:
        pytest.xfail(still_open[0].title)
    raise ReplayFailure(text)


def failure_text(
    findings: Sequence[Finding], verdicts: Sequence[CallVerdict], *, rerun: str
) -> str:
    """Return the findings with their differences, and the commands that look closer and accept."""
    by_call: Mapping[str, CallVerdict] = {one.tool_call_id: one for one in verdicts}
    lines: list[str] = []
    for finding in findings[:_FINDINGS_MAX]:
        example = by_call.get(finding.example_tool_call_id)
        lines += [*finding_lines(finding, example, width=_WIDTH, ink=Ink()), ""]
    if len(findings) > _FINDINGS_MAX:
        lines += [f"… {count(len(findings) - _FINDINGS_MAX, 'more finding')}", ""]
    return "\n".join([*lines, "Look closer, and accept what is meant:", f"  {rerun}"])


def rerun_command(database: str, *options: str) -> str:
    """Return the command lines that store a run of this and accept its first finding."""
    run = shlex.join(["replay", "run", database, *options])
    return f"{run}\n  {shlex.join(['replay', 'approve', database])} SIGNATURE"


def verdict_words(counts: Counter[Verdict]) -> str:
    """Return the verdicts with their numbers: ``same 5, response_changed 1``."""
    return ", ".join(f"{verdict} {number}" for verdict, number in sorted(counts.items()))
