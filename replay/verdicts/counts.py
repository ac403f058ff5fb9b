"""Calls counted by verdict, as of now: those that somebody approved since count as approved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from replay.records import Finding

APPROVED: Final = "approved"
"""Stands for a verdict wherever calls are counted: no call has it, only a person gives it."""


def counts_now(counts: Mapping[str, int], findings: Iterable[Finding]) -> dict[str, int]:
    """Return ``counts`` of a run by verdict, without zeros; approved ones last, as ``approved``.

    ``findings``: of the same run, marked as they are now; those not approved may be left out.
    """
    left = dict(counts)
    approved = 0
    for finding in findings:
        if finding.approved:
            verdict = finding.verdict.value
            taken = min(finding.call_count, left.get(verdict, 0))
            left[verdict] = left.get(verdict, 0) - taken
            approved += taken
    counted = {verdict: number for verdict, number in left.items() if number > 0}
    return {**counted, APPROVED: approved} if approved else counted
