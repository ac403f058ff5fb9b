from __future__ import annotations

import pytest

from replay.config import IgnoreRule
from replay.records import (
    CallError,
    Cause,
    InteractionChange,
    Lanes,
    Outcome,
    ReplayedCall,
    Stage,
    ToolCall,
    Verdict,
)
from replay.verdicts import Rules, Situation, judge_trace
from tests.verdicts.calls import Scene, failure, miss, recorded, replayed, verdict_on

DESCRIBED = {"result_is_described": "set"}
GONE = InteractionChange(change="removed", request="POST https://api.example.com/refunds")


def test_an_answer_in_the_old_words_is_not_what_its_translation_says() -> None:
    today = replayed('{"total": 3}', translation=["1", "2"])
    today = today.model_copy(update={"recorded_response": '{"sum": 3}'})

    judged = verdict_on(recorded('{"total": 3}'), today)

    assert (judged.verdict, judged.cause) == (Verdict.RESPONSE_CHANGED, Cause.TRANSLATION)
    assert [change.path for change in judged.changes] == ["sum", "total"]


def failed(text: str = "no such room") -> ReplayedCall:
    return replayed(text, Outcome.FAILED, error=failure(text))


def rejected() -> ReplayedCall:
    error = CallError(type="ValidationError", message="room missing", stage=Stage.VALIDATE)
    return replayed("Error: room missing", Outcome.INVALID_ARGUMENTS, error=error)


def was(outcome: Outcome, text: str = "no such room") -> ToolCall:
    return recorded(text, outcome=outcome)


@pytest.mark.parametrize(
    ("call", "today", "verdict"),
    [
        (recorded("ok"), replayed("ok"), Verdict.SAME),
        (recorded('{"a": 1, "b": 2}'), replayed('{"b": 2, "a": 1}'), Verdict.SAME),
        (recorded('{"v": 65}'), replayed('{"v": 65.0}'), Verdict.EQUIVALENT),
        (recorded("ok"), replayed("done"), Verdict.RESPONSE_CHANGED),
        (recorded(None), replayed("done"), Verdict.NOT_RUN),
        (recorded(None, result={"a": 1}), replayed('{"a":1}'), Verdict.SAME),
        (recorded(None, result={"a": 1}), replayed('{"a": 2}'), Verdict.RESPONSE_CHANGED),
        (recorded(None, payload={"room": 7}), replayed("null"), Verdict.SAME),
        (recorded(None, payload={"room": 7}), replayed("done"), Verdict.RESPONSE_CHANGED),
        (recorded(None, result="x", attributes=DESCRIBED), replayed("x"), Verdict.NOT_RUN),
        (recorded("ok"), rejected(), Verdict.NOW_REJECTED),
        (was(Outcome.FAILED), rejected(), Verdict.NOW_REJECTED),
        (recorded("ok"), failed(), Verdict.NOW_FAILING),
        (recorded("ok"), replayed(None, Outcome.CRASHED), Verdict.NOW_FAILING),
        (recorded("ok"), replayed(None, Outcome.TIMEOUT), Verdict.NOW_FAILING),
        (was(Outcome.INVALID_ARGUMENTS), replayed("ok"), Verdict.NOW_ACCEPTED),
        (was(Outcome.UNKNOWN_TOOL), failed(), Verdict.NOW_ACCEPTED),
        (was(Outcome.FAILED), replayed("ok"), Verdict.NOW_PASSING),
        (was(Outcome.FAILED), failed(), Verdict.SAME),
        (was(Outcome.FAILED), failed("no room 7"), Verdict.ERROR_CHANGED),
        (was(Outcome.FAILED), replayed("no such room", Outcome.TIMEOUT), Verdict.ERROR_CHANGED),
        (was(Outcome.BAD_JSON), rejected(), Verdict.ERROR_CHANGED),
        (was(Outcome.UNFINISHED), replayed("ok"), Verdict.NOT_RUN),
        (was(Outcome.CANCELLED), replayed("ok"), Verdict.NOT_RUN),
        (recorded("ok"), replayed("ok", outside=[GONE]), Verdict.INTERACTIONS_CHANGED),
        (recorded("ok"), replayed("ok", outside=[miss()]), Verdict.UNANSWERED),
        (recorded("ok"), ReplayedCall(tool_call_id="c1", result=None), Verdict.NOT_RUN),
        (recorded("ok", state_hash="a"), replayed("ok", state_hash="b"), Verdict.EFFECT_CHANGED),
        (recorded("ok", state_hash="a"), replayed("ok", state_hash="a"), Verdict.SAME),
        (recorded("ok"), replayed("ok", state_hash="b"), Verdict.SAME),
    ],
)
def test_every_ending_has_its_verdict(
    call: ToolCall, today: ReplayedCall, verdict: Verdict
) -> None:
    judged = verdict_on(call, today)

    assert judged.verdict is verdict
    assert (judged.signature is None) == (verdict in (Verdict.SAME, Verdict.EQUIVALENT))
    assert (judged.cause is None) == (verdict in (Verdict.SAME, Verdict.EQUIVALENT))


