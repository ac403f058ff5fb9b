"""What an approval covers, before it is given; and who gave it, when and why, from then on."""

from __future__ import annotations

from replay.records import Approval, Finding
from tui.views.entries import Entry
from tui.views.parts import Part, count, printable


def scope_parts(finding: Finding, width: int) -> list[Part]:
    """Return what approving a finding means, on one line of ``width`` columns."""
    calls, traces = count(finding.call_count, "call"), count(finding.trace_count, "trace")
    said = f"approves {calls} in {traces}, and what is recorded later, until it changes again"
    if finding.verdict == "effect_changed" and not finding.paths:  # nothing tells where it is
        said = f"approves {calls} in {traces} with these very states, and no others"
    more = ("   a takes it back", "dim")
    return [(said, "accent"), *([more] if len(said) + len(more[0]) < width else [])]


def approval_entries(approval: Approval | None) -> list[Entry]:
    """Return who approved something, when and why; nothing where nobody did."""
    if approval is None:
        return []
    by = f"by {printable(approval.approved_by)}, " if approval.approved_by else ""
    at = approval.approved_at[:16].replace("T", " ")
    why = f": {printable(approval.note)}" if approval.note else ", no reason given"
    value = approval.model_dump(
        mode="json", exclude={"answers", "error_hashes", "all_calls", "all_answers"}
    )
    return [Entry((("approved  ", "accent"), (f"{by}{at}{why}", "")), value=value)]
