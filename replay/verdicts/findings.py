"""Verdicts with one cause, gathered into one finding.

Written for a stream: a replay run of millions of calls adds verdict after verdict; only what a
finding needs to be told is kept (some twenty calls each).
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from typing import Final, TypeAlias

from replay.records import Approval, CallVerdict, Cause, Finding, Verdict
from replay.verdicts.exit_codes import BREAKING
from replay.verdicts.signatures import ends_in_error, error_of, error_text, signed_paths
from replay.verdicts.titles import title

_SAMPLES_MAX: Final = 20
"""Calls kept of each finding to word its title from: its earliest ones."""

ANSWER_HASHES_MAX: Final = 64
"""Different answers remembered of each finding."""

_Place: TypeAlias = tuple[bool, str, str, int, str]
"""Where a call stands among those of its finding: the earliest first, whoever finished first."""

_ENDING_IN_ERRORS: Final = BREAKING | {Verdict.ERROR_CHANGED}


@dataclass(slots=True)
class _Gathered:
    """One finding in the making."""

    samples: list[tuple[_Place, CallVerdict]] = field(default_factory=list)
    """The earliest calls, in order: first divergences before conditional ones."""
    answer_hashes: set[str] = field(default_factory=set)
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
        whole = _whole_answer(verdict)
        if whole is not None:
            self.answer_hashes.add(_text_hash(whole))
            if len(self.answer_hashes) > ANSWER_HASHES_MAX:
                self.answer_hashes.remove(max(self.answer_hashes))


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
            _finding(signature, gathered, self._totals[gathered.samples[0][1].tool])
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
    further call that fails is what nobody has accepted. Nor is one whose difference is a whole
    value (an error, a text, the world's state) when today gives a value that the approval did not
    see: there is no path inside it that would make another finding of it.
    """
    if approval is None:
        return finding.model_copy(update={"approved": False, "approval_note": None})
    grown, is_other = _more_calls(finding, approval), _other_answers(finding, approval)
    is_open = is_other or (grown is not None and finding.verdict in _ENDING_IN_ERRORS)
    note = grown or (_OTHER_ANSWERS[finding.verdict in _ENDING_IN_ERRORS] if is_other else None)
    return finding.model_copy(update={"approved": not is_open, "approval_note": note})


_OTHER_ANSWERS: Final = {
    True: "approved with other values in its errors",
    False: "approved with other values than today's",
}


def _more_calls(finding: Finding, approval: Approval) -> str | None:
    known = approval.call_count
    if known is None or finding.call_count <= known:
        return None
    calls = "1 call" if known == 1 else f"{known:,} calls"
    return f"approved for {calls}, now {finding.call_count:,}"


def _other_answers(finding: Finding, approval: Approval) -> bool:
    """Whether today gives values that the approval did not see; one without a count is of old."""
    if approval.call_count is None:
        return False
    return not set(finding.answer_hashes) <= set(approval.answer_hashes)


def _whole_answer(verdict: CallVerdict) -> str | None:
    """Return today's value where it differs as a whole; None where paths tell the difference."""
    if ends_in_error(verdict):
        return error_text(verdict)
    if verdict.replayed is None:
        return None
    if verdict.verdict is Verdict.EFFECT_CHANGED:
        return verdict.replayed.state_hash
    if any(change.path == "" for change in verdict.changes):
        return verdict.replayed.response
    return None


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
        answer_hashes=sorted(gathered.answer_hashes),
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
