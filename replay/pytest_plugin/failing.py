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
    run_words: Sequence[str],
) -> None:
    """Fail ``item`` for the findings that nobody has approved.

    ``run_words``: the `replay run` that would store them.

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
    if item.config.getoption("replay_lenient") and exit_code(failing) is not ExitCode.BREAKING:
        pytest.xfail(still_open[0].title)
    raise ReplayFailure(failure_text(still_open, verdicts, run_words=run_words))


def failure_text(
    findings: Sequence[Finding], verdicts: Sequence[CallVerdict], *, run_words: Sequence[str]
) -> str:
    """Return the findings with their differences, and the commands that accept them."""
    by_call: Mapping[str, CallVerdict] = {one.tool_call_id: one for one in verdicts}
    lines: list[str] = []
    for finding in findings[:_FINDINGS_MAX]:
        example = by_call.get(finding.example_tool_call_id)
        lines += [*finding_lines(finding, example, width=_WIDTH, ink=Ink()), ""]
    if len(findings) > _FINDINGS_MAX:
        lines += [f"… {count(len(findings) - _FINDINGS_MAX, 'more finding')}", ""]
    approve = ["replay", "approve", run_words[2], findings[0].signature]
    lines.append("If it is meant, accept it, after a run over everything:")
    return "\n".join([*lines, f"  {shlex.join(run_words)}", f"  {shlex.join(approve)}"])


def verdict_words(counts: Counter[Verdict]) -> str:
    """Return the verdicts with their numbers: ``same 5, response_changed 1``."""
    return ", ".join(f"{verdict} {number}" for verdict, number in sorted(counts.items()))
