"""Durations as a histogram: counted once, so that nobody keeps a million of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, TypeAlias

Bin: TypeAlias = tuple[float, float, int]
"""From how many milliseconds, to how many (not included), and how many lie between."""

_BINS_MAX: Final = 9
_STEPS: Final = (1, 2, 5)


def histogram(durations_ms: Sequence[float]) -> list[Bin]:
    """Return how many durations, which are ascending, lie between edges of 1, 2, 5, 10, 20, ...

    The lowest spans are one where there would be more than nine.
    """
    if not durations_ms:
        return []
    edges = [0.0]
    size = 0.01
    while edges[-1] <= durations_ms[-1]:
        edges += [size * step for step in _STEPS]
        size *= 10
    at = [bisect_left(durations_ms, edge) for edge in edges]
    found = [
        (start, end, high - low)
        for start, end, low, high in zip(edges, edges[1:], at, at[1:], strict=False)
    ]
    while found and not found[0][2]:
        found.pop(0)
    while found and not found[-1][2]:
        found.pop()
    extra = len(found) - _BINS_MAX
    if extra > 0:
        low = found[: extra + 1]
        found = [(0.0, low[-1][1], sum(number for *_, number in low)), *found[extra + 1 :]]
    return found
