"""A what-if as text: what was edited, every call as today and as edited, the differences."""

from __future__ import annotations

from replay.records import Branch, BranchStep, CallVerdict, Edit, ReplayRun
from replay.records.codes import outcome_words
from replay.report.change_lines import full_lines
from replay.report.ink import Ink, cut, plain, wrap
from replay.report.words import VERDICT_WORDS, color, sign

CONDITIONAL = (
    "The recorded model outputs stand: what the model would have said to this, nobody knows. "
    "The calls after the first that differs are conditional."
)


def render_branch(run: ReplayRun, *, width: int = 80, colored: bool = False) -> str:
    """Return the branch of a what-if run: its edits, its calls, and what the edits change."""
    branch = run.branch
    assert branch is not None
    ink = Ink(colored)
    lines = [ink.paint(cut(f"What if, in trace {branch.trace_id}:", width), "bold")]
    for edit in branch.edits:
        lines += _edit_lines(edit, width, ink)
    lines += ["", *_table(branch, width, ink)]
    differing = [step for step in branch.steps if step.differs]
    for step in branch.steps:
        if step.differs or step.gone:
            lines += ["", *_step_lines(step, width, ink)]
    lines += ["", *wrap(summary(branch), width, hang="")]
    if differing:
        lines += wrap(CONDITIONAL, width, hang="")
    return "\n".join(lines)


def summary(branch: Branch) -> str:
    """Return in one sentence what the edits change."""
    differing = [step for step in branch.steps if step.differs]
    if not differing:
        return "The edit makes no difference: every call answers as it does today without it."
    steps = ", ".join(str(step.edited.step_number) for step in differing)
    if len(differing) == 1:
        return f"1 call of {len(branch.steps)} differs by it: step {steps}."
    return f"{len(differing):,} calls of {len(branch.steps)} differ by it: steps {steps}."


def gone_words(step: BranchStep) -> str:
    """Return which arguments stood in an answer that, in the branch, no longer says them."""
    named = ", ".join(f"`{path}`" for path in step.gone[:6])
    more = f" and {len(step.gone) - 6} more" if len(step.gone) > 6 else ""
    return f"its {named}{more} stood in an answer that no longer says it"


def edit_words(edit: Edit) -> str:
    """Return what an edit is of: ``the arguments of step 3``."""
    what = {
        "arguments": "the arguments",
        "response": "the response",
        "outside": f"the outside's answer {edit.interaction}",
    }[edit.part]
    return f"{what} of step {edit.step_number}"


def state_words(verdict: CallVerdict) -> str:
    """Return a verdict in few words: ``= same``, ``~ response changed``."""
    return f"{sign(verdict.verdict)} {VERDICT_WORDS[verdict.verdict]}"


def _edit_lines(edit: Edit, width: int, ink: Ink) -> list[str]:
    from replay.verdicts.canonical import read_response
    from replay.verdicts.diffing import diff_values

    def value(of: object) -> object:
        is_text = edit.part == "response" and isinstance(of, str)
        return read_response(of).value if is_text else of  # type: ignore[arg-type]  # a str

    changes = diff_values(value(edit.recorded), value(edit.edited))
    lines = wrap(edit_words(edit), width, indent="  ")
    return lines + [f"    {line}" for line in full_lines(changes, width=width - 4, ink=ink)]


def _table(branch: Branch, width: int, ink: Ink) -> list[str]:
    edited = {edit.step_number for edit in branch.edits}
    names = [plain(step.edited.tool) for step in branch.steps]
    room = max(8, min(max(map(len, names), default=8), width - 52))
    lines = [ink.paint(f"   step  {'tool':<{room}}  {'today':<20}  edited", "dim")]
    for step, name in zip(branch.steps, names, strict=True):
        number = step.edited.step_number
        mark = "✎" if number in edited else "≠" if step.differs else "?" if step.gone else " "
        head = f" {mark} {number:>4}  {cut(name, room):<{room}}  "
        today = cut(state_words(step.today), 20)
        after = state_words(step.edited) if step.differs else "as today"
        after += ", conditional" if step.differs and step.edited.conditional else ""
        text = cut(after, max(8, width - len(head) - 22))
        painted = ink.paint(text, color(step.edited.verdict)) if step.differs else text
        lines.append(f"{head}{today:<20}  {painted}")
    return lines


def _step_lines(step: BranchStep, width: int, ink: Ink) -> list[str]:
    edited, today = step.edited, step.today
    said = VERDICT_WORDS[edited.verdict] if step.differs else "as today"
    lines = [ink.paint(cut(f"{edited.step_number} {plain(edited.tool)}: {said}", width), "bold")]
    if step.gone:
        lines += wrap(plain(gone_words(step)), width, indent="  ")
    if not step.differs:
        return lines
    for name, verdict in (("today", today), ("edited", edited)):
        result = verdict.replayed
        if result is None:
            lines += wrap(f"{name}: not judged. {plain(verdict.note or '')}", width, indent="  ")
        elif result.error is not None:
            ended = outcome_words(result.outcome)
            said = f"{name}: {ended}, {result.error.type}: {result.error.message}"
            lines += wrap(plain(said), width, indent="  ")
    if step.changes:
        lines.append(ink.paint("  today's response, and the edited branch's:", "dim"))
        lines += [f"    {line}" for line in full_lines(step.changes, width=width - 4, ink=ink)]
    same = (
        not edited.changes
        and edited.replayed is not None
        and edited.recorded_outcome == (edited.replayed.outcome)
    )
    if same:
        lines.append("  It answers as it was recorded.")
    elif edited.changes and edited.changes != step.changes:
        lines.append(ink.paint("  the recorded response, and the edited branch's:", "dim"))
        lines += [f"    {line}" for line in full_lines(edited.changes, width=width - 4, ink=ink)]
    for change in edited.interaction_changes:
        lines += wrap(f"outside, {change.change}: {plain(change.request)}", width, indent="  ")
    return lines
