"""Values at the limits that a schema names, and one step to either side of each."""

from __future__ import annotations

from collections.abc import Sequence

from replay.fuzzing import hostile
from replay.records import JsonObject

_COUNT_MAX = 70_000
"""A `maxLength` beyond it is not tried: the payload would say nothing that this one does not."""


def numbers_around(parts: Sequence[JsonObject], value: float) -> list[int | float]:
    """Return numbers at and beside every limit of ``parts``; those of machines where there is none.

    Numbers stay whole where ``value`` is.
    """
    step = next((part["multipleOf"] for part in parts if part.get("multipleOf")), None)
    is_whole = isinstance(value, int)
    width = step or (1 if is_whole else 0.01)
    found: list[int | float] = []
    for part in parts:
        for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            limit = part.get(name)
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                found += [limit - width, limit, limit + width]
    if step is not None:
        found += [step, step * 2, step * 1.5]
    return found + [one for one in hostile.NUMBERS if isinstance(one, int) or not is_whole]


def counts_around(parts: Sequence[JsonObject], what: str) -> list[int]:
    """Return lengths at and beside ``min``/``max`` + ``what`` (``Length``, ``Items``)."""
    found = set()
    for part in parts:
        for name in (f"min{what}", f"max{what}"):
            limit = part.get(name)
            if isinstance(limit, int):
                found |= {limit - 1, limit, limit + 1}
    usual = (0, 1, 2, *hostile.LENGTHS[:3]) if what == "Length" else (0, 1, 2, 100)
    return sorted(one for one in (found or usual) if 0 <= one <= _COUNT_MAX) or [0]
