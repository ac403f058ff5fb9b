"""Recorded against replayed: one verdict for one tool call.

What is asked first wins: was it run; did the outside answer; did it end another way; is the model
told something else; is the world left otherwise; is the outside asked something else; was the tool
given something else. Nothing inconclusive is ever green.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from replay.records import (
    CallVerdict,
    Cause,
    Change,
    InteractionChange,
    Lanes,
    Outcome,
    Policy,
    ReplayedCall,
    Stage,
    ToolCall,
    Verdict,
)
from replay.records.traces import STATE_NOT_SHOWN
from replay.verdicts.answers import (
    Answer,
    Ending,
    ending,
    recorded_answer,
    recorded_response,
    replayed_answer,
)
from replay.verdicts.canonical import Likeness, compare, same_value
from replay.verdicts.causes import Case, Situation, cause_of
from replay.verdicts.comparison import Comparison, compare_answers, compare_responses
from replay.verdicts.older_responses import cause_of_change
from replay.verdicts.overlaps import (
    epoch_s,
)
from replay.verdicts.reading import Schemas
from replay.verdicts.requests import has_miss, is_changed_request, is_miss
from replay.verdicts.rules import Rules
from replay.verdicts.signatures import signature
from replay.verdicts.worlds_apart import MADE_OTHERWISE, OTHER_DATA, note_of_failing_there

GREEN: Final = frozenset({Verdict.SAME, Verdict.EQUIVALENT})
"""Verdicts that ask nothing of anybody."""

WITHOUT_CAUSE: Final = GREEN | {Verdict.SERVED}
"""Verdicts that are nobody's doing: no cause, no finding."""

_CAUSES_OF_READING: Final = frozenset({Cause.SCHEMA, Cause.TRANSLATION})

_UNFIT: Final = frozenset({Outcome.BAD_JSON, Outcome.INVALID_ARGUMENTS})

_AS_READ: Final = frozenset({Outcome.OK, Outcome.FAILED})
"""How a call ends that nobody saw, by what the model was told: a failure rule reads it so."""

