"""What differs in one call, in words: the verdict's own line says it, as a finding's title does."""

from __future__ import annotations

from typing import Final

from replay.records import CallVerdict, Verdict
from replay.verdicts import paths
from replay.verdicts.paths import general_path
from replay.verdicts.titles import title
from replay.verdicts.wording import shown_value

_SAYS_NOTHING: Final = frozenset(
    {
        Verdict.SAME,
        Verdict.EQUIVALENT,
        Verdict.SERVED,
        Verdict.NOT_RUN,  # its note is below
        Verdict.NOT_DETERMINISTIC,
    }
)


def what_differs(verdict: CallVerdict) -> str:
    """Return what is different in this call, from its verdict's changes; ``""``: nothing is.

    The words are those of a finding of this one call, without the tool; one member that came or
    went is named.
    """
    if verdict.verdict in _SAYS_NOTHING:
        return ""
    said = _one_member(verdict)
    if said:
        return said
    _, _, said = title([verdict]).partition(": ")
    head, colon, reason = said.partition(": ")
    return reason if colon and head == "now rejected" else said


def _one_member(verdict: CallVerdict) -> str:
    if verdict.verdict != Verdict.RESPONSE_CHANGED or len(verdict.changes) != 1:
        return ""
    change = verdict.changes[0]
    path = general_path(change.path)
    value = shown_value(change.recorded if change.change == "removed" else change.replayed)
    if value is None or not path.endswith("[*]") or not paths.split(change.path):
        return ""
    home = path.removesuffix("[*]")
    named = f"`{home}`" if home else "the list"
    if change.change == "removed":
        return f"{value} is gone from {named}"
    return f"{value} is new in {named}" if change.change == "added" else ""
