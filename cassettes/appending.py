"""What is on a cassette after new interactions were appended to it: one order, one time line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cassettes.interaction import Interaction


def in_asked_order(
    kept: Iterable[Interaction],
    asked: Iterable[Interaction],
    *,
    old: int,
    on_one_clock: bool = False,
) -> list[Interaction]:
    """Return what was ``kept``, numbered anew in the order in which it was ``asked``.

    What was not asked this time stays behind what it used to follow. ``old`` is the number of the
    first new one: it is moved to where the one before it ended, since its own offset was taken on
    another time line, unless all are ``on_one_clock``.
    """
    recorded = sorted(kept, key=lambda one: one.sequence)
    known = {id(one) for one in recorded}
    order = [one for one in asked if id(one) in known]
    placed = {id(one) for one in order}
    before: Interaction | None = None
    for one in recorded:
        if id(one) not in placed:
            order.insert(0 if before is None else _place_of(before, order) + 1, one)
        before = one
    found: list[Interaction] = []
    for number, one in enumerate(order):
        offset_ms = one.offset_ms
        if one.sequence >= old:
            before_ms = found[-1].ended_ms if found else 0.0
            offset_ms = max(offset_ms, before_ms) if on_one_clock else before_ms
        found.append(replace(one, sequence=number, offset_ms=round(offset_ms, 3)))
    return found


def _place_of(wanted: Interaction, order: list[Interaction]) -> int:
    return next(place for place, one in enumerate(order) if one is wanted)