_NOTHING_RECORDED: Final = "The recording has no answer of this call to compare with."


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What was found of one call, before its cause is asked for."""

    verdict: Verdict
    changes: list[Change] = field(default_factory=list)
    allowed: list[Change] = field(default_factory=list)
    interaction_changes: list[InteractionChange] = field(default_factory=list)
    effect_changed: bool = False
    note: str | None = None


def judge(
    call: ToolCall,
    lanes: Lanes,
    rules: Rules,
    *,
    run_id: str,
    model: str | None = None,
    situation: Situation | None = None,
    again: ReplayedCall | None = None,
    schemas: Schemas | None = None,
) -> CallVerdict:
    """Return the verdict on one call.

    ``model`` is the model version that made the call. ``situation`` is what the calls before it
    say. ``again`` is a second replay of the same call: where the two disagree, the verdict is
    ``not_deterministic``. ``schemas`` tell how its arguments were read; None: nothing does.
    """
    situation = situation or Situation()
    if again is None and _is_same_at_once(call, lanes):
        return _same(call, lanes, run_id, model, situation)
    expected = _expected(call, lanes)
    today = replayed_answer(lanes.replayed)
    if call.outcome is Outcome.OK:
        expected = _as_told(expected, today)
    found = _find(call, expected, today, lanes, rules, situation)
    cause: Cause | None = None
    if again is not None and _disagree(call, today, again, rules):
        found = replace(found, verdict=Verdict.NOT_DETERMINISTIC)
    if found.verdict not in GREEN:
        found, cause, expected = _without_noise(
            found, call, expected, today, lanes, rules, situation
        )
    if cause is None and found.verdict not in WITHOUT_CAUSE:
        reading = (schemas or Schemas()).reading(call, lanes)
        case = Case(
            call.tool,
            found.verdict,
            expected,
            today,
            lanes,
            situation,
            found.effect_changed,
            recorded_response(call),
            reading,
        )
        found, cause = _caused(found, case, rules)
    verdict = _told(call, lanes, found, run_id, model, situation, cause, outcome=expected.outcome)
    if found.verdict in WITHOUT_CAUSE:
        return verdict
    return verdict.model_copy(update={"signature": signature(verdict, then=call.error)})


def _told(
    call: ToolCall,
    lanes: Lanes,
    found: _Judgement,
    run_id: str,
    model: str | None,
    situation: Situation,
    cause: Cause | None,
    outcome: Outcome | None,
) -> CallVerdict:
    """Return the verdict with all that was found; ``outcome`` is what was to be expected."""
    return CallVerdict(
        run_id=run_id,
        trace_id=call.trace_id,
        tool_call_id=call.id,
        step_number=call.step_number,
        tool=call.tool,
        actor=call.actor,
        model=model,
        verdict=found.verdict,
        cause=cause,
        conditional=situation.conditional,
        recorded_outcome=outcome,
        replayed=lanes.replayed.result,
        changes=found.changes,
        allowed=found.allowed,
        interaction_changes=found.interaction_changes,
        effect_changed=found.effect_changed,
        schema_errors=lanes.replayed.schema_errors,
        note=found.note or lanes.replayed.note,
        translated_response=lanes.replayed.recorded_response,
        policy=lanes.replayed.policy,
        went_out=_went_out(lanes.replayed),
    )


def _caused(found: _Judgement, case: Case, rules: Rules) -> tuple[_Judgement, Cause]:
    """Return what was found, with a note where that explains it, and its cause."""
    if found.verdict is Verdict.RESPONSE_CHANGED:
        translated = case.lanes.replayed.recorded_response
        cause = cause_of_change(case.recorded_response, translated, found.changes)
        if cause is not None:
            return found, cause
    cause = cause_of(case, rules)
    note = found.note
    if found.verdict is Verdict.EFFECT_CHANGED:
        note = note or _note_of_effect(case)
    if cause in _CAUSES_OF_READING and case.reading is not None and case.reading.changes:
        result = case.lanes.replayed.result
        note = note or case.reading.words(result.translation if result is not None else [])
    return replace(found, note=note), cause


def _note_of_effect(case: Case) -> str | None:
    lanes, situation = case.lanes, case.situation
    if (note := note_of_failing_there(lanes.replayed, lanes.on_old_state)) is not None:
        return note
    if not situation.start_differs:
        return None
    return MADE_OTHERWISE if situation.has_start else OTHER_DATA


def _is_same_at_once(call: ToolCall, lanes: Lanes) -> bool:
    """Whether today's answer is the recorded one byte for byte: no more need be asked then.

    Most calls of most runs are so. What this passes by, ``_find`` judges.
    """
    replayed, today = lanes.replayed, lanes.replayed.result
    if today is None or replayed.outside.changes or today.response is None:
        return False
    if replayed.recorded_response not in (None, call.response):
        return False  # today's version is to say it in other words, and does not
    if today.response != call.response or today.outcome is not _outcome_expected(call, replayed):
        return False
    if ending(today.outcome) is Ending.NONE or state_expected(call, lanes) != today.state_hash:
        return False
    given, payload = today.payload, call.payload
    return call.schema_hash is None or payload is None or same_value(payload, given)


def _same(
    call: ToolCall, lanes: Lanes, run_id: str, model: str | None, situation: Situation
) -> CallVerdict:
    return CallVerdict(
        run_id=run_id,
        trace_id=call.trace_id,
        tool_call_id=call.id,
        step_number=call.step_number,
        tool=call.tool,
        actor=call.actor,
        model=model,
        verdict=Verdict.SAME,
        conditional=situation.conditional,
        recorded_outcome=_outcome_expected(call, lanes.replayed),
        replayed=lanes.replayed.result,
        schema_errors=lanes.replayed.schema_errors,
        note=lanes.replayed.note,
        policy=lanes.replayed.policy,
        went_out=_went_out(lanes.replayed),
    )


def _went_out(replayed: ReplayedCall) -> list[str] | None:
    """Return what a live call asked, in one line each; None for every other call."""
    if replayed.policy is not Policy.LIVE:
        return None
    requests = (one.get("request") or {} for one in replayed.went_out)
    return [f"{request.get('method')} {request.get('uri')}" for request in requests]


def _outcome_expected(call: ToolCall, replayed: ReplayedCall) -> Outcome:
    if replayed.recorded_outcome is not None and call.outcome is Outcome.OK:
        return replayed.recorded_outcome
    return call.outcome


def state_expected(call: ToolCall, lanes: Lanes) -> str | None:
    """The recorded state; the old code's where the recording has none."""
    if call.state_hash is not None or lanes.baseline is None or lanes.baseline.result is None:
        return call.state_hash
    return lanes.baseline.result.state_hash


