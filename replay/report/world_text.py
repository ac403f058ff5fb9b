"""`replay world`: the world of a trace as text, step by step, and the values that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replay.records import JsonValue
from replay.report.change_lines import one_value
from replay.report.ink import Ink, count, cut, plain
from replay.stepping.conditions import Values
from replay.stepping.watches import Series, Watch
from replay.stepping.worlds import NOTHING, State, WorldChange, WorldHistory, WorldStep

_CHANGES_MAX: Final = 12
"""More changes of one step are counted."""


def world_lines(history: WorldHistory, *, width: int, ink: Ink, show_all: bool) -> list[str]:
    """Return the start, and what each step changed; ``show_all``: every change, nothing counted."""
    lines = [cut(f"start  {_about(history.start)}", width)]
    for step in sorted(history.steps, key=lambda one: one.step_number):
        lines += _step_lines(step, width, ink, None if show_all else _CHANGES_MAX)
    return lines


def watch_lines(
    watches: Sequence[Watch],
    series: Sequence[Series],
    numbers: Sequence[int],
    *,
    width: int,
    ink: Ink,
) -> list[str]:
    """Return, of each watch, its values and the steps from which on it had them.

    ``numbers``: the steps' numbers by their places in ``series``.
    """
    lines: list[str] = []
    for watch, one in zip(watches, series, strict=True):
        lines.append(ink.paint(cut(plain(watch.expression.text), width), "bold"))
        if not any(one.values):
            lines.append("  it is nowhere in this trace")
            continue
        for place, values in zip(one.indexes, one.values, strict=True):
            where = "start" if place < 0 else f"{numbers[place]:>5}"
            lines.append(cut(f"  {where}  {values_words(values)}", width))
    return lines


def values_words(values: Values) -> str:
    """Return what a watch shows: its value, several of them, or that there is none."""
    if not values:
        return "(not there)"
    return ", ".join(one_value(value) for value in values)


def change_words(change: WorldChange) -> str:
    """Return a change on one line: ``orders['W1'].status: "open" → "sent"``."""
    label = f"{change.path}: " if change.parts else ""
    if change.before is NOTHING:
        return f"{label}{_shown(change.after)}"
    if change.after is NOTHING:
        return f"{label}{_shown(change.before)}"
    return f"{label}{_shown(change.before)} → {_shown(change.after)}"


def change_sign(change: WorldChange) -> tuple[str, str]:
    """Return the sign and the colour of a change."""
    if change.before is NOTHING:
        return "+", "green"
    return ("-", "red") if change.after is NOTHING else ("~", "yellow")


def _step_lines(step: WorldStep, width: int, ink: Ink, most: int | None) -> list[str]:
    title = f"{step.step_number:>5}  {plain(step.tool)}"
    if step.changes is None:
        return [cut(f"{title}  {step.note or 'not known'}", width)]
    if not step.changes:
        return [cut(title, width - 18) + ink.paint("  changes nothing", "dim")]
    lines = [cut(title, width)]
    for change in step.changes[:most]:
        sign, color = change_sign(change)
        lines.append(ink.paint(cut(f"       {sign} {change_words(change)}", width), color))
    left = len(step.changes) - len(lines) + 1
    if left:
        lines.append(ink.paint(f"       … {count(left, 'more change')}: --all", "dim"))
    return lines


def _about(state: State) -> str:
    if state is NOTHING:
        return "nothing is known of it: no call was replayed"
    if isinstance(state, dict):
        return ", ".join(_sized(key, value) for key, value in state.items()) or "{}"
    return _shown(state)


def _sized(key: str, value: JsonValue) -> str:
    if isinstance(value, (dict, list)):
        return f"{plain(key)} ({len(value):,})"
    return f"{plain(key)} {cut(one_value(value), 24)}"


def _shown(state: State) -> str:
    return "" if state is NOTHING else one_value(state)
