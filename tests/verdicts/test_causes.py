from __future__ import annotations

import json

import pytest

from replay.records import (
    CallError,
    Cause,
    InteractionChange,
    Outcome,
    ReplayedCall,
    Stage,
    StageTiming,
    Verdict,
)
from replay.verdicts import Rules, Situation, judge_trace
from tests.verdicts.calls import Scene, failure, miss, recorded, replayed, verdict_on

OLD, NEW = replayed("old"), replayed("new")


@pytest.mark.parametrize(
    ("on_old_state", "on_old_start", "conditional", "cause"),
    [
        (NEW, NEW, False, Cause.CODE),
        (NEW, OLD, True, Cause.CODE),
        (OLD, OLD, False, Cause.OUTSIDE),
        (OLD, OLD, True, Cause.OUTSIDE),
        (OLD, NEW, True, Cause.CARRIED),
        (OLD, None, True, Cause.CARRIED),
        (OLD, None, False, Cause.OUTSIDE),
    ],
)
def test_with_a_baseline_the_lanes_tell_the_cause(
    on_old_state: ReplayedCall,
    on_old_start: ReplayedCall | None,
    conditional: bool,
    cause: Cause,
) -> None:
    judged = verdict_on(
        recorded("old"),
        NEW,
        baseline=OLD,
        on_old_state=on_old_state,
        on_old_start=on_old_start,
        situation=Situation(conditional=conditional),
    )

    assert judged.cause is cause


@pytest.mark.parametrize(
    ("on_old_state", "effect_changed", "cause"),
    [("s2", False, Cause.CARRIED), ("x2", True, Cause.CODE)],
)
def test_another_state_is_this_calls_doing_only_where_it_comes_of_the_old_state_too(
    on_old_state: str, effect_changed: bool, cause: Cause
) -> None:
    judged = verdict_on(
        recorded("old"),
        replayed("new", state_hash="x2"),
        baseline=replayed("old", state_hash="s2"),
        on_old_state=replayed("old", state_hash=on_old_state),
        on_old_start=replayed("new", state_hash="x2"),
        situation=Situation(conditional=True),
    )

    assert (judged.effect_changed, judged.cause) == (effect_changed, cause)


def test_the_state_of_the_baseline_stands_in_where_the_recording_has_none() -> None:
    judged = verdict_on(
        recorded("old"),
        replayed("old", state_hash="x"),
        baseline=replayed("old", state_hash="s"),
        on_old_state=replayed("old", state_hash="x"),
    )

    assert (judged.verdict, judged.cause) == (Verdict.EFFECT_CHANGED, Cause.CODE)


@pytest.mark.parametrize(
    ("outcome", "stage", "cause"),
    [
        (Outcome.INVALID_ARGUMENTS, Stage.VALIDATE, Cause.SCHEMA),
        (Outcome.UNKNOWN_TOOL, Stage.RESOLVE, Cause.SCHEMA),
        (Outcome.BAD_JSON, Stage.PARSE, Cause.SCHEMA),
        (Outcome.INVALID_ARGUMENTS, Stage.TRANSLATE, Cause.TRANSLATION),
        (Outcome.DENIED, Stage.AUTHORIZE, Cause.UNKNOWN),
        (Outcome.REFUSED, Stage.INVOKE, Cause.UNKNOWN),
    ],
)
def test_without_a_baseline_the_stage_that_turned_a_call_away_tells_the_cause(
    outcome: Outcome, stage: Stage, cause: Cause
) -> None:
    error = CallError(type="", message="no", stage=stage)

    assert verdict_on(recorded("ok"), replayed("no", outcome, error=error)).cause is cause


def test_a_call_that_is_let_in_today_was_rejected_by_the_old_schema() -> None:
    call = recorded("no", outcome=Outcome.INVALID_ARGUMENTS)

    assert verdict_on(call, replayed("ok")).cause is Cause.SCHEMA


def test_a_payload_that_a_translation_made_is_the_translations_doing() -> None:
    call = recorded("ok", payload={"room": 7}, schema_hash="x")
    translated = [StageTiming(stage=Stage.TRANSLATE, duration_us=1)]

    judged = verdict_on(call, replayed("ok", payload={"room": 8}, stages=translated))

    assert (judged.verdict, judged.cause) == (Verdict.PAYLOAD_CHANGED, Cause.TRANSLATION)


