"""Percentiles without sorting, and several lists as one: exactly what sorting finds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from replay.metrics import percentiles
from replay.metrics.ordered import Together
from replay.metrics.percentiles import SHOWN, percentile, shown_ms


def sorted_for(nanoseconds: list[int]) -> list[float | None]:
    ordered = [one / 1e6 for one in sorted(nanoseconds)]
    return [percentile(ordered, part) for part in SHOWN]


@pytest.mark.parametrize("size", [0, 1, 2, 20, 4_999, 5_000, 20_021])
@pytest.mark.parametrize(
    "drawn",
    [
        lambda chance, _: int(chance.lognormvariate(18, 1)),
        lambda chance, _: chance.randrange(3) * 1_000_000,
        lambda _, place: place * 7,
        lambda _, place: 4_000_000_000,
    ],
    ids=["a long tail", "three values", "ascending", "all the same"],
)
def test_selected_percentiles_are_those_of_the_sorted_values(
    size: int, drawn: Callable[[random.Random, int], int]
) -> None:
    chance = random.Random(7)
    values = [drawn(chance, place) for place in range(size)]

    assert shown_ms(values) == sorted_for(values)


def test_most_values_are_not_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    values = [int(chance.lognormvariate(18, 1)) for _ in range(50_000)]
    counts: list[int] = []

    def noted(some: list[int]) -> list[int]:
        counts.append(len(some))
        return sorted(some)

    monkeypatch.setattr(percentiles, "sorted", noted, raising=False)
    shown_ms(values)

    assert sum(counts) < 15_000


def test_a_sample_that_misleads_costs_a_sort_and_no_mistake() -> None:
    """Every value that the sample takes is large: no percentile lies where it says."""
    values = [10**9 if place % percentiles._STRIDE == 0 else place for place in range(20_000)]

    assert shown_ms(values) == sorted_for(values)


def test_several_ascending_lists_are_read_as_one() -> None:
    chance = random.Random(3)
    for _ in range(40):
        parts = [
            sorted(chance.choice((chance.random(), 0.5)) for _ in range(chance.randrange(9)))
            for _ in range(chance.randrange(1, 5))
        ]
        together, merged = Together(parts), sorted(one for part in parts for one in part)

        assert [together[place] for place in range(len(together))] == merged == list(together)
        assert together[-3:] == merged[-3:]
        with pytest.raises(IndexError):
            together[len(merged)]