def test_a_verdict_holds_the_differences_that_count_and_those_a_rule_allows() -> None:
    rules = Rules([IgnoreRule(path="**.etag")])

    judged = verdict_on(
        recorded('{"etag": "a", "state": "TX"}'), replayed('{"etag": "b", "state": "CA"}'), rules
    )

    assert [change.path for change in judged.changes] == ["state"]
    assert [change.path for change in judged.allowed] == ["etag"]


def test_a_call_that_differs_only_where_a_rule_allows_is_equivalent() -> None:
    rules = Rules([IgnoreRule(path="etag")])

    judged = verdict_on(recorded('{"etag": "a"}'), replayed('{"etag": "b"}'), rules)

    assert (judged.verdict, [c.path for c in judged.allowed]) == (Verdict.EQUIVALENT, ["etag"])


def test_fields_that_differ_in_spelling_do_not_show_among_those_that_differ() -> None:
    judged = verdict_on(recorded('{"v": 65, "w": 1}'), replayed('{"v": 65.0, "w": 2}'))

    assert [change.path for change in judged.changes] == ["w"]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CRASHED])
def test_an_imported_answer_is_read_by_todays_failure_rule(outcome: Outcome) -> None:
    judged = verdict_on(
        recorded('{"error": "x"}'),
        replayed('{"error": "x"}', outcome, recorded_outcome=Outcome.FAILED),
    )

    assert judged.recorded_outcome is Outcome.FAILED
    expected = Verdict.SAME if outcome is Outcome.FAILED else Verdict.ERROR_CHANGED
    assert judged.verdict is expected


def test_what_a_recording_says_of_itself_is_not_overruled_by_todays_failure_rule() -> None:
    judged = verdict_on(was(Outcome.TIMEOUT), replayed("x", recorded_outcome=Outcome.OK))

    assert judged.recorded_outcome is Outcome.TIMEOUT


def test_an_error_without_a_response_is_compared_by_its_class_and_words() -> None:
    call = recorded(None, outcome=Outcome.FAILED, error=failure("no room 7"))

    same = verdict_on(call, replayed(None, Outcome.FAILED, error=failure("no room 7")))
    other = verdict_on(call, replayed(None, Outcome.FAILED, error=failure("no room")))

    assert (same.verdict, other.verdict) == (Verdict.SAME, Verdict.ERROR_CHANGED)
    assert other.changes[0].replayed == "ValueError: no room"


