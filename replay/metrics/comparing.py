"""Two sets of calls compared, tool by tool, so that noise is not called a change.

Every tool that both have is compared in each measure. A difference counts only where it stands
after correcting for how many were looked at: over all of them together, the chance that noise is
called a change is at most 5 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Final, Literal, TypeAlias

from replay.metrics.calls import INVALID, UNKNOWN
from replay.metrics.intervals import (
    Interval,
    Spread,
    difference,
    exact_p_value,
    holm,
    p_value,
    percentile_interval,
    rate_interval,
    spread_of,
    t_of,
    z_of,
)
from replay.metrics.ordered import Together
from replay.metrics.samples import Key, Sample
from replay.metrics.stretches import Trace

ALPHA: Final = 0.05
"""The chance that anything at all is called a change where nothing changed."""

Judgement: TypeAlias = Literal["better", "worse", "no change shown", "too few calls"]

RATES: Final[dict[str, tuple[str, ...]]] = {
    "not ok": (),
    "invalid": INVALID,
    "unknown tool": (UNKNOWN,),
}
"""Measures by the outcomes that count; none: all but ``ok``. More of any is worse."""

PERCENTILES: Final = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one tool's calls, before and after."""

    name: Key
    measure: str
    """One of `RATES` or of `PERCENTILES`, which are milliseconds."""
    before_count: int
    after_count: int
    before: Interval
    after: Interval
    difference: Interval
    """``after`` less ``before``, with its own bounds at 95 %, not corrected."""
    p_value: float
    judgement: Judgement
    """Corrected for all that were looked at. More failures, or more milliseconds, is worse."""
    design_effect: float
    """How many calls count as one, because those of one trace are alike."""

    @property
    def is_rate(self) -> bool:
        """Whether values are parts of 1; else they are milliseconds."""
        return self.measure in RATES


@dataclass(frozen=True, slots=True)
class Compared:
    """All comparisons of two sets of calls."""

    rows: list[Comparison]
    """By tool, most calls first, then measure."""
    only_before: list[Key] = field(default_factory=list)
    only_after: list[Key] = field(default_factory=list)

    @property
    def worse(self) -> list[Comparison]:
        """What got worse beyond noise."""
        return [row for row in self.rows if row.judgement == "worse"]


@dataclass(frozen=True, slots=True)
class _Open:
    """A comparison before it is known how many there are."""

    name: Key
    measure: str
    counts: tuple[int, int]
    at: Callable[[float], tuple[Interval, Interval]]
    effect: float
    p_least: float = 0.0
    """What the p-value is at least, whatever the intervals say."""

    @property
    def p_value(self) -> float:
        return max(self.p_least, p_value(lambda z: difference(*self.at(z))))


def compare(
    before: Mapping[Key, Sample], after: Mapping[Key, Sample], *, alpha: float = ALPHA
) -> Compared:
    """Compare calls by their names; names that only one side has are listed, not compared."""
    both = [name for name in before if name in after]
    both.sort(key=lambda name: (-len(before[name].outcomes) - len(after[name].outcomes), str(name)))
    found = [one for name in both for one in _measures(name, before[name], after[name])]
    p_values = [one.p_value for one in found]
    stands = holm(p_values, alpha)
    rows = [_judged(one, p, real) for one, p, real in zip(found, p_values, stands, strict=True)]
    return Compared(
        rows,
        sorted(name for name in before if name not in after),
        sorted(name for name in after if name not in before),
    )


def _judged(one: _Open, p: float, real: bool) -> Comparison:
    z = z_of(1 - ALPHA)
    before, after = one.at(z)
    between = difference(before, after)
    judgement: Judgement = "no change shown"
    if real:
        judgement = "worse" if between.value > 0 else "better"
    elif between.low == float("-inf") and between.high == float("inf"):
        judgement = "too few calls"
    return Comparison(
        one.name, one.measure, *one.counts, before, after, between, p, judgement, one.effect
    )


def _measures(name: Key, before: Sample, after: Sample) -> Iterable[_Open]:
    samples = before, after
    sizes = [Counter(one.traces) for one in samples]
    for measure, outcomes in RATES.items():
        hits = [_counting(one, outcomes) for one in samples]
        if any(hits):
            sides = [spread_of(*one) for one in zip(hits, sizes, strict=True)]
            yield _rate(name, measure, sides)
    if before.durations_ms and after.durations_ms:
        timed = [
            of if len(one.timed_traces) == len(one.traces) else Counter(one.timed_traces)
            for one, of in zip(samples, sizes, strict=True)
        ]
        ordered = [sorted(one.durations_ms) for one in samples]
        for measure, part in PERCENTILES.items():
            bound = _bound(Together(ordered), part)
            above = [_longer(one, bound) for one in samples]
            sides = [spread_of(*one) for one in zip(above, timed, strict=True)]
            yield _percentile(name, measure, part, ordered, sides)


def _counting(sample: Sample, outcomes: Sequence[str]) -> Counter[Trace]:
    """Return by trace how many of its calls count; traces without one are left out."""
    counts = map(outcomes.__contains__ if outcomes else "ok".__ne__, sample.outcomes)
    return Counter(compress(sample.traces, counts))


def _longer(sample: Sample, bound: float) -> Counter[Trace]:
    """Return by trace how many of its calls took longer."""
    return Counter(compress(sample.timed_traces, map(bound.__lt__, sample.durations_ms)))


def _rate(name: Key, measure: str, sides: Sequence[Spread]) -> _Open:
    one, other = counts = [(side.hit_count, side.call_count) for side in sides]
    effect, freedom = _of_both(sides)

    def at(z: float) -> tuple[Interval, Interval]:
        wide = t_of(z, freedom)
        before, after = (rate_interval(count, total, wide, effect) for count, total in counts)
        return before, after

    exact = exact_p_value(one, other, effect)
    return _Open(name, measure, (counts[0][1], counts[1][1]), at, effect, exact)


def _of_both(sides: Sequence[Spread]) -> tuple[float, int]:
    """Return the design effect of two sides taken together, and the degrees of freedom.

    Together, as if nothing had changed: of a side on which every call (or none) counts nobody can
    tell how alike its calls are, and two conversations that fail ten times each would be taken for
    twenty failures.
    """
    both = sides[0] + sides[1]
    return both.design_effect, both.trace_count - 2


def _percentile(
    name: Key,
    measure: str,
    part: float,
    ordered: Sequence[Sequence[float]],
    above: Sequence[Spread],
) -> _Open:
    effect, freedom = _of_both(above)

    def at(z: float) -> tuple[Interval, Interval]:
        wide = t_of(z, freedom)
        one, other = (percentile_interval(values, part, wide, effect) for values in ordered)
        return one, other

    return _Open(name, measure, (len(ordered[0]), len(ordered[1])), at, effect)


def _bound(ordered: Sequence[float], part: float) -> float:
    return ordered[int(part * (len(ordered) - 1))]
