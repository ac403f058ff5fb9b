"""One line of each list, in the columns that its width has room for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from replay.records.codes import outcome_words
from tui.rows.steps import StepList, StepRow
from tui.rows.traces import TraceLine
from tui.views.parts import Part, cut_middle, fit, lasted, printable
from tui.views.signs import (
    NOT_REPLAYED,
    UNDER_WAY,
    WORD_MAX,
    outcome_sign,
    outcome_word,
    verdict_sign,
    verdict_word,
    worst_sign,
)

TRACE_COLUMNS_WIDE = 100
_TRACE_FIXED: Final = 36
"""Columns of a trace's line besides its names and what the user asked."""
_TRACE_ROOMY: Final = 120
"""From here on the names get more."""
_ID_MIN: Final = 20
_ASKED_MIN: Final = 12
"""Fewer columns than that say nothing: the trace's id is to have them."""
_VERDICT_WIDTH = 4 + WORD_MAX
_MODEL_NAME_MIN = 48
"""A model's own name where there is room for it; it is in the detail's title anyway."""


@dataclass(frozen=True, slots=True)
class _TraceColumns:
    """How wide the columns of the list of traces are; 0: there is no room for it."""

    trace: int
    app: int
    model: int
    has_asked: bool

    @classmethod
    def of(cls, width: int) -> _TraceColumns:
        """Share what the fixed ones leave: names first, then the words of the user."""
        if width < TRACE_COLUMNS_WIDE:
            left = width - _TRACE_FIXED
            has_asked = left - _ID_MIN >= _ASKED_MIN
            return cls(_ID_MIN if has_asked else max(_ID_MIN, left), 0, 0, has_asked)
        more = max(0, width - _TRACE_ROOMY)
        return cls(26 + min(14, more // 4), 12 + min(4, more // 8), 18 + min(10, more // 6), True)


def trace_header(width: int, sort: str = "started", *, is_falling: bool = True) -> list[Part]:
    """Return the names above the list of traces; the one that it is sorted by is marked.

    Every name has a column of its own for the arrow after it.
    """
    return [
        part
        for parts, _ in trace_header_words(width, sort, is_falling=is_falling)
        for part in parts
    ]


def trace_header_words(width: int, sort: str, *, is_falling: bool) -> list[tuple[list[Part], str]]:
    """Return `trace_header` column by column, each with the name to sort by; empty: none."""
    columns = _TraceColumns.of(width)
    names = [("today", 7), ("started", 12), ("trace", columns.trace + 1)]
    if columns.app:
        names += [("app", columns.app + 1), ("model", columns.model + 1)]
    names += [("calls", 7), ("not ok", 8)]
    words: list[tuple[list[Part], str]] = [([(" ", "")], "")]
    for name, room in names:
        if name == sort:
            said = [(f"{name}{'↓' if is_falling else '↑'}".ljust(room), "accent")]
        else:
            said = [(name.ljust(room), "dim")]
        words.append((said, name))
    return [*words, ([("asked", "dim")], "")] if columns.has_asked else words


def trace_parts(line: TraceLine, width: int) -> list[Part]:
    """Return one trace: verdict, when, what, how much, and what the user asked.

    Ids that begin alike are told apart by their end: it is the middle that is left out.
    """
    columns = _TraceColumns.of(width)
    live: Part = (f"{UNDER_WAY[0]} ", "warn") if line.is_live else ("  ", "")
    sign, role = worst_sign(line.verdicts)
    failed = line.failed_count
    started = line.started_at[5:16].replace("T", " ")
    name = fit(cut_middle(printable(line.id), columns.trace), columns.trace)
    parts: list[Part] = [
        live,
        (f"{sign}     ", f"{role} strong"),
        (f"{started} ", "dim"),
        (name + " ", "strong" if failed or line.verdicts else ""),
    ]
    if columns.app:
        parts.append((fit(printable(line.app or line.source), columns.app) + " ", ""))
        parts.append((fit(printable(line.model or ""), columns.model) + " ", "dim"))
    parts.append((f"{line.tool_call_count:>5,}  ", ""))
    parts.append((f"{failed or '-':>6}  ", "bad" if failed else "dim"))
    if columns.has_asked:
        parts.append((printable(line.asked or ""), ""))
    return parts


NO_MARK: Part = (" ", "")


def step_parts(
    steps: StepList, index: int, width: int, *, is_here: bool, mark: Part = NO_MARK
) -> list[Part]:
    """Return one step: outcome, what it is, how long, and today's verdict beside it.

    ``mark``: the sign of what stops there, one column.
    """
    step = steps.steps[index]
    parts: list[Part] = [
        ("»" if is_here else " ", "accent"),
        (f"{step.number:>4}", "dim"),
        mark,
        _brace(steps, index),
    ]
    lasted_width = 8 if steps.has_durations else 0
    room = width - 7 - lasted_width - (_VERDICT_WIDTH if steps.run is not None else 0)
    parts += _model_words(step, room) if step.kind == "model" else _tool_words(step, room)
    parts.append((f"{lasted(step.duration_ms):>{lasted_width}}", "dim"))
    if steps.run is None or step.kind == "model":
        return parts
    verdict = steps.verdicts.get(step.key)
    if verdict is None:
        return [*parts, (f"  {NOT_REPLAYED[0]}", "dim")]
    sign, role = verdict_sign(verdict.verdict, approved=verdict.approved)
    loud = "strong" if verdict.is_divergence else ""
    if verdict.conditional:
        role, loud = "dim", ""
    word = verdict_word(verdict.verdict, approved=verdict.approved)
    return [*parts, (f"  {sign} {word}", f"{role} {loud}")]


def _tool_words(step: StepRow, room: int) -> list[Part]:
    sign, role = outcome_sign(step.outcome)
    name = printable(step.name) + ("" if step.actor == "assistant" else f" ({step.actor})")
    parts: list[Part] = [(f"{sign} ", f"{role} strong")]
    room = max(8, room - 2)
    if not step.is_error:
        return [*parts, (fit(name, room), "")]
    word = outcome_word(step.outcome)
    left = room - cell_len(name)
    if left <= len(word):  # the sign says it too
        return [*parts, (fit(name, room), "strong")]
    return [*parts, (name, "strong"), (fit(f" {word}", left), role)]


def _brace(steps: StepList, index: int) -> Part:
    """The calls of one model output hang together."""
    step = steps.steps[index]
    if step.siblings < 2:
        return (" ", "")
    above = _is_sibling(steps, index, index - 1)
    below = _is_sibling(steps, index, index + 1)
    if above and below:
        return ("├", "accent")
    return ("└" if above else "┌" if below else "┊", "accent")


def _is_sibling(steps: StepList, index: int, other: int) -> bool:
    if not 0 <= other < len(steps.steps):
        return False
    return steps.steps[other].model_call == steps.steps[index].model_call


def _model_words(step: StepRow, room: int) -> list[Part]:
    if step.outcome != "ok":
        sign, role = outcome_sign(step.outcome)
        return [
            (f"{sign} ", f"{role} strong"),
            (fit(f"model {outcome_words(step.outcome)}", room - 2), role),
        ]
    name = printable(step.name) + " " if room >= _MODEL_NAME_MIN else ""
    words = f"→ {printable(step.said)}" if step.said else "answers"
    said = fit(name + words, max(8, room - 2))
    return [("◆ ", "assistant"), (said[: len(name)], "assistant"), (said[len(name) :], "dim")]
