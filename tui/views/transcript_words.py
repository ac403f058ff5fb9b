"""The words around a transcript: what it is, how many steps, and where one stands."""

from __future__ import annotations

from collections.abc import Sequence

from replay.records.codes import Cause, Verdict, outcome_words
from replay.report.words import cause_words
from tui.rows.steps import StepList, StepRow
from tui.views.feedback_view import feedback_words
from tui.views.parts import Part, count, printable
from tui.views.signs import UNDER_WAY, outcome_sign, verdict_sign, verdict_word


def head_parts(steps: StepList) -> list[Part]:
    """Return what this trace is, and whose verdicts are shown."""
    trace, run = steps.trace, steps.run
    parts: list[Part] = [
        (printable(trace.id), "strong"),
        (f"  {printable(trace.app or trace.source)}", ""),
        (f"  {trace.started_at[5:16].replace('T', ' ')}", "dim"),
    ]
    if trace.ended_at is None and trace.source == "recorded":
        parts.append((f"  {UNDER_WAY[0]} not ended", "warn"))
    if trace.outcome:
        parts.append((f"  {printable(trace.outcome)}", ""))
    if run is not None:
        parts.append((f"   today: {printable(run.toolbox)}", "accent"))
        parts.append((f" {run.started_at[5:16].replace('T', ' ')}", "dim"))
    else:
        parts.append(("   not replayed", "dim"))
    return parts


def counts_words(steps: StepList) -> str:
    """Return how many steps there are, and how many of them are not ok or differ."""
    unfinished = sum(one.outcome == "unfinished" for one in steps.steps)
    failed = sum(one.is_error for one in steps.steps) - unfinished
    differing = sum(one.is_divergence for one in steps.verdicts.values())
    words = [count(len(steps.steps), "step")]
    words += [f"{failed} not ok"] if failed else []
    words += [f"{unfinished} unfinished"] if unfinished else []
    words += [f"{differing} {'differs' if differing == 1 else 'differ'} today"] if differing else []
    return " · ".join(words)


def _first_difference(steps: StepList) -> int | None:
    """Return the first step that differs today and is no consequence of another one."""
    for row in steps.steps:
        verdict = steps.verdicts.get(row.key) if row.kind == "tool" else None
        if verdict is not None and verdict.is_divergence and not verdict.conditional:
            return row.number
    return None


def status_parts(
    steps: StepList, row: StepRow, *, next_divergence: int | None, why: Sequence[Part] = ()
) -> list[Part]:
    """Return where one stands: the step, how it ended, what it is today, what comes next.

    ``why``: what it was stopped at for.
    """
    sign, role = outcome_sign(row.outcome)
    parts: list[Part] = [
        (f"stopped at {row.number}{':' if why else ''}", "strong"),
        *why,
        (f"  {sign} {outcome_words(row.outcome)}", role),
    ]
    verdict = steps.verdicts.get(row.key) if row.kind == "tool" else None
    if verdict is not None:
        sign, role = verdict_sign(verdict.verdict, approved=verdict.approved)
        word = verdict_word(verdict.verdict, approved=verdict.approved)
        parts.append((f"   today {sign} {word}", role))
        if verdict.conditional:
            first = _first_difference(steps)
            where = "" if first is None else f": step {first} differs first"
            parts.append((f" (conditional{where})", "dim"))
        if verdict.is_divergence and verdict.cause not in (None, Cause.UNKNOWN):
            cause, known = Cause(verdict.cause), Verdict(verdict.verdict)
            parts.append((f": {cause_words(cause, known, verdict.error_type)}", ""))
    if row.siblings > 1:
        parts.append((f"   one of {row.siblings} parallel calls", "dim"))
    said = feedback_words(one for one in steps.feedback if one.step_number == row.number)
    if said:
        parts.append((f"   feedback: {said}", "accent"))
    if next_divergence is not None:
        parts.append((f"   next ≠ {next_divergence}", "dim"))
    return parts
