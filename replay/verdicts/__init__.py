"""Recorded against replayed: differences, verdicts, causes, findings, coverage.

``judge_trace`` judges the calls of one trace, ``collect`` gathers verdicts with one cause into
findings, ``exit_code`` says how a run ends its command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.verdicts.approving import (
        Approvals,
        apply_approvals,
        approve_verdict,
        with_approval,
    )
    from replay.verdicts.causes import Situation
    from replay.verdicts.counts import counts_now
    from replay.verdicts.coverage import Coverage
    from replay.verdicts.diffing import diff_values
    from replay.verdicts.exit_codes import exit_code, exit_code_of, is_breaking
    from replay.verdicts.findings import (
        Findings,
        collect,
        ranked,
    )
    from replay.verdicts.overlaps import asked_together, overlapping
    from replay.verdicts.rules import Rules
    from replay.verdicts.trace_verdicts import judge_trace
    from replay.verdicts.verdict import GREEN, judge

__all__ = [
    "GREEN",
    "Approvals",
    "Coverage",
    "Findings",
    "Rules",
    "Situation",
    "apply_approvals",
    "approve_verdict",
    "asked_together",
    "collect",
    "counts_now",
    "diff_values",
    "exit_code",
    "exit_code_of",
    "is_breaking",
    "judge",
    "judge_trace",
    "overlapping",
    "ranked",
    "with_approval",
]

_LAZY = {
    "Approvals": "replay.verdicts.approving",
    "Coverage": "replay.verdicts.coverage",
    "Findings": "replay.verdicts.findings",
    "GREEN": "replay.verdicts.verdict",
    "Rules": "replay.verdicts.rules",
    "Situation": "replay.verdicts.causes",
    "apply_approvals": "replay.verdicts.approving",
    "approve_verdict": "replay.verdicts.approving",
    "asked_together": "replay.verdicts.overlaps",
    "collect": "replay.verdicts.findings",
    "counts_now": "replay.verdicts.counts",
    "diff_values": "replay.verdicts.diffing",
    "exit_code": "replay.verdicts.exit_codes",
    "exit_code_of": "replay.verdicts.exit_codes",
    "is_breaking": "replay.verdicts.exit_codes",
    "judge": "replay.verdicts.verdict",
    "judge_trace": "replay.verdicts.trace_verdicts",
    "overlapping": "replay.verdicts.overlaps",
    "ranked": "replay.verdicts.findings",
    "with_approval": "replay.verdicts.approving",
}


def __getattr__(name: str) -> Any:
    """Import on first use: a screen that writes a path needs no rules and no findings."""
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'replay.verdicts' has no attribute {name!r}")
