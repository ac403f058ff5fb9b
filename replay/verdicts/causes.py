"""Why a verdict is not green.

With a baseline the lanes of a call answer it: today's code on the old state says what the *code*
does; today's code from the old start says what the world's own data (*outside*) does; what is left
was *carried* over from earlier calls.

Without a baseline only this can be known, and nothing more is claimed:

* a call that today's schema turns away, or lets in, is the **schema**'s doing, or the
  **translation**'s that made its arguments;
* a call that answers as recorded once its arguments are read as they were is the schema's doing,
  or the translation's that did not carry something over;
* a request that the cassette of a call never had any answer for is **outside**'s;
* where the world is known to be as it was (the tools share none, or its state before the call is
  the recorded one, or after it where nothing is known of before), the **code** is the only thing
  left;
* a world that was another one before the first call already is the **code**'s where it was made of
  the recorded start, else **outside**'s: its start, or the data that the tools ship;
* everything else is **unknown**. That includes the first difference of a trace whose recording does
  not have the state at its start: its world was made anew from today's data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from replay.records import Cause, Lanes, Outcome, Policy, ReplayedCall, Stage, Verdict
from replay.records.codes import UNFIT
from replay.verdicts.answers import Answer, ending, replayed_answer
from replay.verdicts.comparison import is_same_answer
from replay.verdicts.reading import Reading
from replay.verdicts.requests import has_miss, is_miss
from replay.verdicts.rules import Rules

_SCHEMA_STAGES: Final = frozenset({Stage.PARSE, Stage.RESOLVE, Stage.VALIDATE, Stage.SANITIZE})
_ABOUT_THE_DOOR: Final = frozenset(
    {
        Verdict.NOW_REJECTED,
        Verdict.NOW_ACCEPTED,
        Verdict.ERROR_CHANGED,
        Verdict.NOW_FAILING,
        Verdict.NOW_PASSING,
    }
)
"""Verdicts that may come of what is checked before the tool runs."""
_OF_BEFORE: Final = frozenset({Verdict.NOW_ACCEPTED, Verdict.NOW_PASSING})
"""Verdicts that the recorded end of a call decides, not today's."""

ROUTE_FAILED: Final = "RouteFailed"
"""The error of a call that no version was chosen for."""

_BESIDE_THE_RESPONSE: Final = frozenset(
    {Verdict.UNANSWERED, Verdict.INTERACTIONS_CHANGED, Verdict.EFFECT_CHANGED}
)
"""Verdicts on calls whose response may well be the recorded one."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a call's surroundings when it is judged."""

    conditional: bool = False
    """An earlier call of the trace diverged."""
    same_world_before: bool | None = None
    """Whether the world was the recorded one just before the call; None: nothing tells."""
    stateless: bool = False
    """The tools share no world at all."""
    start_differs: bool = False
    """This is a trace's first call, and its world was another one before it already."""
    has_start: bool = False
    """The trace's start was recorded, and its world was made of it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call that is not green, with everything that may tell its cause."""

    tool: str
    verdict: Verdict
    expected: Answer
    today: Answer | None
    lanes: Lanes
    situation: Situation
    effect_changed: bool = False
    recorded_response: str | None = None
    """What the model was told then, in the words of that time."""
    reading: Reading | None = None
    """How today's arguments are read otherwise; None: as they were, or nothing tells."""


def cause_of(case: Case, rules: Rules) -> Cause:
    """Return why ``case`` is not green."""
    if case.verdict in (Verdict.NOT_RUN, Verdict.NOT_DETERMINISTIC):
        return Cause.UNKNOWN
    at_the_door = _cause_at_the_door(case)
    if at_the_door is not None:
        return at_the_door
    if case.lanes.replayed.policy is Policy.LIVE:
        return _cause_of_live(case, rules)
    return _cause_by_reading(case, _cause_beyond_the_door(case, rules), rules)


def _cause_beyond_the_door(case: Case, rules: Rules) -> Cause:
    """What code and worlds say, as if the arguments were read as they were."""
    if case.verdict is Verdict.UNANSWERED and _cassette_is_empty(case.lanes):
        return Cause.OUTSIDE
    if case.verdict is Verdict.INTERACTIONS_CHANGED and _old_code_misses(case.lanes):
        return Cause.NOT_REPRODUCIBLE
    if case.lanes.on_old_state is not None and case.lanes.on_old_state.result is not None:
        return _cause_by_lanes(case, case.lanes.on_old_state, rules)
    return _cause_without_baseline(case)


def _cause_at_the_door(case: Case) -> Cause | None:
    """What parsing, resolving, translating or validating did, or None when it was not they."""
    if case.verdict is Verdict.PAYLOAD_CHANGED:
        return Cause.TRANSLATION if _was_translated(case.lanes.replayed) else Cause.SCHEMA
    before, after = case.expected, case.today
    let_in = case.verdict is Verdict.UNANSWERED and _is_rejected_at_the_door(before)
    if case.verdict not in _ABOUT_THE_DOOR and not let_in:
        return None
    decides = before if let_in or case.verdict in _OF_BEFORE else after
    if decides is None:
        return None
    if decides.stage is Stage.TRANSLATE:
        return Cause.TRANSLATION
    if decides.error is not None and decides.error.type.endswith(ROUTE_FAILED):
        return Cause.CODE  # the route's: no schema was asked
    if not _is_rejected_at_the_door(decides):
        return None
    made_unfit = decides is after and after.is_translated
    if made_unfit and not _is_rejected_at_the_door(before):
        return Cause.TRANSLATION
    return Cause.SCHEMA


