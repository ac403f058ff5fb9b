"""Words of breakpoints and watches: their lines in lists, and why a step was stopped at."""

from __future__ import annotations

from collections.abc import Sequence

from replay.records import JsonObject
from replay.stepping.breakpoints import Breakpoint
from replay.stepping.conditions import Values
from replay.stepping.watches import Series, Watch
from tui.rows.stop_search import Looked, StopFound
from tui.views.json_entries import json_text
from tui.views.parts import Part, count, cut, fit, printable
from tui.views.signs import outcome_sign


def values_words(values: Values | None) -> str:
    """Return what a watch shows on one line."""
    if values is None:
        return "no value yet"
    if not values:
        return "(not there)"
    return ", ".join(json_text(value) for value in values)


def change_parts(watch: Watch, series: Series, index: int) -> list[Part]:
    """Return how a watched value changed at a step."""
    before, after = series.before_change(index), series.at(index)
    return [
        (f" ~ {cut(printable(watch.expression.text), 32)} ", "accent"),
        (f"{cut(values_words(before), 20)} → {cut(values_words(after), 20)}", "strong"),
    ]


def watch_rows(
    watches: Sequence[Watch],
    series: Sequence[Series],
    index: int,
    numbers: Sequence[int],
    *,
    is_replaying: bool,
) -> list[list[Part]]:
    """Return a line for each watch: its value at the step at ``index``, and where it changes.

    ``numbers``: of the steps. ``is_replaying``: the world is not known yet, but will be.
    """
    is_known = len(series) == len(watches)
    known = list(series) if is_known else [Series((), ())] * len(watches)
    room = min(44, max((len(one.expression.text) for one in watches), default=0))
    return [
        _watch_row(watch, one, index, numbers, room, is_known=is_known, is_replaying=is_replaying)
        for watch, one in zip(watches, known, strict=True)
    ]


def _watch_row(
    watch: Watch,
    series: Series,
    index: int,
    numbers: Sequence[int],
    room: int,
    *,
    is_known: bool,
    is_replaying: bool,
) -> list[Part]:
    changed = series.changed_last(index)
    is_here = changed is not None and changed == index
    sign: Part = ("~ ", "accent strong") if is_here else ("  ", "")
    name = fit(printable(watch.expression.text), room)
    if not series.indexes and watch.is_of_world:
        words = "replaying the trace…" if is_replaying else "the world is not known"
        return [sign, (name, "key"), (f"  {words}", "dim")]
    if not series.indexes:
        words = "no step of this trace has it" if is_known else "looking through the steps…"
        return [sign, (name, "key"), (f"  {words}", "dim")]
    value = values_words(series.at(index))
    parts: list[Part] = [sign, (name, "key"), (f"  {cut(value, 60)}", "string")]
    if is_here:
        parts.append((f"  was {cut(values_words(series.before_change(index)), 40)}", "strong"))
    elif changed is not None:
        parts.append((f"  since {_number(numbers, changed)}", "dim"))
    following = series.next_change(index, 1)
    if following is not None:
        parts.append((f"  next change {_number(numbers, following)}", "dim"))
    return parts


def _number(numbers: Sequence[int], index: int) -> str:
    return "the start" if index < 0 else str(numbers[index])


def breakpoint_parts(one: Breakpoint, number: int, width: int) -> list[Part]:
    """Return one breakpoint: whether it counts, its condition, which hits."""
    sign: Part = ("● ", "bad") if one.is_enabled else ("○ ", "dim")
    hits = f"  hit {one.hits}" if one.hits else ""
    room = max(8, width - 8 - len(hits))
    role = "" if one.is_enabled else "dim"
    text = cut(printable(one.condition.text), room)
    return [(f"{number:>3} ", "dim"), sign, (text, role), (hits, "accent")]


def watch_parts(one: Watch, number: int, width: int) -> list[Part]:
    """Return one watch of the list of them: whether its changes stop, and its expression."""
    sign: Part = ("~ ", "accent") if one.stops else ("  ", "")
    tail = "" if one.stops else "  only shown"
    room = max(8, width - 8 - len(tail))
    text = cut(printable(one.expression.text), room)
    return [(f"{number:>3} ", "dim"), sign, (text, ""), (tail, "dim")]


def found_parts(found: StopFound, width: int) -> list[Part]:
    """Return one stop of many traces: whose, at which step, and what it is there."""
    step = found.step
    id_width = 26 if width >= 100 else 20
    sign, role = outcome_sign(step.outcome) if step.kind == "tool" else ("◆", "dim")
    parts: list[Part] = [
        (f" {fit(printable(found.trace_id), id_width)} ", "strong"),
        (f"{step.number:>5}  ", "dim"),
        (f"{sign} ", role),
        (fit(printable(step.name), 22) + " ", ""),
    ]
    if found.after is None:
        return parts
    room = max(8, (width - id_width - 36) // 2)
    before, after = values_words(found.before), values_words(found.after)
    return [*parts, (cut(before, room), "removed"), (" → ", "dim"), (cut(after, room), "added")]


def found_value(found: StopFound) -> JsonObject:
    """Return one stop as JSON."""
    told: JsonObject = {
        "trace": found.trace_id,
        "step": found.step.number,
        "name": found.step.name,
        "outcome": found.step.outcome,
    }
    if found.after is not None:
        told |= {"before": found.before, "after": found.after}
    return told


def looked_parts(looked: Looked, many: int, *, is_looking: bool, noun: str) -> list[Part]:
    """Return how many traces were looked at, what was found, and of how many nobody knows."""
    found = f"{count(looked.stop_count, noun)} in {count(looked.fitting_count, 'trace')}"
    if is_looking:
        head: list[Part] = [
            ("looking… ", "accent"),
            (f"{looked.trace_count:,} of {many:,} traces", ""),
        ]
        tail: list[Part] = [("   esc ends it", "dim")]
    else:
        is_all = looked.trace_count == many
        seen = count(many, "trace") if is_all else f"{looked.trace_count:,} of {many:,} traces"
        head, tail = [(f"{seen} looked at", "strong")], []
        if looked.is_cut:
            tail = [("   and no more are shown: filter the list first", "warn")]
    parts = [*head, (f"   {found}", "good" if looked.stop_count else ""), *tail]
    if looked.unknown:
        reason, _ = max(looked.unknown.items(), key=lambda one: one[1])
        number = sum(looked.unknown.values())
        words = f"   the world of {count(number, 'trace')} is not known: "
        parts += [(words, "warn"), (printable(reason), "dim")]
    return parts