class TestPayloads:
    CALL = recorded("ok", payload={"room": 7}, schema_hash="b2-16:1")

    def test_other_validated_arguments_for_the_same_response_are_a_verdict(self) -> None:
        judged = verdict_on(self.CALL, replayed("ok", payload={"room": 8}))

        assert (judged.verdict, judged.cause) == (Verdict.PAYLOAD_CHANGED, Cause.SCHEMA)
        assert [change.path for change in judged.changes] == ["room"]

    def test_a_new_default_that_nobody_asked_for_is_no_difference(self) -> None:
        judged = verdict_on(self.CALL, replayed("ok", payload={"room": 7, "currency": "EUR"}))

        assert judged.verdict is Verdict.SAME

    def test_a_changed_default_is_a_difference(self) -> None:
        call = self.CALL.model_copy(update={"payload": {"room": 7, "limit": 20}})

        judged = verdict_on(call, replayed("ok", payload={"room": 7, "limit": 50}))

        assert judged.verdict is Verdict.PAYLOAD_CHANGED

    def test_an_argument_that_was_asked_for_and_is_dropped_is_a_difference(self) -> None:
        call = recorded(
            arguments='{"order": {"room": 7}}', payload={"order": {"room": 7}}, schema_hash="x"
        )

        judged = verdict_on(call, replayed("ok", payload={"order": {}}))

        assert judged.verdict is Verdict.PAYLOAD_CHANGED

    def test_arguments_that_nobody_validated_when_recorded_are_not_compared(self) -> None:
        call = recorded("ok", payload={"room": "7"})

        assert verdict_on(call, replayed("ok", payload={"room": 7})).verdict is Verdict.SAME


class TestNoise:
    """The old code does not give the recorded answer either."""

    CALL = recorded('{"now": 1}')

    def test_what_the_old_code_shows_too_is_not_held_against_the_new(self) -> None:
        judged = verdict_on(self.CALL, replayed('{"now": 2}'), baseline=replayed('{"now": 2}'))

        assert (judged.verdict, judged.cause) == (Verdict.EQUIVALENT, Cause.NOT_REPRODUCIBLE)
        assert [change.path for change in judged.allowed] == ["now"]

    def test_what_differs_from_the_old_codes_answer_still_counts(self) -> None:
        judged = verdict_on(
            self.CALL,
            replayed('{"now": 2, "zone": "UTC"}'),
            baseline=replayed('{"now": 2}'),
            on_old_state=replayed('{"now": 2, "zone": "UTC"}'),
        )

        assert (judged.verdict, judged.cause) == (Verdict.RESPONSE_CHANGED, Cause.CODE)
        assert [change.path for change in judged.changes] == ["zone"]

    def test_an_unanswered_call_stays_inconclusive_whatever_the_old_code_shows(self) -> None:
        today = replayed("x", outside=[miss()])

        judged = verdict_on(recorded("y"), today, baseline=replayed("x", outside=[miss()]))

        assert (judged.verdict, judged.cause) == (Verdict.UNANSWERED, Cause.OUTSIDE)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INVALID_ARGUMENTS])
def test_an_answer_that_nobody_saw_made_ends_as_todays_that_says_the_same(outcome: Outcome) -> None:
    error = failure("no room 7", "booking.NoRoom")
    unseen, seen = recorded("error: no room 7"), recorded("error: no room 7", result="a room")

    judged = verdict_on(unseen, replayed("error: no room 7", outcome, error=error))

    assert (judged.verdict, judged.recorded_outcome) == (Verdict.SAME, outcome)
    for call, words in ((unseen, "error: no room 8"), (seen, "error: no room 7")):
        assert verdict_on(call, replayed(words, outcome, error=error)).cause is not None


@pytest.mark.parametrize("outcome", [Outcome.BAD_JSON, Outcome.UNKNOWN_TOOL])
def test_what_never_reached_a_tool_is_told_by_the_agent_then_and_by_the_toolbox_today(
    outcome: Outcome,
) -> None:
    by_agent = recorded("error: KeyError: 'book'", outcome=outcome)
    by_toolbox = by_agent.model_copy(update={"error": failure("none", stage=Stage.RESOLVE)})
    error = failure("there is none", stage=Stage.RESOLVE)
    today = replayed("Error: there is none", outcome, error=error)

    assert verdict_on(by_agent, today).verdict is Verdict.EQUIVALENT
    assert verdict_on(by_toolbox, today).verdict is Verdict.ERROR_CHANGED


