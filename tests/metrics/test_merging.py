"""Ascending numbers put together: the same as sorting all of them, in less room."""

from __future__ import annotations

import random
import tracemalloc
from array import array
from itertools import chain

import pytest

from replay.metrics.calls import rolled_up, totals
from replay.metrics.cells import Buckets, CallGroup, Cell, Cells
from replay.metrics.merging import merged


@pytest.mark.parametrize(
    ("count", "size"), [(0, 0), (1, 3), (3, 1), (7, 20_000), (2_000, 50), (40_000, 2)]
)
def test_stretches_are_put_together_in_order(count: int, size: int) -> None:
    chance = random.Random(count)
    stretches = [
        array("d", sorted(round(chance.lognormvariate(3, 1), 1) for _ in range(size)))
        for _ in range(count)
    ]

    assert list(merged(stretches)) == sorted(chain.from_iterable(stretches))


def test_equal_numbers_are_put_together_however_many_there_are() -> None:
    assert merged([array("d", [2.0] * 50_000)] * 2) == array("d", [2.0] * 100_000)


def test_rows_of_many_calls_are_made_in_little_more_room_than_their_durations_take() -> None:
    """Sorted at once, five times as much is needed for a moment: of a million, 40 MB."""
    group = CallGroup("search", None, None, None, "assistant")
    durations = array("q", range(1_000_000, 1_050_000))
    cells = Cells(
        [Cell(group, "ok", bucket, len(durations), durations) for bucket in range(6)],
        Buckets(0, 1, 6),
    )
    size = 8 * 6 * len(durations)

    tracemalloc.start()
    try:
        rows = rolled_up(cells)
        totals(cells)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert rows[0].timed_count == 300_000
    assert peak < 4.2 * size
