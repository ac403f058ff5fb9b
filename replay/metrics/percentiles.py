"""Percentiles, as numpy and pandas give them: linear between the two nearest calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SHOWN: Final = (0.5, 0.95, 0.99)


def percentile(ordered: Sequence[float], part: float) -> float | None:
    """Return the value below which ``part`` (0 to 1) of ``ordered`` lies; None: it is empty."""
    if not ordered:
        return None
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
