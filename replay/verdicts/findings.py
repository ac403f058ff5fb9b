"""Verdicts with one cause, gathered into one finding.

Written for a stream: a replay run of millions of calls adds verdict after verdict; only what a
finding needs to be told is kept (some twenty calls each).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from replay.records import Approval, CallVerdict, Cause, Finding
from replay.verdicts.exit_codes import BREAKING
from replay.verdicts.signatures import ends_in_error, error_of, signed_paths
from replay.verdicts.titles import title

_SAMPLES_MAX: Final = 20
"""Calls kept of each finding to word its title from."""


@dataclass(slots=True)
class _Gathered:
    """One finding in the making."""

    samples: list[CallVerdict] = field(default_factory=list)
    example: CallVerdict | None = None
    calls: int = 0
    firsts: int = 0
    approved: bool = True
    traces: set[str] = field(default_factory=set)
    models: Counter[str] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def add(self, verdict: CallVerdict) -> None:
        self.calls += 1
        self.firsts += not verdict.conditional
        self.approved = self.approved and verdict.approved
        self.traces.add(verdict.trace_id)
        if verdict.model:
            self.models[verdict.model] += 1
        self.causes[verdict.cause or Cause.UNKNOWN] += 1
        if self.example is None or (self.example.conditional and not verdict.conditional):
            self.example = verdict
        if len(self.samples) < _SAMPLES_MAX:
            self.samples.append(verdict)


class Findings:
    """Findings in the making: ``add`` every verdict of a run, then ``collected``."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._totals: Counter[str] = Counter()

    def add(self, verdict: CallVerdict) -> None:
        """Count one verdict; green ones count for their tool's total only."""
        self._totals[verdict.tool] += 1
        if verdict.signature is not None:
            self._gathered.setdefault(verdict.signature, _Gathered()).add(verdict)

    def collected(self) -> list[Finding]:
        """Return the findings: first divergences first, breaking before changed, many first."""
        return ranked(
            _finding(signature, gathered, self._totals[gathered.samples[0].tool])
            for signature, gathered in self._gathered.items()
        )


def collect(verdicts: Iterable[CallVerdict]) -> list[Finding]:
    """Return the findings of ``verdicts``: first divergences first."""
    findings = Findings()
    for verdict in verdicts:
        findings.add(verdict)
    return findings.collected()


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return ``findings`` in the order to read them.

    Open before approved, first divergences before what only followed, breaking before changed,
    many calls before few.
    """
    return sorted(
        findings,
        key=lambda finding: (
            finding.approved,
            finding.first_divergence_count == 0,
            finding.verdict not in BREAKING,
            -finding.first_divergence_count,
            -finding.call_count,
            finding.tool,
            finding.signature,
        ),
    )


def approve_verdict(verdict: CallVerdict, approvals: Iterable[Approval]) -> CallVerdict:
    """Return ``verdict``, marked approved when an approval names its finding."""
    named = verdict.signature is not None and any(
        approval.signature == verdict.signature for approval in approvals
    )
    return verdict.model_copy(update={"approved": True}) if named else verdict


def apply_approvals(
    verdicts: Sequence[CallVerdict], findings: Sequence[Finding], approvals: Iterable[Approval]
) -> tuple[list[CallVerdict], list[Finding]]:
    """Return both with the approved ones marked.

    An approval holds for one signature: other paths, another error or another verdict of the same
    tool are another finding, and not approved.
    """
    signatures = {approval.signature for approval in approvals}
    return (
        [
            verdict.model_copy(update={"approved": verdict.signature in signatures})
            if verdict.signature
            else verdict
            for verdict in verdicts
        ],
        [
            finding.model_copy(update={"approved": finding.signature in signatures})
            for finding in findings
        ],
    )


def _finding(signature: str, gathered: _Gathered, tool_call_total: int) -> Finding:
    example = gathered.example or gathered.samples[0]
    error = error_of(example)
    return Finding(
        run_id=example.run_id,
        signature=signature,
        tool=example.tool,
        verdict=example.verdict,
        cause=_cause(gathered.causes),
        title=title([example, *(v for v in gathered.samples if v is not example)]),
        paths=sorted({path for sample in gathered.samples for path in _paths(sample)}),
        error_type=error.type if error else None,
        call_count=gathered.calls,
        first_divergence_count=gathered.firsts,
        trace_count=len(gathered.traces),
        tool_call_total=tool_call_total,
        models=dict(sorted(gathered.models.items())),
        example_tool_call_id=example.tool_call_id,
        example_trace_id=example.trace_id,
        example_step_number=example.step_number,
        approved=gathered.approved,
    )


def _paths(verdict: CallVerdict) -> list[str]:
    return [] if ends_in_error(verdict) else signed_paths(verdict.changes)


def _cause(causes: Counter[Cause]) -> Cause:
    """The most frequent known cause; unknown only where nothing is known."""
    known = [(count, cause) for cause, count in causes.items() if cause is not Cause.UNKNOWN]
    return max(known)[1] if known else Cause.UNKNOWN