def _expected(call: ToolCall, lanes: Lanes) -> Answer:
    """What was recorded; the old code's state stands in where the recording has none."""
    answer = recorded_answer(call, lanes.replayed.recorded_outcome)
    if lanes.replayed.recorded_response is not None:
        answer = replace(answer, response=lanes.replayed.recorded_response)
    state = state_expected(call, lanes)
    return answer if state == answer.state_hash else replace(answer, state_hash=state)


def _find(
    call: ToolCall,
    expected: Answer,
    today: Answer | None,
    lanes: Lanes,
    rules: Rules,
    situation: Situation,
) -> _Judgement:
    outside = lanes.replayed.outside.changes
    if today is None:
        return _Judgement(_not_run(expected, lanes.replayed), interaction_changes=outside)
    if ending(expected.outcome) is Ending.NONE or _both_ran_unheard(expected, today):
        return _Judgement(Verdict.NOT_RUN, interaction_changes=outside, note=_NOTHING_RECORDED)
    compared = compare_answers(call.tool, expected, today, rules, arguments=call.arguments)
    if compared.verdict is Verdict.RESPONSE_CHANGED:
        compared = _without_moments(call, compared)
    if compared.verdict is Verdict.SAME and lanes.replayed.recorded_response is not None:
        # Today's words for the recorded answer; the recorded ones are other.
        told = recorded_response(call)
        compared = compare_responses(call.tool, told, today.response, rules)
        explained = [*compared.allowed, *compared.changes]
        compared = Comparison(Verdict.EQUIVALENT, [], explained)
    if compared.verdict is Verdict.ERROR_CHANGED and _never_fitted(expected, today):
        compared = Comparison(Verdict.EQUIVALENT, [], [*compared.allowed, *compared.changes])
    effect = _effect_changed(expected, today, lanes, situation)
    verdict = compared.verdict
    if has_miss(outside):
        known = all(is_changed_request(change) for change in outside if is_miss(change))
        verdict = Verdict.INTERACTIONS_CHANGED if known else Verdict.UNANSWERED
    elif compared.is_green or verdict is Verdict.PAYLOAD_CHANGED:
        if effect:
            verdict = Verdict.EFFECT_CHANGED
        elif outside:
            verdict = Verdict.INTERACTIONS_CHANGED
    if verdict in GREEN and (unshown := _state_not_shown(lanes.replayed)) is not None:
        return _Judgement(Verdict.NOT_RUN, allowed=compared.allowed, note=unshown)
    return _Judgement(verdict, compared.changes, compared.allowed, outside, effect)


def _both_ran_unheard(expected: Answer, today: Answer) -> bool:
    """Whether nobody knows what a call that succeeded answered, then, and today's succeeds too."""
    succeeded = ending(expected.outcome) is ending(today.outcome) is Ending.OK
    return succeeded and expected.response is None and today.response is not None


def _never_fitted(expected: Answer, today: Answer) -> bool:
    """Whether arguments that their own version rejected cannot be translated either.

    A translation owes them nothing: they are rejected as they were.
    """
    return expected.outcome in _UNFIT and today.stage is Stage.TRANSLATE


def _without_moments(call: ToolCall, compared: Comparison) -> Comparison:
    """Return ``compared`` with the moments of this call, or reckoned from its clock, allowed.

    What is left is what differs, beside however many clocks.
    """
    if call.duration_ms is None:
        return compared
    # The terminal UI shows verdicts, and judges none.
    from cassettes.moments import same_reckoning, tell_one_moment

    start = epoch_s(call.started_at)
    end = start + call.duration_ms / 1000

    def tells_the_time(change: Change) -> bool:
        sides = (change.recorded, change.replayed)
        return change.change == "changed" and (
            tell_one_moment(*sides, start, end) or same_reckoning(*sides, start, end)
        )

    told = [change for change in compared.changes if tells_the_time(change)]
    if not told:
        return compared
    others = [change for change in compared.changes if change not in told]
    verdict = compared.verdict if others else Verdict.EQUIVALENT
    return Comparison(verdict, others, [*compared.allowed, *told])