@pytest.mark.parametrize(
    ("situation", "cause"),
    [
        (Situation(), Cause.UNKNOWN),
        (Situation(conditional=True), Cause.UNKNOWN),
        (Situation(stateless=True), Cause.CODE),
        (Situation(stateless=True, conditional=True), Cause.CODE),
        (Situation(same_world_before=True), Cause.CODE),
        (Situation(same_world_before=False), Cause.UNKNOWN),
    ],
)
def test_without_a_baseline_the_code_is_to_blame_only_where_the_world_is_known(
    situation: Situation, cause: Cause
) -> None:
    assert verdict_on(recorded("old"), NEW, situation=situation).cause is cause


def test_the_recorded_state_after_a_call_clears_the_world() -> None:
    judged = verdict_on(recorded("old", state_hash="s"), replayed("new", state_hash="s"))

    assert judged.cause is Cause.CODE


def test_a_cassette_that_answers_nothing_at_all_is_outsides_doing() -> None:
    today = replayed("x", outside=[miss()], asked=["GET https://api.example.com/rooms/7"])

    assert verdict_on(recorded("y"), today).cause is Cause.OUTSIDE


def test_a_new_request_beside_answered_ones_is_not_outsides_doing() -> None:
    today = replayed("x", outside=[miss()], asked=["GET https://a.example/1", "GET /2"])

    judged = verdict_on(recorded("y"), today, situation=Situation(stateless=True))

    assert judged.cause is Cause.CODE


def test_a_request_that_is_no_longer_sent_on_the_old_state_either_is_the_codes_doing() -> None:
    gone = [InteractionChange(change="removed", request="POST https://a.example/refunds")]

    judged = verdict_on(
        recorded("old"),
        replayed("old", outside=gone),
        baseline=OLD,
        on_old_state=replayed("old", outside=gone),
    )

    assert (judged.verdict, judged.cause) == (Verdict.INTERACTIONS_CHANGED, Cause.CODE)


def test_the_world_is_known_from_the_state_after_the_call_before() -> None:
    scene = Scene()
    scene.tool(replayed("ok", state_hash="s1"), state_hash="s1")
    scene.tool(replayed("new"))
    scene.tool(replayed("x", Outcome.FAILED, error=failure("x"), state_hash="x3"), state_hash="s3")
    scene.tool(replayed("new"))

    verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

    assert [v.cause for v in verdicts] == [None, Cause.CODE, Cause.CODE, Cause.UNKNOWN]


def test_the_recorded_state_after_a_call_clears_no_world_that_was_another_one_before() -> None:
    judged = verdict_on(
        recorded("old", state_hash="s"),
        replayed("new", state_hash="s"),
        situation=Situation(same_world_before=False),
    )

    assert judged.cause is Cause.UNKNOWN


@pytest.mark.parametrize(
    ("on_old_start", "cause"), [(None, Cause.CARRIED), ("in new words", Cause.OUTSIDE)]
)
def test_what_fails_by_the_state_alone_is_not_the_codes_doing_whatever_its_words(
    on_old_start: str | None, cause: Cause
) -> None:
    not_found = replayed("no booking", Outcome.FAILED, error=failure("no booking"))

    judged = verdict_on(
        recorded("found"),
        not_found,
        baseline=replayed("found"),
        on_old_state=replayed("found, in new words"),
        on_old_start=replayed(on_old_start) if on_old_start else not_found,
        situation=Situation(conditional=True),
    )

    assert (judged.verdict, judged.cause) == (Verdict.NOW_FAILING, cause)


def test_what_a_translation_drops_on_purpose_is_no_difference() -> None:
    given = {"room": 7, "zone": {"name": "CET"}}
    call = recorded("ok", payload=given, arguments=json.dumps(given), schema_hash="old")
    made = replayed("ok", payload={"room": 7}, dropped=["zone"], translation=["1", "2"])

    judged = verdict_on(call, made)

    assert judged.verdict is Verdict.EQUIVALENT
    assert [change.path.partition(".")[0] for change in judged.allowed] == ["zone"]
