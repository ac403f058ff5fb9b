"""Worlds that differ before any call, and worlds that the new code cannot work on."""

from __future__ import annotations

import pytest

from replay.records import CallVerdict, Cause, Outcome, Verdict
from replay.records.traces import START_STATE
from replay.report.words import cause_words
from replay.verdicts import Rules, Situation, collect, judge_trace
from tests.verdicts.calls import Scene, failure, recorded, replayed, verdict_on


def at_the_start(tool: str, *, has_start: bool) -> CallVerdict:
    """Return the verdict on a first call that changes nothing, in a world that began otherwise."""
    return verdict_on(
        recorded("ok", id=f"c-{tool}", tool=tool, state_hash="list"),
        replayed("ok", call_id=f"c-{tool}", tool=tool, state_hash="dict"),
        situation=Situation(start_differs=True, has_start=has_start),
    )


@pytest.mark.parametrize(("has_start", "cause"), [(True, Cause.CODE), (False, Cause.OUTSIDE)])
def test_a_world_made_otherwise_of_the_recorded_start_is_the_codes(
    has_start: bool, cause: Cause
) -> None:
    judged = at_the_start("book", has_start=has_start)

    assert (judged.verdict, judged.cause) == (Verdict.EFFECT_CHANGED, cause)
    assert (judged.note or "").startswith("The world was another one before the trace's first call")


def test_it_is_one_finding_whatever_tools_were_called_first() -> None:
    (finding,) = collect(
        [at_the_start(tool, has_start=True) for tool in ("book", "look", "cancel")]
    )

    assert finding.call_count == finding.tool_call_total == 3
    assert finding.title.startswith("The world is another one before the first call already")


def test_of_calls_that_overlapped_at_the_start_it_is_none_of_their_doing() -> None:
    scene = Scene()
    for number in (0, 1):
        scene.tool(
            replayed("ok", state_hash="dict"),
            "m",
            state_hash="list",
            offset_ms=number,
            duration_ms=9,
        )
    transcript = scene.transcript()
    trace = transcript.trace.model_copy(update={"attributes": {START_STATE: "l"}, "start": {}})
    lanes = {
        call_id: one.model_copy(
            update={"replayed": one.replayed.model_copy(update={"state_before": "d"})}
        )
        for call_id, one in scene.lanes.items()
    }

    judged = judge_trace(
        transcript.model_copy(update={"trace": trace}), lanes, Rules(), run_id="r1"
    )

    (effect,) = [one for one in judged if one.verdict is Verdict.EFFECT_CHANGED]
    assert (effect.cause, effect.perhaps_of) == (Cause.CODE, [])
    assert (effect.note or "").startswith("The world was another one")


def test_a_call_that_todays_code_cannot_do_on_the_old_state_says_so() -> None:
    error = failure("'list' object has no attribute 'get'", "AttributeError")
    judged = verdict_on(
        recorded("ok", state_hash="list+"),
        replayed("ok", state_hash="dict+"),
        baseline=replayed("ok", state_hash="list+"),
        on_old_state=replayed("x", Outcome.FAILED, error=error, state_hash="list"),
    )
    (finding,) = collect([judged])

    assert (judged.verdict, judged.cause) == (Verdict.EFFECT_CHANGED, Cause.CODE)
    assert finding.title == (
        "book: the same response; on the state of the old code it ends otherwise: "
        "AttributeError: 'list' object has no attribute 'get'"
    )
    assert finding.placeless_signature not in (None, finding.signature)


def test_an_effect_of_a_call_that_was_to_no_tool_is_not_said_to_miss_one() -> None:
    words = cause_words(Cause.CODE, Verdict.EFFECT_CHANGED, "UnknownTool")

    assert words == "today's code: it makes another state"
