"""Several ascending lists as one: what stands at a place of all of them, without merging them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import overload


class Together(Sequence[float]):
    """The values of several ascending sequences, ascending.

    A place costs some hundred comparisons, however many values there are; merging costs one for
    each value and list. Iterating merges.
    """

    def __init__(self, parts: Sequence[Sequence[float]]) -> None:
        """``parts`` are ascending each, and not changed from now on."""
        self._parts = [part for part in parts if part]
        self._length = sum(map(len, self._parts))

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        if isinstance(place, slice):
            return sorted(self)[place]
        if not -self._length <= place < self._length:
            raise IndexError(place)
        return self._at(place % self._length)

    def __iter__(self) -> Iterator[float]:
        found: list[float] = []
        for part in self._parts:
            found.extend(part)
        found.sort()  # stretches that are in order are merged, not sorted
        return iter(found)

    def _at(self, place: int) -> float:
        """Return the value at a place: narrow each part to what may still be it."""
        windows = [(0, len(part)) for part in self._parts]
        while True:
            largest = max(range(len(windows)), key=lambda at: windows[at][1] - windows[at][0])
            low, high = windows[largest]
            value = self._parts[largest][(low + high) // 2]
            below = [bisect_left(part, value) for part in self._parts]
            up_to = [bisect_right(part, value) for part in self._parts]
            if sum(below) <= place < sum(up_to):
                return value
            if place < sum(below):
                windows = [
                    (low, max(low, min(high, end)))
                    for (low, high), end in zip(windows, below, strict=True)
                ]
            else:
                windows = [
                    (min(high, max(low, start)), high)
                    for (low, high), start in zip(windows, up_to, strict=True)
                ]
