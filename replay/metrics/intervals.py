"""How sure a rate, a percentile, or the difference of two can be.

A rate has Wilson's interval, the difference of two Newcombe's; a percentile the interval between
two order statistics, which asks nothing of the distribution. All are widened where the calls of one
trace are alike: a hundred failures of one conversation are not a hundred observations. The *design
effect* says how much: how many calls count as one. It is an estimate itself, and a poor one of few
traces: so standard errors are counted as Student's t has them, not the normal distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from statistics import NormalDist
from typing import Any, Final

_NORMAL: Final = NormalDist()
_Z_MAX: Final = 12.0
"""Beyond, a p-value is zero."""
_HALVINGS: Final = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and the bounds it lies within."""

    value: float
    low: float
    high: float
    """Infinite bounds: so few calls say nothing about it."""


def z_of(confidence: float) -> float:
    """Return how many standard errors lie on each side: 1.96 for 0.95."""
    return _NORMAL.inv_cdf(0.5 + confidence / 2)


def t_of(z: float, freedom: int) -> float:
    """Return how many standard errors say as much as ``z`` where they were estimated themselves.

    ``freedom``: degrees of freedom, traces less what was estimated of them; below 1 nothing can be
    said, and the answer is infinite. Wallace's approximation (1959) of Student's t, on the careful
    side: of 1.96 it makes 3.22 with three degrees (by the table 3.18), 2.23 with ten (2.23).
    """
    if freedom < 1:
        return math.inf
    scaled = z * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(scaled * scaled / freedom))


def rate_interval(count: int, total: int, z: float, design_effect: float = 1.0) -> Interval:
    """Return Wilson's interval of ``count`` in ``total``."""
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    rate, size = count / total, total / design_effect
    if math.isinf(z):
        return Interval(rate, 0.0, 1.0)
    middle = (rate + z * z / (2 * size)) / (1 + z * z / size)
    half = z * math.sqrt(rate * (1 - rate) / size + z * z / (4 * size * size)) / (1 + z * z / size)
    return Interval(rate, max(0.0, middle - half), min(1.0, middle + half))


def percentile_interval(
    ordered: Sequence[float], part: float, z: float, design_effect: float = 1.0
) -> Interval:
    """Return a percentile between the order statistics that hold it.

    A bound is infinite where no order statistic lies so far out.
    """
    from replay.metrics.percentiles import percentile

    value = percentile(ordered, part)
    if value is None:
        return Interval(math.nan, -math.inf, math.inf)
    size = len(ordered)
    if math.isinf(z):
        return Interval(value, -math.inf, math.inf)
    half = z * math.sqrt(size * part * (1 - part) * design_effect)
    low, high = math.floor(size * part - half), math.ceil(size * part + half) + 1
    return Interval(
        value,
        ordered[low - 1] if low >= 1 else -math.inf,
        ordered[high - 1] if high <= size else math.inf,
    )


def difference(before: Interval, after: Interval) -> Interval:
    """Return ``after`` less ``before`` with bounds made of theirs (Newcombe's way)."""
    value = after.value - before.value
    low = value - math.hypot(after.value - after.low, before.high - before.value)
    high = value + math.hypot(after.high - after.value, before.value - before.low)
    return Interval(value, low, high)


def p_value(interval_at: Callable[[float], Interval]) -> float:
    """Return how probable so large a difference is where there is none.

    ``interval_at`` gives the difference's interval at so many standard errors: the p-value belongs
    to the widest one that leaves zero out.
    """
    near, far = 0.0, _Z_MAX
    if not _leaves_zero_out(interval_at(1e-9)):
        return 1.0
    if _leaves_zero_out(interval_at(far)):
        return 0.0
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if _leaves_zero_out(interval_at(middle)):
            near = middle
        else:
            far = middle
    return 2 * (1 - _NORMAL.cdf(near))


def _leaves_zero_out(interval: Interval) -> bool:
    return interval.low > 0 or interval.high < 0


def exact_p_value(
    before: tuple[int, int], after: tuple[int, int], design_effect: float = 1.0
) -> float:
    """Return Fisher's exact p-value of two rates, each ``(count, total)``: twice the smaller tail.

    Where a few calls stand beside thousands, one failure among ten is soon outside of Wilson's
    interval of the others, and no rarer for that. ``design_effect`` calls count as one: counts are
    then no whole numbers, and binomial coefficients are those of the gamma function.
    """
    (hits, size), (others, rest) = (
        (count / design_effect, total / design_effect) for count, total in (before, after)
    )
    both, everything = hits + others, size + rest
    step = 1 if hits * rest > others * size else -1
    tail, place = 0.0, hits
    while max(0.0, both - rest) <= place <= min(size, both):
        chance = _log_choose(size, place) + _log_choose(rest, both - place)
        part = math.exp(chance - _log_choose(everything, both))
        tail += part
        if part < tail * 1e-12:
            break
        place += step
    return min(1.0, 2 * tail)


def _log_choose(total: float, chosen: float) -> float:
    rest = max(0.0, total - chosen)
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(rest + 1)


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Return which differences stand when this many were looked at (Holm's procedure).

    The chance that *any* difference is called real where there is none stays below ``alpha``.
    """
    stands = [False] * len(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(order):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        stands[index] = True
    return stands


@dataclass(frozen=True, slots=True)
class Spread:
    """How calls that count lie over traces: all that the design effect needs to know, as sums.

    Whole numbers, so that those of two sides add up, in any order.
    """

    trace_count: int
    call_count: int
    hit_count: int
    """Calls that count."""
    square_sum: int
    """Of each trace's calls, squared."""
    hit_square_sum: int
    """Of each trace's calls that count, squared."""
    product_sum: int
    """Of both in each trace, multiplied."""

    def __add__(self, other: Spread) -> Spread:
        return Spread(
            self.trace_count + other.trace_count,
            self.call_count + other.call_count,
            self.hit_count + other.hit_count,
            self.square_sum + other.square_sum,
            self.hit_square_sum + other.hit_square_sum,
            self.product_sum + other.product_sum,
        )

    @property
    def design_effect(self) -> float:
        """How many calls count as one; at least 1.

        The variance of the rate over traces beside that of as many calls that know nothing of each
        other.
        """
        traces, total, count = self.trace_count, self.call_count, self.hit_count
        if traces < 2 or not 0 < count < total:
            return math.sqrt(self.square_sum) if traces == 1 else 1.0
        # The sum of (hits - rate * size) squared, times the square of all calls.
        spread = total * total * self.hit_square_sum - 2 * count * total * self.product_sum
        spread += count * count * self.square_sum
        return max(1.0, spread * traces / ((traces - 1) * total * count * (total - count)))


def spread_of(hits: Mapping[Any, int], sizes: Mapping[Any, int]) -> Spread:
    """Return the spread of ``hits`` (traces without one may be missing) over ``sizes``."""
    counts, all_calls = hits.values(), sizes.values()
    return Spread(
        len(sizes),
        sum(all_calls),
        sum(counts),
        sum(map(mul, all_calls, all_calls)),
        sum(map(mul, counts, counts)),
        sum(map(mul, counts, map(sizes.__getitem__, hits))),
    )


def design_effect(hits: Sequence[int], sizes: Sequence[int]) -> float:
    """Return how many calls count as one: ``hits`` of ``sizes`` calls in each trace; at least 1."""
    return spread_of(dict(enumerate(hits)), dict(enumerate(sizes))).design_effect
