"""Which lines of two texts, or elements of two lists, stand beside each other."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from tui.rows.shared import shared_ends, shared_from

_MATCHES_MAX: Final = 200_000
"""Pairs of equal items that difflib looks at; beyond, it is looked near each change."""
_ALIGNED_MAX: Final = 40_000
"""Items of both sides together that difflib aligns."""
_NEAR: Final = 200
"""Items after a change among which the two sides are looked for to go on equally."""
_STEPS_MAX: Final = 5_000
"""Changes that are aligned so; what follows them stands one side below the other."""


class Step(NamedTuple):
    """A stretch of both sides."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int
    is_equal: bool


def aligned(old: Sequence[Any], new: Sequence[Any]) -> list[Step]:
    """Return all of both sides in order, as stretches that are equal or that are not."""
    first, last = shared_ends(old, new)
    old_end, new_end = len(old) - last, len(new) - last
    middle = (old[first:old_end], new[first:new_end])
    steps = _by_neighbours(*middle) if is_costly(*middle) else _by_all(*middle)
    moved = [Step(a + first, b + first, c + first, d + first, same) for a, b, c, d, same in steps]
    ends = (Step(0, first, 0, first, True), Step(old_end, len(old), new_end, len(new), True))
    return [
        step
        for step in (ends[0], *moved, ends[1])
        if step.old_from < step.old_to or step.new_from < step.new_to
    ]


def is_costly(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Say whether difflib would keep somebody waiting: for many equal items, or very many."""
    if len(old) + len(new) > _ALIGNED_MAX:
        return True
    counts = Counter(new)
    return sum(times * counts[item] for item, times in Counter(old).items()) > _MATCHES_MAX


def _by_all(old: Sequence[Any], new: Sequence[Any]) -> list[Step]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [Step(a, b, c, d, word == "equal") for word, a, b, c, d in matcher.get_opcodes()]


def _by_neighbours(old: Sequence[Any], new: Sequence[Any]) -> list[Step]:
    """Align what differs at a few places: after each, both sides go on equally soon."""
    steps: list[Step] = []
    at, other = 0, 0
    while at < len(old) and other < len(new) and len(steps) < _STEPS_MAX:
        same = shared_from(old, at, new, other)
        if same:
            steps.append(Step(at, at + same, other, other + same, True))
        else:
            found = _nearest(old, at, new, other)
            if found is None:
                break
            steps.append(Step(at, found[0], other, found[1], False))
            at, other = found
            continue
        at, other = at + same, other + same
    if at < len(old) or other < len(new):
        steps.append(Step(at, len(old), other, len(new), False))
    return steps


def _nearest(old: Sequence[Any], at: int, new: Sequence[Any], other: int) -> tuple[int, int] | None:
    """Return where both sides go on equally, as near as there is; None: not nearby."""
    places: dict[Any, list[int]] = {}
    for place in range(other, min(other + _NEAR, len(new))):
        places.setdefault(new[place], []).append(place)
    best: tuple[int, int] | None = None
    for place in range(at, min(at + _NEAR, len(old))):
        skipped = place - at
        if best is not None and skipped >= best[0] + best[1] - at - other:
            break
        for there in places.get(old[place], ())[:3]:
            is_nearer = best is None or skipped + there - other < sum(best) - at - other
            if is_nearer and _goes_on(old, place, new, there):
                best = (place, there)
    return best


def _goes_on(old: Sequence[Any], at: int, new: Sequence[Any], other: int) -> bool:
    """Say whether more than one item is equal: blank lines and brackets are everywhere."""
    one, two = old[at : at + 3], new[other : other + 3]
    size = min(len(one), len(two))
    return bool(one[:size] == two[:size])