def test_an_error_that_the_agent_had_put_into_its_own_words_is_the_same_error() -> None:
    error = failure("no room 7", "booking.NoRoom")
    by_agent = recorded("ERROR: no room 7", outcome=Outcome.FAILED, error=error)
    by_toolbox = by_agent.model_copy(update={"schema_hash": "b2-16:aa"})
    today = replayed("Error: book failed: NoRoom: no room 7", Outcome.FAILED, error=error)
    other = replayed("Error: no", Outcome.FAILED, error=failure("no room 8", "booking.NoRoom"))

    assert verdict_on(by_agent, today).verdict is Verdict.EQUIVALENT
    assert verdict_on(by_agent, other).verdict is Verdict.ERROR_CHANGED
    assert verdict_on(by_toolbox, today).verdict is Verdict.ERROR_CHANGED


@pytest.mark.parametrize(
    ("today", "differs"),
    [
        ('{"at": "2026-11-21T09:00:00.000001Z", "total": 3}', []),
        ('{"at": "2026-11-21T10:00:00.25+01:00", "total": 3}', []),
        ('{"at": "2026-11-21T09:30:00.25Z", "total": 3}', ["at"]),
        ('{"at": "2026-11-21T09:00:00.26Z", "total": 4}', ["total"]),
        ('{"at": "2026-11-21T09:00:00Z", "total": 3}', []),
        ('{"at": "2026-11-21T09:00:00.25", "total": 3}', ["at"]),
        ('{"at": null, "total": 3}', ["at"]),
    ],
)
def test_another_moment_of_the_same_call_is_no_difference(today: str, differs: list[str]) -> None:
    call = recorded('{"at": "2026-11-21T09:00:00.250000Z", "total": 3}', duration_ms=300.0)

    judged = verdict_on(call, replayed(today))

    assert judged.verdict is (Verdict.RESPONSE_CHANGED if differs else Verdict.EQUIVALENT)
    assert [change.path for change in judged.changes] == differs
    assert [change.path for change in judged.allowed] == ([] if "at" in differs else ["at"])


@pytest.mark.parametrize(
    ("then", "today"),
    [
        ("1763715600.25", "1763715600250.0"),
        ("1763715600.25", "1763715600"),
        ('"1763715600"', '"1763715600250"'),
        ('"2025-11-21T09:00:00.25Z"', "1763715600.25"),
        ('"Fri, 21 Nov 2025 09:00:00 GMT"', '"2025-11-21T09:00:00Z"'),
    ],
)
def test_a_moment_in_another_unit_or_form_is_a_difference(then: str, today: str) -> None:
    call = recorded(then, started_at="2025-11-21T09:00:00Z", duration_ms=300.0)

    assert verdict_on(call, replayed(today)).verdict is Verdict.RESPONSE_CHANGED
    assert verdict_on(call, replayed(then)).verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("today", "verdict"),
    [
        ('{"expires_at": "2026-11-21T10:00:00.000001+00:00"}', Verdict.EQUIVALENT),
        ('{"expires_at": "2026-11-21T10:30:00.250000+00:00"}', Verdict.RESPONSE_CHANGED),
    ],
)
def test_a_moment_reckoned_from_the_clock_differs_as_the_clock_does(
    today: str, verdict: Verdict
) -> None:
    hour_later = '{"expires_at": "2026-11-21T10:00:00.250000+00:00"}'

    assert verdict_on(recorded(hour_later, duration_ms=300.0), replayed(today)).verdict is verdict


def test_a_text_that_lost_its_quotes_is_another_answer() -> None:
    judged = verdict_on(recorded('"ab"'), replayed("ab"))

    assert judged.verdict is Verdict.RESPONSE_CHANGED
    assert [(one.recorded, one.replayed) for one in judged.changes] == [('"ab"', "ab")]


def test_two_replays_that_disagree_are_not_deterministic() -> None:
    judged = verdict_on(recorded("a"), replayed("a"), again=replayed("b"))

    assert judged.verdict is Verdict.NOT_DETERMINISTIC