def _as_told(expected: Answer, today: Answer | None) -> Answer:
    """Return a recorded answer that nobody saw made, ended as today's where both say the same.

    What reads as success may have been an agent's own words for a failure; today's tools say these.
    """
    if today is None or not expected.is_unseen or expected.outcome not in _AS_READ:
        return expected
    if ending(today.outcome) not in (Ending.REJECTED, Ending.FAILING):
        return expected
    if expected.outcome is Outcome.FAILED and ending(today.outcome) is Ending.FAILING:
        return expected  # a tool that crashes now is another matter
    if not expected.response:
        return expected
    if compare(expected.response, today.response) is Likeness.DIFFERENT:
        return expected
    return replace(expected, outcome=today.outcome)


def _not_run(expected: Answer, replayed: ReplayedCall) -> Verdict:
    if replayed.policy is Policy.RECORDED and ending(expected.outcome) is not Ending.NONE:
        return Verdict.SERVED
    return Verdict.UNANSWERED if has_miss(replayed.outside.changes) else Verdict.NOT_RUN


def _state_not_shown(replayed: ReplayedCall) -> str | None:
    """Return the note of a call whose effect nobody can see: its toolbox's state raised."""
    notes = replayed.result.notes if replayed.result is not None else []
    return next((note for note in notes if note.startswith(STATE_NOT_SHOWN)), None)


def _without_noise(
    found: _Judgement,
    call: ToolCall,
    expected: Answer,
    today: Answer | None,
    lanes: Lanes,
    rules: Rules,
    situation: Situation,
) -> tuple[_Judgement, Cause | None, Answer]:
    """Judge against the old code's answer where that is not the recorded one either."""
    baseline = replayed_answer(lanes.baseline)
    if baseline is None or lanes.baseline is None or today is None:
        return found, None, expected
    if found.verdict in (Verdict.NOT_RUN, Verdict.NOT_DETERMINISTIC):
        return found, None, expected
    if has_miss(found.interaction_changes) or has_miss(lanes.baseline.outside.changes):
        return found, None, expected  # no answer of either code's to compare with
    # What was recorded is put into each code's own words: the old code's may be other ones.
    then = replace(_expected(call, Lanes(replayed=lanes.baseline)), state_hash=expected.state_hash)
    as_recorded = _find(call, then, baseline, Lanes(replayed=lanes.baseline), rules, situation)
    if as_recorded.verdict in GREEN or then.response != expected.response:
        return found, None, expected
    noise = lanes.baseline.outside.changes
    news = [change for change in lanes.replayed.outside.changes if change not in noise]
    outside = lanes.replayed.outside.model_copy(update={"changes": news})
    quiet = lanes.replayed.model_copy(update={"outside": outside})
    against = _find(
        call, baseline, today, lanes.model_copy(update={"replayed": quiet}), rules, situation
    )
    if against.verdict not in GREEN:
        return against, None, baseline
    allowed = [*found.allowed, *found.changes]
    equal = _Judgement(Verdict.EQUIVALENT, allowed=allowed)
    return equal, Cause.NOT_REPRODUCIBLE, expected


def _effect_changed(expected: Answer, today: Answer, lanes: Lanes, situation: Situation) -> bool:
    """Whether *this* call left another state; what earlier calls left is not its doing."""
    before = expected.state_hash
    if before is None or today.state_hash is None or today.state_hash == before:
        return False
    on_old_state = replayed_answer(lanes.on_old_state)
    if on_old_state is not None and on_old_state.state_hash is not None:
        return on_old_state.state_hash != before
    if situation.same_world_before is None:
        return not situation.conditional  # of a trace's first differing state somebody must hear
    return situation.same_world_before


def _disagree(call: ToolCall, today: Answer | None, again: ReplayedCall, rules: Rules) -> bool:
    second = replayed_answer(again)
    if today is None or second is None:
        return (today is None) is not (second is None)
    if today.state_hash != second.state_hash:
        return True
    return not compare_answers(call.tool, today, second, rules, arguments=call.arguments).is_green
