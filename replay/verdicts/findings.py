"""Verdicts with one cause, gathered into one finding.

Written for a stream: a replay run of millions of calls adds verdict after verdict; only what a
finding needs to be told is kept (some twenty calls each).
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from types import MappingProxyType
from typing import Final, TypeAlias

from replay.records import Approval, CallVerdict, Cause, Finding, Verdict
from replay.verdicts.canonical import canonical_bytes, respelled
from replay.verdicts.exit_codes import BREAKING
from replay.verdicts.signatures import (
    ends_in_error,
    error_of,
    error_text,
    signed_paths,
    state_not_shown,
)
from replay.verdicts.titles import title

_SAMPLES_MAX: Final = 20
"""Calls kept of each finding to word its title from: its earliest ones."""

ERROR_HASHES_MAX: Final = 64
"""Different error texts remembered of each finding."""

ANSWERS_MAX: Final = 64
"""Calls of each finding whose answers are remembered."""

_Place: TypeAlias = tuple[bool, str, str, int, str]
"""Where a call stands among those of its finding: the earliest first, whoever finished first."""

_ENDING_IN_ERRORS: Final = BREAKING | {Verdict.ERROR_CHANGED}


@dataclass(slots=True)
class _Gathered:
    """One finding in the making."""

    samples: list[tuple[_Place, CallVerdict]] = field(default_factory=list)
    """The earliest calls, in order: first divergences before conditional ones."""
    error_hashes: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    firsts: int = 0
    approved: bool = True
    traces: set[str] = field(default_factory=set)
    models: Counter[str] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)

    def add(self, verdict: CallVerdict, started_at: str) -> None:
        self.calls += 1
        self.firsts += not verdict.conditional
        self.approved = self.approved and verdict.approved
        self.traces.add(verdict.trace_id)
        if verdict.model:
            self.models[verdict.model] += 1
        self.causes[verdict.cause or Cause.UNKNOWN] += 1
        place = (
            verdict.conditional,
            started_at,
            verdict.trace_id,
            verdict.step_number,
            verdict.tool_call_id,
        )
        if len(self.samples) < _SAMPLES_MAX or place < self.samples[-1][0]:
            insort(self.samples, (place, verdict), key=itemgetter(0))
            del self.samples[_SAMPLES_MAX:]
        self.answers[_short_hash(verdict.tool_call_id)] = _short_hash(_answer(verdict))
        if len(self.answers) > ANSWERS_MAX:
            del self.answers[max(self.answers)]
        if ends_in_error(verdict):
            self.error_hashes.add(_text_hash(error_text(verdict)))
            if len(self.error_hashes) > ERROR_HASHES_MAX:
                self.error_hashes.remove(max(self.error_hashes))


class Findings:
    """Findings in the making: ``add`` every verdict of a run, then ``collected``."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._totals: Counter[str] = Counter()

    def add(self, verdict: CallVerdict, started_at: str = "") -> None:
        """Count one verdict; green ones count for their tool's total only.

        ``started_at`` is when its trace started: a finding's example is its earliest call.
        """
        self._totals[verdict.tool] += 1
        if verdict.signature is not None:
            self._gathered.setdefault(verdict.signature, _Gathered()).add(verdict, started_at)

    def collected(self) -> list[Finding]:
        """Return the findings: first divergences first, breaking before changed, many first."""
        return ranked(
            _finding(signature, gathered, self._total_of(gathered.samples[0][1]))
            for signature, gathered in self._gathered.items()
        )

    def _total_of(self, example: CallVerdict) -> int:
        """All calls that could have had what ``example`` has: of its tool, or of every tool."""
        if state_not_shown(example) is not None:
            return self._totals.total()
        return self._totals[example.tool]