class TestTraces:
    def test_calls_after_the_first_divergence_are_conditional(self) -> None:
        scene = Scene()
        for text in ("ok", "changed", "ok", "changed"):
            scene.tool(replayed(text), asked_by=scene.model())

        verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert [(v.verdict, v.conditional) for v in verdicts] == [
            (Verdict.SAME, False),
            (Verdict.RESPONSE_CHANGED, False),
            (Verdict.SAME, True),
            (Verdict.RESPONSE_CHANGED, True),
        ]

    def test_calls_of_the_same_model_output_are_not_conditional_on_each_other(self) -> None:
        scene = Scene()
        both = scene.model()
        scene.tool(replayed("changed"), asked_by=both)
        scene.tool(replayed("changed"), asked_by=both)
        scene.tool(replayed("ok"), asked_by=scene.model())

        verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert [verdict.conditional for verdict in verdicts] == [False, False, True]

    @pytest.mark.parametrize(
        ("today", "diverges"),
        [
            (replayed("ok", outside=[GONE]), False),
            (replayed("ok", outside=[miss()]), True),
            (failed(), True),
            (ReplayedCall(tool_call_id="", result=None, note="policy"), True),
        ],
    )
    def test_only_what_changes_the_models_world_makes_later_calls_conditional(
        self, today: ReplayedCall, diverges: bool
    ) -> None:
        scene = Scene()
        scene.tool(today)
        scene.tool(replayed("ok"))

        _, last = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert last.conditional is diverges

    def test_a_call_without_a_recorded_answer_makes_nothing_conditional(self) -> None:
        scene = Scene()
        scene.tool(replayed("ok"), response=None, outcome=Outcome.UNFINISHED)
        scene.tool(replayed("ok"))

        first, last = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert first.note == "The recording has no answer of this call to compare with."
        assert not last.conditional

    def test_a_verdict_names_the_model_version_that_answered(self) -> None:
        scene = Scene()
        scene.tool(replayed("ok"), asked_by=scene.model("gpt-4o-2024-08-06"))
        scene.tool(replayed("ok"), actor="user")

        verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert [(v.model, v.actor) for v in verdicts] == [
            ("gpt-4o-2024-08-06", "assistant"),
            (None, "user"),
        ]

    def test_an_effect_is_told_once_and_not_of_every_call_after_it(self) -> None:
        scene = Scene()
        scene.tool(replayed("ok", state_hash="s1"), state_hash="s1")
        scene.tool(replayed("ok", state_hash="x2"), state_hash="s2")
        scene.tool(replayed("ok", state_hash="x3"), state_hash="s3")

        verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert [(v.verdict, v.cause) for v in verdicts] == [
            (Verdict.SAME, None),
            (Verdict.EFFECT_CHANGED, Cause.CODE),
            (Verdict.SAME, None),
        ]

    def test_calls_that_were_not_replayed_have_no_verdict(self) -> None:
        scene = Scene()
        kept = scene.tool(replayed("ok"))
        scene.lanes = {kept: Lanes(replayed=scene.lanes[kept].replayed)}
        scene.steps.append(recorded(id="left-out", step_number=9))

        verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

        assert [verdict.tool_call_id for verdict in verdicts] == [kept]


def test_a_policy_that_kept_a_call_from_running_is_never_green() -> None:
    today = ReplayedCall(tool_call_id="c1", result=None, note="Writes are not replayed.")

    judged = verdict_on(recorded("ok"), today, situation=Situation(stateless=True))

    assert (judged.verdict, judged.note) == (Verdict.NOT_RUN, "Writes are not replayed.")


@pytest.mark.parametrize("read_as", [None, Outcome.FAILED])
def test_a_call_that_nobody_saw_and_today_says_the_same_ends_as_today(
    read_as: Outcome | None,
) -> None:
    """How it ended is only read out of what the model was told, which has not changed."""
    said = "error: TypeError: book() misses 'city'"
    today = replayed(
        said,
        Outcome.INVALID_ARGUMENTS,
        error=failure("misses 'city'", "TypeError", Stage.VALIDATE),
        recorded_outcome=read_as,
    )
    other = today.model_copy(update={"result": replayed("no", Outcome.REFUSED).result})

    assert verdict_on(recorded(said), today).verdict is Verdict.SAME
    assert verdict_on(recorded(said), other).verdict is Verdict.NOW_REJECTED
