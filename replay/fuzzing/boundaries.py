"""Values at the limits that a schema names, and one step to either side of each."""

from __future__ import annotations

from collections.abc import Sequence

from replay.fuzzing import hostile
from replay.records import JsonObject

_COUNT_MAX = 70_000
"""A `maxLength` beyond it is not tried: the payload would say nothing that this one does not."""


def numbers_around(parts: Sequence[JsonObject], value: float) -> list[int | float]:
    """Return numbers at every limit of ``parts``, then beside them, then those of machines.

    Numbers stay whole where ``value`` is.
    """
    step = next((part["multipleOf"] for part in parts if part.get("multipleOf")), None)
    is_whole = isinstance(value, int)
    limits = _limits(parts, ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
    found = _around(limits, step or (1 if is_whole else 0.01))
    if step is not None:
        found += [step, step * 2, step * 1.5]
    found += [one for one in hostile.NUMBERS if isinstance(one, int) or not is_whole]
    return list(dict.fromkeys(found))


def counts_around(parts: Sequence[JsonObject], what: str) -> list[int]:
    """Return lengths at ``min``/``max`` + ``what`` (``Length``, ``Items``), then beside them."""
    found = _around(_limits(parts, (f"min{what}", f"max{what}")), 1)
    usual = (0, 1, 2, *hostile.LENGTHS[:3]) if what == "Length" else (0, 1, 2, 100)
    counts = [int(one) for one in found or usual if 0 <= one <= _COUNT_MAX]
    return list(dict.fromkeys(counts)) or [0]


def _limits(parts: Sequence[JsonObject], names: Sequence[str]) -> list[int | float]:
    found = [part.get(name) for part in parts for name in names]
    return [one for one in found if isinstance(one, int | float) and not isinstance(one, bool)]


def _around(limits: Sequence[int | float], width: float) -> list[int | float]:
    outside = [one for limit in limits for one in (limit - width, limit + width)]
    return [*limits, *outside]
