"""What approvals cover: the finding that they were given for, and nothing that came later.

An approval names a signature, and remembers the calls that had it. Two things may happen since.

* The recording grows. A call that was recorded after the run that was approved, and differs in the
  same way, is what was approved: it stays green, and is counted.
* The code changes. A call that was looked at then and was not part of the finding is part of it
  now, or one that was answers otherwise: nobody has accepted that, and the finding is open again.

Of an effect, the paths in the state are part of the signature. Where nothing tells them (no
baseline, a state that is too large), the signature says no more than *another state*, which another
change leaves as well: there an approval covers exactly the calls, with exactly the states, that it
was given for. So do all approvals that were given before paths were part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from replay.records import Approval, CallVerdict, Finding, Verdict
from replay.verdicts.exit_codes import BREAKING
from replay.verdicts.findings import FAILED_THEN
from replay.verdicts.overlaps import epoch_s
from replay.verdicts.signatures import placeless_signature

_ENDING_IN_ERRORS: Final = BREAKING | {Verdict.ERROR_CHANGED}

CHANGED_AGAIN: Final = "approved, and changed again since"


class Approvals:
    """Approvals to look findings up in."""

    def __init__(self, approvals: Iterable[Approval]) -> None:
        """A later approval of the same signature counts."""
        self._by_signature = {approval.signature: approval for approval in approvals}
        self._placeless: dict[str, list[Approval]] = {}
        for approval in self._by_signature.values():
            for name in {approval.signature, approval.placeless_signature or approval.signature}:
                self._placeless.setdefault(name, []).append(approval)

    def may_cover(self, verdict: CallVerdict) -> bool:
        """Return whether the finding of ``verdict`` may be approved; `marked` knows."""
        if verdict.signature is None:
            return False
        return verdict.signature in self._by_signature or (
            verdict.verdict is Verdict.EFFECT_CHANGED
            and placeless_signature(verdict) in self._placeless
        )

    def marked(self, finding: Finding) -> Finding:
        """Return ``finding`` marked approved or not, and with what the approval did not know."""
        named = self._by_signature.get(finding.signature)
        if finding.verdict is not Verdict.EFFECT_CHANGED or (named and finding.paths):
            return with_approval(finding, named)
        placeless = finding.placeless_signature or finding.signature
        return _by_its_states(finding, self._placeless.get(placeless, []))


def is_about(approval: Approval, finding: Finding) -> bool:
    """Return whether ``approval`` names ``finding``, be it with the places of its state or not."""
    named = {approval.signature, approval.placeless_signature} - {None}
    return bool(named & {finding.signature, finding.placeless_signature})


def approve_verdict(verdict: CallVerdict, approvals: Iterable[Approval]) -> CallVerdict:
    """Return ``verdict``, marked approved when an approval names its finding."""
    named = verdict.signature is not None and any(
        approval.signature == verdict.signature for approval in approvals
    )
    return verdict.model_copy(update={"approved": True}) if named else verdict


def apply_approvals(
    verdicts: Sequence[CallVerdict], findings: Sequence[Finding], approvals: Iterable[Approval]
) -> tuple[list[CallVerdict], list[Finding]]:
    """Return both with the approved ones marked: a call where its finding is.

    An approval holds for one signature: other paths, another error or another verdict of the same
    tool are another finding, and not approved. Calls of no finding here stay as they are marked.
    """
    known = Approvals(approvals)
    marked = [known.marked(finding) for finding in findings]
    approved = {finding.signature: finding.approved for finding in marked}
    return (
        [
            verdict.model_copy(
                update={"approved": approved.get(verdict.signature, verdict.approved)}
            )
            if verdict.signature
            else verdict
            for verdict in verdicts
        ],
        marked,
    )


def with_approval(finding: Finding, approval: Approval | None) -> Finding:
    """Return ``finding`` marked approved or not, and with what the approval did not know.

    It is approved no longer where calls that were approved have changed again, or where calls
    came to it that its run had looked at before. A finding of calls that fail or are rejected
    is not when it has grown at all, has another value in its errors, or has calls that worked where
    all that were approved had failed before.
    """
    if approval is None:
        return finding.model_copy(update={"approved": False, "approval_note": None})
    again = CHANGED_AGAIN if _changed_again(finding, approval) else None
    if (worked := _worked_then(finding, approval)) is not None:
        return _said(finding, worked, None)
    if approval.everywhere:
        return _said(finding, again, _grown(finding, approval))
    grown = _grown(finding, approval)
    if finding.verdict in _ENDING_IN_ERRORS:
        others = _other_errors(finding, approval) or _others_joined(finding, approval)
        return _said(finding, grown or others or again, None)
    if grown is not None and _came_to_it(finding, approval):
        return _said(finding, grown, None)
    if again is None and grown is None:
        again = _others_joined(finding, approval)
    return _said(finding, again, grown and f"{grown} with what was recorded since")


def _said(finding: Finding, why_open: str | None, note: str | None) -> Finding:
    return finding.model_copy(
        update={"approved": why_open is None, "approval_note": why_open or note}
    )


def _by_its_states(finding: Finding, approvals: Sequence[Approval]) -> Finding:
    """Mark an effect approved only where every call of it left the very state that was approved."""
    if not approvals:
        return finding.model_copy(update={"approved": False, "approval_note": None})
    if any(_is_the_same(finding, approval) for approval in approvals):
        return _said(finding, None, None)
    known: dict[str, str] = {}
    for approval in approvals:
        known |= approval.answers
    both = finding.answers.keys() & known.keys()
    if any(finding.answers[call] != known[call] for call in both):
        return _said(finding, CHANGED_AGAIN, None)
    if len(both) == finding.call_count:
        return _said(finding, None, None)
    if finding.paths and not both:  # another effect of the same tool
        return finding.model_copy(update={"approved": False, "approval_note": None})
    calls = _calls(sum(approval.call_count or 0 for approval in approvals))
    why = f"approved for {calls} and the very states that they left, now {finding.call_count:,}"
    return _said(finding, why, None)


def _is_the_same(finding: Finding, approval: Approval) -> bool:
    return (
        approval.all_answers is not None
        and finding.all_calls == approval.all_calls
        and finding.all_answers == approval.all_answers
    )


def _grown(finding: Finding, approval: Approval) -> str | None:
    known = approval.call_count
    if known is None or finding.call_count <= known:
        return None
    return f"approved for {_calls(known)}, now {finding.call_count:,}"


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number:,} calls"


def _other_errors(finding: Finding, approval: Approval) -> str | None:
    if approval.call_count is None or set(finding.error_hashes) <= set(approval.error_hashes):
        return None
    return "approved with other values in its errors"


def _worked_then(finding: Finding, approval: Approval) -> str | None:
    """Say that calls which worked end so now, where all that were approved had failed before."""
    hashes = approval.error_hashes
    if finding.verdict not in BREAKING or not hashes:
        return None
    if not all(one.startswith(FAILED_THEN) for one in hashes):
        return None
    return (
        "approved for calls that had failed when they were recorded; now calls that worked end so"
    )


def _others_joined(finding: Finding, approval: Approval) -> str | None:
    """Say that other calls have it, no more than before, that the approved run had looked at."""
    if approval.call_count is None or not _was_looked_at(finding, approval):
        return None
    return f"approved for {_calls(approval.call_count)}, now for others"


def _came_to_it(finding: Finding, approval: Approval) -> bool:
    """Whether calls are part of a finding now that the approved run saw, and that were not then.

    Known of every call where none of them was recorded since; else of those that are remembered.
    """
    until = _seconds(approval.recorded_until or approval.approved_at)
    newest = _seconds(finding.newest_start)
    if until is None or newest is None or newest <= until:
        return True
    return _was_looked_at(finding, approval)


def _was_looked_at(finding: Finding, approval: Approval) -> bool:
    """Whether one of the calls that are remembered was looked at then, and was no part of it."""
    until = _seconds(approval.recorded_until or approval.approved_at)
    if until is None or not approval.answers:
        return False
    knows_all = len(approval.answers) == approval.call_count
    last = max(approval.answers, default="")
    for call, start in finding.starts.items():
        was_looked_at = (began := _seconds(start)) is None or began <= until
        if was_looked_at and call not in approval.answers and (knows_all or call < last):
            return True
    return False


def _seconds(moment: str | None) -> float | None:
    try:
        return epoch_s(moment) if moment else None
    except ValueError:
        return None


def _changed_again(finding: Finding, approval: Approval) -> bool:
    both = finding.answers.keys() & approval.answers.keys()
    if any(finding.answers[call] != approval.answers[call] for call in both):
        return True
    same_calls = approval.all_calls is not None and finding.all_calls == approval.all_calls
    return same_calls and finding.all_answers != approval.all_answers
