"""Verdicts on calls that were not replayed from their cassettes."""

from __future__ import annotations

import pytest

from replay.errors import ExitCode
from replay.records import Cause, Outcome, Policy, ReplayedCall, Verdict
from replay.verdicts import Rules, Situation, exit_code, judge_trace
from replay.verdicts.policies import PoliciesSeen
from tests.verdicts.calls import Scene, recorded, replayed, verdict_on

SERVED = ReplayedCall(tool_call_id="c1", result=None, policy=Policy.RECORDED, note="Served.")


def live(response: str) -> ReplayedCall:
    exchange = {"request": {"method": "GET", "uri": "https://api.example.com/1"}}
    return replayed(response).model_copy(update={"policy": Policy.LIVE, "went_out": [exchange]})


def test_what_differs_live_may_be_the_service_and_is_never_said_to_be_the_code() -> None:
    alone = Situation(stateless=True, same_world_before=True)

    verdict = verdict_on(recorded("old"), live("new"), situation=alone)
    on_cassette = verdict_on(recorded("old"), replayed("new"), situation=alone)

    assert (verdict.verdict, verdict.cause) == (Verdict.RESPONSE_CHANGED, Cause.UNKNOWN)
    assert on_cassette.cause is Cause.CODE


@pytest.mark.parametrize(
    ("lane", "cause"), [("old", Cause.OUTSIDE), ("new", Cause.CODE), (None, Cause.UNKNOWN)]
)
def test_todays_code_on_the_cassette_tells_the_service_from_the_code(
    lane: str | None, cause: Cause
) -> None:
    on_old_state = None if lane is None else replayed(lane)

    verdict = verdict_on(
        recorded("old"), live("new"), baseline=replayed("old"), on_old_state=on_old_state
    )

    assert verdict.cause is cause


def test_a_live_call_says_what_went_out() -> None:
    verdict = verdict_on(recorded("same"), live("same"))

    assert verdict.verdict is Verdict.SAME
    assert verdict.went_out == ["GET https://api.example.com/1"]


def test_a_served_call_is_in_no_finding_and_changes_no_exit_code() -> None:
    served = verdict_on(recorded("old"), SERVED)
    same = verdict_on(recorded("old"), replayed("old"))

    assert (served.verdict, served.cause, served.signature) == (Verdict.SERVED, None, None)
    assert exit_code([same, served]) is ExitCode.OK


def test_a_call_without_a_recorded_answer_cannot_be_served() -> None:
    verdict = verdict_on(recorded(None, outcome=Outcome.UNFINISHED), SERVED)

    assert verdict.verdict is Verdict.NOT_RUN


def test_calls_after_a_gap_are_conditional_and_those_that_differ_say_why() -> None:
    scene = Scene()
    output = scene.model()
    gap = SERVED.model_copy(update={"leaves_gap": True})
    scene.tool(replayed("before"), output, response="before")
    scene.tool(gap, output, response="served", tool="order")
    scene.tool(replayed("other"), output, response="after")
    scene.tool(replayed("ok"), scene.model())

    verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

    assert [verdict.conditional for verdict in verdicts] == [False, False, True, True]
    assert [verdict.note for verdict in verdicts][2:] == [
        "The world lacks what order did in step 3, which was not run.",
        None,
    ]
    assert verdicts[2].cause is Cause.UNKNOWN


def test_the_report_counts_by_tool_and_policy() -> None:
    seen = PoliciesSeen()
    for verdict in (
        verdict_on(recorded("old"), SERVED),
        verdict_on(recorded("old"), live("new")),
        verdict_on(recorded("old"), replayed("old")),
    ):
        seen.add(verdict)

    assert [
        (one["policy"], one["calls"], one["judged"], one["requests"]) for one in seen.report()
    ] == [
        ("live", 1, 1, 1),
        ("recorded", 1, 0, 0),
    ]