def _is_rejected_at_the_door(answer: Answer) -> bool:
    return answer.outcome in UNFIT or (
        answer.stage in _SCHEMA_STAGES and answer.outcome is not Outcome.OK
    )


def _was_translated(replayed: ReplayedCall) -> bool:
    result = replayed.result
    if result is None:
        return False
    return bool(result.translation) or any(one.stage is Stage.TRANSLATE for one in result.stages)


def _cause_by_reading(case: Case, cause: Cause, rules: Rules) -> Cause:
    """Tell what is done to the arguments from what is done with them.

    ``cause`` is what code and worlds say. What answers as recorded once the arguments are read as
    they were is the reading's doing, whatever the world. Where they cannot be read so any more, it
    comes before the code, and is named where else the code would be.
    """
    reading = case.reading
    if reading is None or cause in (Cause.CARRIED, Cause.NOT_REPRODUCIBLE):
        return cause
    as_then = case.lanes.as_read_then
    if as_then is not None and as_then.result is not None:
        if not _agrees(_in_words_of_then(case), as_then, rules):
            is_read = reading.is_translated or reading.is_as_then(as_then.result.payload)
            return cause if is_read or cause is not Cause.CODE else Cause.SCHEMA
        if not reading.is_translated:
            return Cause.SCHEMA
        # The old version still answers as it did: the new one reads, or does, something else.
        return Cause.TRANSLATION if reading.changes else Cause.CODE
    is_lossy = reading.is_translated and bool(reading.changes)
    unanswered = cause is Cause.OUTSIDE and has_miss(case.lanes.replayed.outside.changes)
    if is_lossy and (cause is Cause.CODE or (unanswered and not _old_code_misses(case.lanes))):
        return Cause.TRANSLATION
    return cause


def _in_words_of_then(case: Case) -> Case:
    """Return ``case`` with the answer as it was recorded, where it was translated for today's."""
    if case.lanes.replayed.recorded_response in (None, case.recorded_response):
        return case
    if case.expected.response != case.lanes.replayed.recorded_response:
        return case  # it is the old code's answer
    expected = replace(case.expected, response=case.recorded_response)
    return replace(case, expected=expected)


def _cause_by_lanes(case: Case, on_old_state: ReplayedCall, rules: Rules) -> Cause:
    if not _agrees(case, on_old_state, rules) and not _ends_otherwise(case, on_old_state):
        return Cause.CODE
    if case.lanes.on_old_start is not None and case.lanes.on_old_start.result is not None:
        on_old_start = case.lanes.on_old_start
        shipped = _agrees(case, on_old_start, rules) or _ends_otherwise(case, on_old_start)
        return Cause.OUTSIDE if shipped else Cause.CARRIED
    return Cause.CARRIED if case.situation.conditional else Cause.OUTSIDE


def _ends_otherwise(case: Case, on_old_state: ReplayedCall) -> bool:
    """Whether only the state makes the call end in another way: on the old one it ends as before.

    Today's code may say it in other words there; that is not why it fails.
    """
    answer = replayed_answer(on_old_state)
    if answer is None or case.today is None:
        return False
    before, on_old, today = (ending(each.outcome) for each in (case.expected, answer, case.today))
    return on_old is before and today is not before


def _cause_of_live(case: Case, rules: Rules) -> Cause:
    """Tell a service that answers otherwise from code that does, by today's code on the cassette.

    That is the lane on the old state; without a baseline there is none.
    """
    on_cassette = case.lanes.on_old_state
    if on_cassette is None or on_cassette.result is None:
        return Cause.UNKNOWN
    return Cause.OUTSIDE if _agrees(case, on_cassette, rules) else Cause.CODE


def _agrees(case: Case, lane: ReplayedCall, rules: Rules) -> bool:
    """Whether a lane shows nothing of the difference that today's replay shows."""
    answer = replayed_answer(lane)
    if answer is None:
        return False
    if case.today is not None and answer.told == case.today.told:
        if case.verdict not in _BESIDE_THE_RESPONSE:
            return False  # word for word what today's replay told, without comparing once more
    elif not is_same_answer(case.tool, case.expected, answer, rules):
        return False
    if case.verdict in (Verdict.UNANSWERED, Verdict.INTERACTIONS_CHANGED) and lane.outside.changes:
        return False
    if not case.effect_changed or case.expected.state_hash is None:
        return True
    return answer.state_hash in (None, case.expected.state_hash)


def _cause_without_baseline(case: Case) -> Cause:
    if case.situation.stateless or case.situation.same_world_before:
        return Cause.CODE
    if case.situation.start_differs:
        if case.verdict is not Verdict.EFFECT_CHANGED:
            return Cause.UNKNOWN
        return Cause.CODE if case.situation.has_start else Cause.OUTSIDE
    if case.situation.same_world_before is False:
        return Cause.UNKNOWN  # that the state is the recorded one afterwards may be a coincidence
    same_world_after = (
        case.today is not None
        and case.today.state_hash is not None
        and case.today.state_hash == case.expected.state_hash
    )
    return Cause.CODE if same_world_after else Cause.UNKNOWN


def _cassette_is_empty(lanes: Lanes) -> bool:
    """Whether the cassette answered nothing at all, today or for the old code."""
    if _old_code_misses(lanes):
        return True
    outside = lanes.replayed.outside
    misses = [change for change in outside.changes if is_miss(change)]
    return len(misses) == len(outside.changes) and len(misses) >= len(outside.asked)


def _old_code_misses(lanes: Lanes) -> bool:
    return lanes.baseline is not None and has_miss(lanes.baseline.outside.changes)
