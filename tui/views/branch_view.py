"""An edited branch: its steps beside today's, and one step three ways: recorded, today, edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from replay.records import Branch, BranchStep, CallVerdict, Edit, JsonValue, ToolCall
from replay.records.codes import outcome_words
from replay.report.what_if_text import CONDITIONAL, edit_words, gone_words, summary
from tui.rows.branches import BranchReader
from tui.rows.shared import share_equal
from tui.views.diff_entries import diff_entries
from tui.views.entries import Entry
from tui.views.json_entries import json_entries
from tui.views.parts import Part, fit, printable
from tui.views.signs import WORD_MAX, verdict_sign, verdict_word, verdict_words

_SIDES: Final = ("recorded", "edited")
_STATE_WIDTH: Final = 2 + WORD_MAX


def branch_step_header(width: int) -> list[Part]:
    """Return the names above the calls of a branch."""
    words = f"{'step':>6}  {'tool':<{_tool_width(width)}} {'today':<{_STATE_WIDTH}} edited"
    return [(words, "dim")]


def _tool_width(width: int) -> int:
    return max(8, width - 2 * _STATE_WIDTH - 10)


def branch_step_parts(branch: Branch, index: int, width: int) -> list[Part]:
    """Return one call of a branch as a line: what is edited, what it is today, what it becomes."""
    step = branch.steps[index]
    number = step.edited.step_number
    is_edited = any(edit.step_number == number for edit in branch.edits)
    mark = "✎" if is_edited else "≠" if step.differs else "?" if step.gone else " "
    parts: list[Part] = [
        (f"{mark} ", "accent" if is_edited else "warn"),
        (f"{number:>4}  ", "dim"),
        (fit(printable(step.edited.tool), _tool_width(width)), "strong" if step.differs else ""),
        (" ", ""),
        _state(step.today, _STATE_WIDTH),
        (" ", ""),
    ]
    parts.append(_state(step.edited, _STATE_WIDTH) if step.differs else ("as today", "dim"))
    return parts


def branch_step_entries(reader: BranchReader, index: int, call: ToolCall | None) -> list[Entry]:
    """Return one call three ways, with what the edit is.

    Raises:
        ReplayError: as `BranchReader.step`.
    """
    held = _Held(reader.read_before)
    recorded = None if call is None else held.told(call.response)
    number = reader.branch.steps[index].edited.step_number
    entries: list[Entry] = []
    for at, edit in enumerate(reader.branch.edits):
        if edit.step_number == number:
            is_told = edit.part == "response"
            sides = [held.value(reader.side(at, side), is_told=is_told) for side in _SIDES]
            entries += [_edit_head(edit), *diff_entries(*sides), _gap()]
    step = reader.step(index)
    today, edited = (held.told(_response(one, call)) for one in (step.today, step.edited))
    entries += _ended(step, call)
    if step.gone:
        entries.append(Entry((("? ", "unsure"), (printable(gone_words(step)), ""))))
    if not step.differs:
        entries += [_gap(), Entry((("The edit makes no difference to this call.", "good"),))]
    else:
        entries += [_gap(), _legend("what the model is told", "today")]
        entries += diff_entries(today, edited)
    if recorded is not None:
        entries += [_gap(), _legend("against the recording", "recorded")]
        entries += diff_entries(recorded, edited)
        folded = json_entries(recorded, label="recorded")[0]
        folded.is_open = False
        entries += [_gap(), folded]
    if step.differs:
        entries += [_gap(), Entry((("", "dim"),), text=CONDITIONAL, role="dim")]
    return entries


class _Held:
    """Values that were read already: what is equal in the next one is held once."""

    def __init__(self, read_before: Callable[[str], JsonValue]) -> None:
        self._read_before = read_before
        self._told: dict[str, JsonValue] = {}
        self._values: list[JsonValue] = []

    def told(self, text: str | None) -> JsonValue:
        """Return what a text says that the model is told; the same text is read once."""
        from replay.verdicts.canonical import read_response

        if text is None:
            return None
        if text not in self._told:
            known = self._read_before(text)
            if known is None:
                known = self.value(read_response(text).value)
            else:
                self._values.append(known)
            self._told[text] = known
        return self._told[text]

    def value(self, value: JsonValue, *, is_told: bool = False) -> JsonValue:
        """Return a value that has in common with others what is equal; ``is_told``: or a text."""
        if is_told and isinstance(value, str):
            return self.told(value)
        for held in self._values:
            value = share_equal(held, value)
            if value is held:
                return value
        self._values.append(value)
        return value


def branch_words(branch: Branch) -> str:
    """Return what was edited, and what that changes."""
    edits = ", ".join(edit_words(edit) for edit in branch.edits)
    return f"{edits} edited. {summary(branch)}"


def _edit_head(edit: Edit) -> Entry:
    words = ("✎ ", "accent"), (edit_words(edit), "strong")
    return Entry((*words, ("   - recorded", "removed"), ("   + edited", "added")))


def _legend(words: str, before: str) -> Entry:
    return Entry(
        ((words, "strong"), (f"   - {before}", "removed"), ("   + edited", "added")),
    )


def _ended(step: BranchStep, call: ToolCall | None) -> list[Entry]:
    lines = []
    if call is not None:
        lines.append(Entry((("recorded  ", "dim"), (outcome_words(call.outcome), ""))))
    for name, verdict in (("today     ", step.today), ("edited    ", step.edited)):
        result = verdict.replayed
        if result is None:
            lines.append(Entry(((name, "dim"),), text=f"not judged. {verdict.note or ''}"))
            continue
        said = f": {result.error.type}: {result.error.message}" if result.error else ""
        lines.append(
            Entry(
                ((name, "dim"), _state(verdict, 0), ("  ", "")),
                text=f"{outcome_words(result.outcome)}{said}",
            )
        )
    return lines


def _state(verdict: CallVerdict, width: int) -> Part:
    sign, role = verdict_sign(verdict.verdict, approved=False)
    if width:
        return (fit(f"{sign} {verdict_word(verdict.verdict)}", width), role)
    return (f"{sign} {verdict_words(verdict.verdict)}", role)


def _response(verdict: CallVerdict, call: ToolCall | None) -> str | None:
    return verdict.replayed.response if verdict.replayed else call.response if call else None


def _gap() -> Entry:
    return Entry((("", ""),))
