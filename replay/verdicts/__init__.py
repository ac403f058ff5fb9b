"""Recorded against replayed: differences, verdicts, causes, findings, coverage.

``judge_trace`` judges the calls of one trace, ``collect`` gathers verdicts with one cause into
findings, ``exit_code`` says how a run ends its command.
"""

from replay.verdicts.causes import Situation
from replay.verdicts.coverage import Coverage
from replay.verdicts.diffing import diff_values
from replay.verdicts.exit_codes import exit_code, exit_code_of, is_breaking
from replay.verdicts.findings import (
    Findings,
    apply_approvals,
    approve_verdict,
    collect,
    ranked,
    with_approval,
)
from replay.verdicts.overlaps import asked_together, overlapping
from replay.verdicts.rules import Rules
from replay.verdicts.verdict import GREEN, judge, judge_trace

__all__ = [
    "GREEN",
    "Coverage",
    "Findings",
    "Rules",
    "Situation",
    "apply_approvals",
    "approve_verdict",
    "asked_together",
    "collect",
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
