"""A replay run as one JSON document, for programs.

The shape is stable: keys are added, never renamed or removed; ``format`` counts up when a meaning
changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from replay.records import CallVerdict, Finding, JsonObject, ReplayRun
from replay.report.terminal import headline
from replay.verdicts import ranked

FORMAT: Final = 1


def run_report(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> JsonObject:
    """Return the report of ``run``: the run, its findings, and each finding's example."""
    return {
        "format": FORMAT,
        "headline": headline(run, findings),
        "exit_code": run.exit_code,
        "run": run.model_dump(mode="json"),
        "findings": [
            {
                **finding.model_dump(mode="json"),
                "example": _example((examples or {}).get(finding.example_tool_call_id)),
            }
            for finding in ranked(findings)
        ],
    }


def runs_report(
    before: ReplayRun,
    before_findings: Sequence[Finding],
    after: ReplayRun,
    after_findings: Sequence[Finding],
) -> JsonObject:
    """Return the findings of two runs: only in the first, only in the second, in both."""
    old = {finding.signature: finding for finding in before_findings}
    new = {finding.signature: finding for finding in after_findings}
    return {
        "format": FORMAT,
        "before": before.model_dump(mode="json"),
        "after": after.model_dump(mode="json"),
        "same_digest": before.digest is not None and before.digest == after.digest,
        "new": [new[s].model_dump(mode="json") for s in new if s not in old],
        "gone": [old[s].model_dump(mode="json") for s in old if s not in new],
        "both": [
            {**new[s].model_dump(mode="json"), "call_count_before": old[s].call_count}
            for s in new
            if s in old
        ],
    }


def _example(verdict: CallVerdict | None) -> JsonObject | None:
    return None if verdict is None else verdict.model_dump(mode="json")
