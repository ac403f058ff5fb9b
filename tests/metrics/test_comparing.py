"""Two sets of calls compared: what noise does, and what a real change does."""

from __future__ import annotations

import math
import random
import sqlite3
from collections.abc import Callable
from statistics import NormalDist

import pytest

from replay.metrics import Scope
from replay.metrics.comparing import Compared, compare
from replay.metrics.intervals import (
    Interval,
    design_effect,
    difference,
    exact_p_value,
    holm,
    percentile_interval,
    rate_interval,
    t_of,
    z_of,
)
from replay.metrics.samples import Sample, read_samples

Z = z_of(0.95)


def sample(
    chance: random.Random,
    count: int,
    *,
    not_ok: float = 0.1,
    scale_ms: float = 40.0,
    per_trace: int = 1,
    alike: float = 0.0,
) -> Sample:
    """Draw calls; ``alike``: how many of a trace's calls do what its first one did."""
    found = Sample()
    said = "ok", 0.0
    for number in range(count):
        if number % per_trace == 0 or chance.random() >= alike:
            drawn = "failed" if chance.random() < not_ok else "ok"
            said = drawn, chance.expovariate(1 / scale_ms)
        found.add(number // per_trace, *said)
    return found


def alarms(rounds: int, draw: Callable[[random.Random], Sample], tools: int = 4) -> float:
    """Return the share of rounds in which noise was called a change."""
    chance = random.Random(11)
    loud = 0
    for _ in range(rounds):
        sides = [{(f"tool{n}",): draw(chance) for n in range(tools)} for _ in range(2)]
        found = compare(*sides)
        loud += any(row.judgement in ("worse", "better") for row in found.rows)
    return loud / rounds


def bound(rounds: int) -> float:
    """Return what a true rate of 5 % exceeds once in a thousand times."""
    return 0.05 + 3.1 * math.sqrt(0.05 * 0.95 / rounds)


@pytest.mark.slow
def test_noise_is_called_a_change_as_seldom_as_promised() -> None:
    rounds = 300

    assert alarms(rounds, lambda chance: sample(chance, 150)) <= bound(rounds)


@pytest.mark.slow
def test_noise_is_called_a_change_as_seldom_where_calls_of_a_trace_are_alike() -> None:
    rounds = 300

    rate = alarms(rounds, lambda chance: sample(chance, 240, per_trace=6, alike=0.8))

    assert rate <= bound(rounds)


def without_times(drawn: Sample) -> Sample:
    return Sample(drawn.traces, drawn.outcomes)


def test_a_few_conversations_that_fail_as_a_whole_are_no_change() -> None:
    """Ten failures of one conversation beside none of another: who knows how alike calls are?

    A side without a failure was taken to have calls that know nothing of each other. Of twenty
    tools one was then called worse in 87 of 100 comparisons.
    """
    rate = alarms(
        20,
        lambda chance: without_times(sample(chance, 20, not_ok=0.3, per_trace=10, alike=1.0)),
        tools=20,
    )

    assert rate <= bound(20)


def test_a_few_calls_beside_thousands_are_no_change_where_one_of_them_fails() -> None:
    """A version that has just begun: Wilson's interval of ten calls ends too soon (72 of 100)."""
    chance = random.Random(11)

    def side(size: int) -> Sample:
        outcomes = ["failed" if chance.random() < 0.005 else "ok" for _ in range(size)]
        return Sample(list(range(size)), outcomes)

    loud = 0
    for _ in range(12):
        sides = [{(f"tool{n}",): side(size) for n in range(20)} for size in (1500, 10)]
        loud += any(row.judgement in ("worse", "better") for row in compare(*sides).rows)

    assert loud / 12 <= bound(12)


def test_fishers_exact_test_is_that_of_whole_tables() -> None:
    def by_counting(hits: int, size: int, others: int, rest: int) -> float:
        both = hits + others
        parts = {
            place: math.comb(size, place) * math.comb(rest, both - place)
            for place in range(max(0, both - rest), min(size, both) + 1)
        }
        above = sum(part for place, part in parts.items() if place >= hits)
        below = sum(part for place, part in parts.items() if place <= hits)
        return min(1.0, 2 * min(above, below) / math.comb(size + rest, both))

    for table in ((3, 10, 20, 400), (0, 9, 3, 9), (1, 8, 0, 900), (12, 12, 40, 80)):
        hits, size, others, rest = table
        assert exact_p_value((hits, size), (others, rest)) == pytest.approx(by_counting(*table))
    assert exact_p_value((30, 100), (30, 100)) == 1.0
    # Fifty alike calls that count as ten.
    assert exact_p_value((50, 100), (10, 100), 10) == pytest.approx(by_counting(5, 10, 1, 10))


def test_standard_errors_of_few_traces_count_as_students_t_has_them() -> None:
    table = {3: 3.182, 5: 2.571, 10: 2.228, 30: 2.042, 1000: 1.962}
    for freedom, t in table.items():
        assert t_of(Z, freedom) == pytest.approx(t, rel=0.015)
    assert t_of(Z, 1) > 12.7
    assert t_of(Z, 0) == math.inf


def test_a_tool_that_breaks_in_every_conversation_is_worse_after_a_dozen_of_them() -> None:
    """Caution must not hide what everybody sees."""
    before, after = Sample(), Sample()
    for trace in range(12):
        for _ in range(3):
            before.add(trace, "ok", None)
            after.add(trace, "failed", None)

    assert judged(before, after) == {"not ok": "worse"}


def test_without_the_design_effect_alike_calls_would_be_called_a_change() -> None:
    """The test before this one shows something: calls counted one by one alarm far too often."""

    def alone(chance: random.Random) -> Sample:
        drawn = sample(chance, 240, per_trace=6, alike=0.8)
        drawn.traces[:] = range(240)
        drawn.timed_traces[:] = range(240)
        return drawn

    assert alarms(16, alone) > 0.2


def judged(before: Sample, after: Sample) -> dict[str, str]:
    found = compare({("search",): before}, {("search",): after})
    return {row.measure: row.judgement for row in found.rows}


def test_a_real_change_is_found_and_told_in_its_direction() -> None:
    chance = random.Random(3)
    before = sample(chance, 2000, not_ok=0.05, scale_ms=40)
    after = sample(chance, 2000, not_ok=0.12, scale_ms=60)

    assert judged(before, after) == {"not ok": "worse", "p50": "worse", "p95": "worse"}
    assert judged(after, before) == {"not ok": "better", "p50": "better", "p95": "better"}


def test_few_calls_say_that_they_are_too_few_for_a_percentile() -> None:
    chance = random.Random(3)

    said = judged(sample(chance, 8, not_ok=0.5), sample(chance, 8, not_ok=0.5, scale_ms=900))

    assert said["p95"] != "worse"
    assert said["not ok"] == "no change shown"


def test_tools_of_one_side_alone_are_listed_and_not_compared() -> None:
    chance = random.Random(3)
    one = sample(chance, 20)

    found = compare({("a",): one, ("b",): one}, {("b",): one, ("c",): one})

    assert isinstance(found, Compared)
    assert (found.only_before, found.only_after) == ([("a",)], [("c",)])
    assert {row.name for row in found.rows} == {("b",)}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # Wilson 1927 as Newcombe 1998 tabulates it (Statistics in Medicine 17, 857-872).
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_a_rate_has_wilsons_interval(count: int, total: int, low: float, high: float) -> None:
    found = rate_interval(count, total, Z)

    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_a_difference_of_rates_has_newcombes_interval() -> None:
    # Newcombe 1998, method 10, example (a): 56 of 70 less 48 of 80.
    found = difference(rate_interval(48, 80, Z), rate_interval(56, 70, Z))

    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


def test_a_percentiles_interval_holds_the_true_one_as_often_as_it_says() -> None:
    chance = random.Random(5)
    true = NormalDist(0, 1).inv_cdf(0.95)
    held = 0
    for _ in range(300):
        drawn = sorted(chance.gauss(0, 1) for _ in range(400))
        found = percentile_interval(drawn, 0.95, Z)
        held += found.low <= true <= found.high

    assert held / 300 >= 0.92


def test_a_percentile_that_no_order_statistic_bounds_is_unbounded() -> None:
    assert percentile_interval([1.0, 2.0, 3.0], 0.99, Z).high == math.inf
    assert math.isnan(percentile_interval([], 0.5, Z).value)
    assert rate_interval(0, 0, Z) == Interval(pytest.approx(math.nan, nan_ok=True), 0.0, 1.0)


def test_holm_lets_the_smallest_stand_against_all_and_the_next_against_the_rest() -> None:
    assert holm([0.012, 0.04, 0.9, 0.0001], 0.05) == [True, False, False, True]
    assert holm([], 0.05) == []


def test_calls_that_all_do_what_their_trace_does_count_as_one() -> None:
    assert design_effect([4, 0, 4, 0], [4, 4, 4, 4]) == pytest.approx(16 / 3)
    assert design_effect([2, 2, 2, 2], [4, 4, 4, 4]) == 1.0


def test_samples_are_the_calls_of_the_store(connection: sqlite3.Connection) -> None:
    found = read_samples(connection, Scope(models=("small-1",)), ("tool", "version"))

    rows = connection.execute(
        "SELECT c.tool, c.tool_version, count(*), count(c.duration_ms) FROM tool_call_rows c "
        "JOIN model_call_rows m ON m.key = c.model_call JOIN model_settings s "
        "ON s.key = m.settings WHERE s.model = 'small-1' GROUP BY 1, 2"
    )
    assert {
        (*name, len(one.outcomes), len(one.durations_ms)) for name, one in found.items()
    } == set(rows)
