from __future__ import annotations

import pytest

from replay.errors import ExitCode
from replay.records import CallError, CallVerdict, Outcome, Stage
from replay.verdicts import Situation, exit_code
from tests.verdicts.calls import failure, miss, recorded, replayed, verdict_on

AFTER = Situation(conditional=True)
SAME = verdict_on(recorded("a"), replayed("a"))
SPELLED = verdict_on(recorded("65"), replayed("65.0"))
CHANGED = verdict_on(recorded("a"), replayed("b"))
UNANSWERED = verdict_on(recorded("a"), replayed("a", outside=[miss()]))
FAILS = replayed("x", Outcome.FAILED, error=failure("x"))
REJECTS = replayed(
    "x",
    Outcome.INVALID_ARGUMENTS,
    error=CallError(type="", message="x", stage=Stage.VALIDATE),
)
CRASHES = verdict_on(recorded("a", outcome=Outcome.FAILED), replayed(None, Outcome.CRASHED))

FAILED = recorded("x", outcome=Outcome.FAILED)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], ExitCode.OK),
        ([SAME, SPELLED], ExitCode.OK),
        ([SAME, CHANGED], ExitCode.NEEDS_A_PERSON),
        ([UNANSWERED], ExitCode.NEEDS_A_PERSON),
        ([CHANGED, verdict_on(recorded("a"), FAILS)], ExitCode.BREAKING),
        ([verdict_on(recorded("a"), REJECTS), CHANGED], ExitCode.BREAKING),
        ([CRASHES], ExitCode.BREAKING),
        ([verdict_on(FAILED, REJECTS)], ExitCode.NEEDS_A_PERSON),
        ([verdict_on(recorded("a"), FAILS, situation=AFTER)], ExitCode.NEEDS_A_PERSON),
        ([verdict_on(recorded("a"), REJECTS, situation=AFTER)], ExitCode.BREAKING),
    ],
)
def test_a_run_ends_with_its_worst_verdict(verdicts: list[CallVerdict], code: ExitCode) -> None:
    assert exit_code(verdicts) is code


def test_an_approved_verdict_ends_as_green_ones_do() -> None:
    approved = verdict_on(recorded("a"), FAILS).model_copy(update={"approved": True})

    assert exit_code([approved, SAME]) is ExitCode.OK
