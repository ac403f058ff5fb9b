from __future__ import annotations

import pytest

from replay.records import ReplayRun, Verdict
from replay.report.ink import Ink
from replay.report.terminal import coverage_lines
from replay.verdicts.slower import Slower
from tests.verdicts.calls import AT, recorded, replayed, verdict_on


def told(took_ms: float | None, waited_ms: float | None, verdict: Verdict = Verdict.SAME) -> bool:
    slower = Slower()
    call = recorded(duration_ms=took_ms)
    judged = verdict_on(call, replayed()).model_copy(update={"verdict": verdict})
    slower.add(call, judged, waited_ms)
    return bool(slower.report())


def test_a_wait_is_told_where_it_is_a_second_and_half_as_long_again_as_the_call() -> None:
    assert told(2.0, 3000.0)
    assert not told(2.0, 1001.0)
    assert told(60_000.0, 95_000.0)
    assert not told(60_000.0, 62_000.0)


@pytest.mark.parametrize(
    ("took_ms", "verdict"),
    [(None, Verdict.SAME), (0.0, Verdict.SAME), (2.0, Verdict.UNANSWERED)],
    ids=["nobody measured it", "an import knew no time", "it waits for an answer that never comes"],
)
def test_a_wait_that_nothing_compares_with_is_not_told(
    took_ms: float | None, verdict: Verdict
) -> None:
    assert not told(took_ms, 3000.0, verdict)


def test_the_report_says_how_long_and_that_it_fails_nothing() -> None:
    slower = Slower()
    call = recorded(duration_ms=2.4)
    slower.add(call, verdict_on(call, replayed()), 3000.4)
    run = ReplayRun(id="r1", started_at=AT, toolbox="t", coverage={"slower": slower.report()})

    assert coverage_lines(run.coverage, width=80, ink=Ink()) == [
        "",
        "Waits longer than the calls took when recorded",
        "  book: 1 call, 3.0 s in the median; recorded 2 ms",
        "  That fails nothing. `replay budgets` holds recorded times to a limit.",
    ]