def collect(
    verdicts: Iterable[CallVerdict], started_at: Mapping[str, str] = MappingProxyType({})
) -> list[Finding]:
    """Return the findings of ``verdicts``: first divergences first.

    ``started_at``: when their traces started, by id; a finding's example is its earliest call.
    """
    findings = Findings()
    for verdict in verdicts:
        findings.add(verdict, started_at.get(verdict.trace_id, ""))
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
    by_signature = {approval.signature: approval for approval in approvals}
    marked = [with_approval(finding, by_signature.get(finding.signature)) for finding in findings]
    outgrown = {finding.signature for finding in marked if not finding.approved}
    return (
        [
            verdict.model_copy(
                update={
                    "approved": verdict.signature in by_signature
                    and verdict.signature not in outgrown
                }
            )
            if verdict.signature
            else verdict
            for verdict in verdicts
        ],
        marked,
    )


def with_approval(finding: Finding, approval: Approval | None) -> Finding:
    """Return ``finding`` marked approved or not, and with what the approval did not know.

    A finding of calls that fail or are turned away is approved no longer when it has grown: a
    further call that fails, or another value in the error, is what nobody has accepted. And no
    finding is when calls that were approved have changed again since.
    """
    if approval is None:
        return finding.model_copy(update={"approved": False, "approval_note": None})
    grown, again = _outgrown(finding, approval), _changed_again(finding, approval)
    is_open = again is not None or (grown is not None and finding.verdict in _ENDING_IN_ERRORS)
    return finding.model_copy(update={"approved": not is_open, "approval_note": grown or again})


def _outgrown(finding: Finding, approval: Approval) -> str | None:
    known = approval.call_count
    if known is None:
        return None
    if finding.call_count > known:
        calls = "1 call" if known == 1 else f"{known:,} calls"
        return f"approved for {calls}, now {finding.call_count:,}"
    if finding.verdict in _ENDING_IN_ERRORS and not set(finding.error_hashes) <= set(
        approval.error_hashes
    ):
        return "approved with other values in its errors"
    return None


def _changed_again(finding: Finding, approval: Approval) -> str | None:
    both = finding.answers.keys() & approval.answers.keys()
    if all(finding.answers[call] == approval.answers[call] for call in both):
        return None
    return "approved, and changed again since"


def _answer(verdict: CallVerdict) -> str:
    """Return in one text what today answers and asks, and the state that the call left otherwise.

    The state of other calls may be another because of calls before them.
    """
    result = verdict.replayed
    told: list[object] = []
    if result is not None:
        error = result.error if result.response is None else None
        told = [result.outcome, result.response, error and [error.type, error.message]]
        told += [result.state_hash] if verdict.effect_changed else []
    asked = [
        [change.change, change.request, change.field, change.replayed]
        for change in verdict.interaction_changes
    ]
    return canonical_bytes([told, asked]).decode("utf-8", "surrogatepass")


def _short_hash(text: str) -> str:
    plain = respelled(text)
    return blake2b(plain, digest_size=5).hexdigest()


def _finding(signature: str, gathered: _Gathered, tool_call_total: int) -> Finding:
    samples = [verdict for _, verdict in gathered.samples]
    example = samples[0]
    error = error_of(example)
    return Finding(
        run_id=example.run_id,
        signature=signature,
        tool=example.tool,
        verdict=example.verdict,
        cause=_cause(gathered.causes),
        title=title(samples),
        paths=sorted({path for sample in samples for path in _paths(sample)}),
        error_type=error.type if error else None,
        call_count=gathered.calls,
        first_divergence_count=gathered.firsts,
        trace_count=len(gathered.traces),
        tool_call_total=tool_call_total,
        models=dict(sorted(gathered.models.items())),
        example_tool_call_id=example.tool_call_id,
        example_trace_id=example.trace_id,
        example_step_number=example.step_number,
        error_hashes=sorted(gathered.error_hashes),
        answers=dict(sorted(gathered.answers.items())),
        approved=gathered.approved,
    )


def _text_hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _paths(verdict: CallVerdict) -> list[str]:
    return [] if ends_in_error(verdict) else signed_paths(verdict.changes)


def _cause(causes: Counter[Cause]) -> Cause:
    """The most frequent known cause; unknown only where nothing is known."""
    known = [(count, cause) for cause, count in causes.items() if cause is not Cause.UNKNOWN]
    return max(known)[1] if known else Cause.UNKNOWN
