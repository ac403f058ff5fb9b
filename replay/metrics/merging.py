"""Ascending numbers put together: a million of them, and never all as objects at once."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import inf
from typing import Final

_PIECE: Final = 32_768
"""About so many are sorted at once: as Python's numbers they take four times their room."""
_SLICE_MIN: Final = 32
"""Numbers of each stretch in a piece, on average: to cut out fewer takes longer than to sort."""
_LOOKED_AT: Final = 64
"""Numbers of a piece that say where it ends."""


def merged(stretches: Iterable[Sequence[float]]) -> array[float]:
    """Return all numbers of ``stretches``, each of which is ascending, in their order."""
    held = [one for one in stretches if one]
    found = array("d")
    for pieces in _pieces(held, sum(map(len, held))):
        # Stretches that are in order are merged, not sorted: the fewer, the faster.
        found.fromlist(sorted(chain.from_iterable(pieces)))
    return found


def ascending(values: Sequence[float]) -> array[float]:
    """Return ``values`` in their order, sorted piece by piece."""
    places = range(0, len(values), _PIECE)
    return merged([array("d", sorted(values[at : at + _PIECE])) for at in places])


def _pieces(
    stretches: Sequence[Sequence[float]], total: int
) -> Iterator[Sequence[Sequence[float]]]:
    """Give what lies in one span of values after the other, of each stretch."""
    size = max(_PIECE, _SLICE_MIN * len(stretches))
    if total <= size:
        yield stretches
        return
    starts = [0] * len(stretches)
    for edge in [*_edges(stretches, size), inf]:
        ends = [
            bisect_right(one, edge, start) for one, start in zip(stretches, starts, strict=True)
        ]
        yield [one[start:end] for one, start, end in zip(stretches, starts, ends, strict=True)]
        starts = ends


def _edges(stretches: Sequence[Sequence[float]], size: int) -> list[float]:
    """Return values with about ``size`` numbers between each two, as some of the numbers tell."""
    step = size // _LOOKED_AT
    some: list[float] = []
    at = step // 2
    for one in stretches:  # as if they were one after the other: each may be shorter than a step
        some += one[at::step]
        at = (at - len(one)) % step
    return sorted(set(sorted(some)[_LOOKED_AT::_LOOKED_AT]))
