"""How a replay run ends its command.

=====  ==================================================================================
0      every verdict is ``same``, ``equivalent`` or approved
1      breaking: today's tools turn away or fail calls that succeeded, or crash
2      a person must look: something changed, or could not be judged
=====  ==================================================================================

A call that is ``served`` says nothing of today's code, and changes no exit code; a run that judged
no call at all could not run (3). Who approves a call that was not run has judged it.

A conditional call breaks nothing by itself unless its cause is known to be today's code or schema:
its model output was made for a world that no longer holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from replay.errors import ExitCode
from replay.records import CallVerdict, Cause, Outcome, Verdict
from replay.verdicts.answers import Ending, ending

BREAKING: Final = frozenset({Verdict.NOW_REJECTED, Verdict.NOW_FAILING})
"""Verdicts on calls that no longer work."""

_TODAYS_DOING: Final = frozenset({Cause.CODE, Cause.SCHEMA, Cause.TRANSLATION})
_GREEN: Final = frozenset({Verdict.SAME, Verdict.EQUIVALENT})
_SETTLED: Final = _GREEN | {Verdict.SERVED}
"""Verdicts that change no exit code."""


def exit_code(verdicts: Iterable[CallVerdict]) -> ExitCode:
    """Return the exit code of a run with these verdicts."""
    worst = ExitCode.OK
    for verdict in verdicts:
        worst = worse(worst, exit_code_of(verdict))
        if worst is ExitCode.BREAKING:
            break
    return worst


def exit_code_of(verdict: CallVerdict) -> ExitCode:
    """Return what one verdict alone would end the run with."""
    if verdict.verdict in _SETTLED or verdict.approved:
        return ExitCode.OK
    return ExitCode.BREAKING if is_breaking(verdict) else ExitCode.NEEDS_A_PERSON


def is_breaking(verdict: CallVerdict) -> bool:
    """Return whether ``verdict`` says that a call which worked no longer does."""
    recorded = verdict.recorded_outcome
    if recorded is not None and ending(recorded) is Ending.FAILING and not _crashes(verdict):
        return False  # it did not work before: it fails at another place
    if verdict.verdict not in BREAKING and not (
        _crashes(verdict) and verdict.verdict not in _GREEN
    ):
        return False
    return not verdict.conditional or verdict.cause in _TODAYS_DOING


def _crashes(verdict: CallVerdict) -> bool:
    return verdict.replayed is not None and verdict.replayed.outcome is Outcome.CRASHED


def worse(one: ExitCode, other: ExitCode) -> ExitCode:
    """Return the worse of two exit codes: breaking, then a person, then none."""
    if ExitCode.BREAKING in (one, other):
        return ExitCode.BREAKING
    return max(one, other)
