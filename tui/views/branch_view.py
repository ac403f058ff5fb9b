"""An edited branch: its steps beside today's, and one step three ways: recorded, today, edited."""

from __future__ import annotations

from replay.records import Branch, BranchStep, CallVerdict, Edit, ToolCall
from replay.report.what_if_text import CONDITIONAL, edit_words, gone_words, summary
from tui.rows.shared import share_equal
from tui.views.diff_entries import diff_entries
from tui.views.entries import Entry
from tui.views.json_entries import json_entries
from tui.views.parts import Part, fit, printable
from tui.views.signs import verdict_sign, verdict_word, verdict_words


def branch_step_parts(branch: Branch, index: int, width: int) -> list[Part]:
    """Return one call of a branch as a line: what is edited, what it is today, what it becomes."""
    step = branch.steps[index]
    number = step.edited.step_number
    is_edited = any(edit.step_number == number for edit in branch.edits)
    mark = "✎" if is_edited else "≠" if step.differs else "?" if step.gone else " "
    room = max(8, width - 32)
    parts: list[Part] = [
        (f"{mark} ", "accent" if is_edited else "warn"),
        (f"{number:>4} ", "dim"),
        (fit(printable(step.edited.tool), room), "strong" if step.differs else ""),
        (" ", ""),
        _state(step.today, 11),
        (" ", ""),
    ]
    parts.append(_state(step.edited, 11) if step.differs else ("as today", "dim"))
    return parts


def branch_step_entries(branch: Branch, step: BranchStep, call: ToolCall | None) -> list[Entry]:
    """Return one call three ways, with what the edit is."""
    from replay.verdicts.canonical import read_response

    number = step.edited.step_number
    entries: list[Entry] = []
    for edit in branch.edits:
        if edit.step_number == number:
            entries += _edit_entries(edit)
    recorded = None if call is None else read_response(call.response).value
    today = share_equal(recorded, _told(step.today, call))
    edited = share_equal(today, _told(step.edited, call))
    entries += _ended(step, call)
    if step.gone:
        entries.append(Entry((("? ", "unsure"), (printable(gone_words(step)), ""))))
    if not step.differs:
        entries += [_gap(), Entry((("The edit makes no difference to this call.", "good"),))]
    else:
        entries += [
            _gap(),
            Entry(
                (
                    ("what the model is told", "strong"),
                    ("   - today", "removed"),
                    ("   + edited", "added"),
                )
            ),
            *diff_entries(today, edited),
        ]
    if recorded is not None:
        entries += [
            _gap(),
            Entry(
                (
                    ("against the recording", "strong"),
                    ("   - recorded", "removed"),
                    ("   + edited", "added"),
                )
            ),
            *diff_entries(recorded, edited),
        ]
        held = json_entries(recorded, label="recorded")[0]
        held.is_open = False
        entries += [_gap(), held]
    if step.differs:
        entries += [_gap(), Entry((("", "dim"),), text=CONDITIONAL, role="dim")]
    return entries


def branch_words(branch: Branch) -> str:
    """Return what was edited, and what that changes."""
    edits = ", ".join(edit_words(edit) for edit in branch.edits)
    return f"{edits} edited. {summary(branch)}"


def _edit_entries(edit: Edit) -> list[Entry]:
    from replay.verdicts.canonical import read_response

    def value(of: object) -> object:
        is_text = edit.part == "response" and isinstance(of, str)
        return read_response(of).value if is_text else of  # type: ignore[arg-type]  # a str

    return [
        Entry(
            (
                ("✎ ", "accent"),
                (f"{edit_words(edit)}", "strong"),
                ("   - recorded", "removed"),
                ("   + edited", "added"),
            )
        ),
        *diff_entries(value(edit.recorded), value(edit.edited)),
        _gap(),
    ]


def _ended(step: BranchStep, call: ToolCall | None) -> list[Entry]:
    lines = []
    if call is not None:
        lines.append(Entry((("recorded  ", "dim"), (str(call.outcome), ""))))
    for name, verdict in (("today     ", step.today), ("edited    ", step.edited)):
        result = verdict.replayed
        if result is None:
            lines.append(Entry(((name, "dim"),), text=f"not run. {verdict.note or ''}"))
            continue
        said = f": {result.error.type}: {result.error.message}" if result.error else ""
        lines.append(
            Entry(((name, "dim"), _state(verdict, 0), ("  ", "")), text=f"{result.outcome}{said}")
        )
    return lines


def _state(verdict: CallVerdict, width: int) -> Part:
    sign, role = verdict_sign(verdict.verdict, approved=False)
    if width:
        return (fit(f"{sign} {verdict_word(verdict.verdict, approved=False)}", width), role)
    return (f"{sign} {verdict_words(verdict.verdict)}", role)


def _told(verdict: CallVerdict, call: ToolCall | None) -> object:
    from replay.verdicts.canonical import read_response

    text = verdict.replayed.response if verdict.replayed else call.response if call else None
    return read_response(text).value


def _gap() -> Entry:
    return Entry((("", ""),))
