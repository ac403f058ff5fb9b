"""Two answers of one call side by side: what differs, what a rule allows, what is only spelling."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from replay.records import Change, JsonObject, JsonValue, Outcome, Verdict
from replay.verdicts import paths
from replay.verdicts.answers import Answer, Ending, ending
from replay.verdicts.canonical import (
    Likeness,
    Reading,
    compare,
    read_response,
    same_but_spelling,
)
from replay.verdicts.carrying import is_dropped, not_carried
from replay.verdicts.diffing import diff_values
from replay.verdicts.rules import Rules


@dataclass(frozen=True, slots=True)
class Comparison:
    """What today's answer has against the expected one."""

    verdict: Verdict
    changes: list[Change] = field(default_factory=list)
    allowed: list[Change] = field(default_factory=list)

    @property
    def is_green(self) -> bool:
        """True for ``same`` and ``equivalent``."""
        return self.verdict in (Verdict.SAME, Verdict.EQUIVALENT)


def compare_answers(
    tool: str, expected: Answer, today: Answer, rules: Rules, *, arguments: str = ""
) -> Comparison:
    """Return how ``today`` differs from ``expected`` in what the model and the tool were told.

    Effects on the world and interactions with the outside are not looked at here.
    """
    crossing = _crossing(ending(expected.outcome), ending(today.outcome))
    response = compare_responses(tool, expected.response, today.response, rules)
    if crossing is not None:
        return Comparison(crossing, response.changes, response.allowed)
    if ending(today.outcome) is not Ending.OK:
        return _compare_errors(expected, today, response)
    if response.verdict is not Verdict.SAME:
        return response
    payloads = _compare_payloads(tool, expected, today, rules, arguments)
    return response if payloads is None else _without_dropped(payloads, today.dropped)


def _without_dropped(compared: Comparison, dropped: tuple[str, ...]) -> Comparison:
    """Allow what a translation says that it leaves out."""
    meant = [one for one in compared.changes if is_dropped(one.path, dropped)]
    if not meant:
        return compared
    counting = [one for one in compared.changes if one not in meant]
    verdict = compared.verdict if counting else Verdict.EQUIVALENT
    return Comparison(verdict, counting, [*compared.allowed, *meant])


def compare_responses(
    tool: str, recorded: str | None, replayed: str | None, rules: Rules
) -> Comparison:
    """Return ``same``, ``equivalent`` or ``response_changed`` with the differences."""
    likeness = compare(recorded, replayed)
    if likeness is Likeness.SAME:
        return Comparison(Verdict.SAME)
    if likeness is Likeness.RESPELLED:
        return Comparison(Verdict.EQUIVALENT)
    old, new = read_response(recorded), read_response(replayed)
    if old.form != new.form and old.value == new.value:
        # A text and a value that it looks like: what differs is the spelling that the model sees.
        old, new = Reading("text", recorded), Reading("text", replayed)
    return _sifted(tool, _response_changes(old, new), rules, Verdict.RESPONSE_CHANGED)


def _response_changes(old: Reading, new: Reading) -> list[Change]:
    if "nothing" in (old.form, new.form):
        gained = old.form == "nothing"
        change = Change(
            path="",
            change="added" if gained else "removed",
            recorded=old.value,
            replayed=new.value,
        )
        return [change]
    return [
        change
        for change in diff_values(old.value, new.value)
        if not (
            change.change in ("changed", "type_changed")
            and same_but_spelling(change.recorded, change.replayed)
        )
    ]


def _sifted(tool: str, changes: list[Change], rules: Rules, verdict: Verdict) -> Comparison:
    counting, allowed = rules.sift(tool, changes)
    if counting:
        return Comparison(verdict, counting, allowed)
    return Comparison(Verdict.EQUIVALENT, [], allowed)


def _crossing(expected: Ending, today: Ending) -> Verdict | None:
    """The verdict of a call that ends in another way than before; None when it does not."""
    if expected is today:
        return None
    if today is Ending.NONE or expected is Ending.NONE:
        return Verdict.NOT_RUN
    if today is Ending.REJECTED:
        return Verdict.NOW_REJECTED
    if expected is Ending.REJECTED:
        return Verdict.NOW_ACCEPTED
    return Verdict.NOW_FAILING if today is Ending.FAILING else Verdict.NOW_PASSING


def _compare_errors(expected: Answer, today: Answer, response: Comparison) -> Comparison:
    if expected.outcome is not today.outcome:
        return Comparison(Verdict.ERROR_CHANGED, response.changes, response.allowed)
    if response.verdict is Verdict.RESPONSE_CHANGED:
        if _only_told_otherwise(expected, today):
            return Comparison(Verdict.EQUIVALENT, [], [*response.allowed, *response.changes])
        return Comparison(Verdict.ERROR_CHANGED, response.changes, response.allowed)
    both_silent = expected.response is None and today.response is None
    if both_silent and expected.error and today.error:
        old, new = (f"{e.type}: {e.message}" for e in (expected.error, today.error))
        if compare(old, new) is Likeness.DIFFERENT:
            return Comparison(
                Verdict.ERROR_CHANGED,
                [Change(path="", change="changed", recorded=old, replayed=new)],
            )
    return response


_NEVER_REACHED_A_TOOL: Final = frozenset({Outcome.BAD_JSON, Outcome.UNKNOWN_TOOL})


def _only_told_otherwise(expected: Answer, today: Answer) -> bool:
    """Whether the tool raised what it raised then, and somebody else put it into words.

    A decorated function was called by an agent with words of its own for what it raises; in a
    replay the toolbox words it. So it is with what never reached a tool.
    """
    if expected.is_unseen:
        return expected.outcome in _NEVER_REACHED_A_TOOL
    if expected.validated or expected.error is None or today.error is None:
        return False
    old, new = (f"{error.type}: {error.message}" for error in (expected.error, today.error))
    return compare(old, new) is not Likeness.DIFFERENT


def _compare_payloads(
    tool: str, expected: Answer, today: Answer, rules: Rules, arguments: str
) -> Comparison | None:
    """None when the tool was given the same; a new default that nobody asked for is the same."""
    old, new = expected.payload, today.payload
    if not expected.validated or old is None or new is None:
        return None
    changes = payload_changes(old, new, arguments, is_translated=today.is_translated)
    if not changes:
        return None
    return _sifted(tool, changes, rules, Verdict.PAYLOAD_CHANGED)


def payload_changes(
    old: JsonValue, new: JsonValue, arguments: str, *, is_translated: bool = False
) -> list[Change]:
    """Return how ``new`` differs from ``old``, both read out of a model's ``arguments``.

    A default that came or went and that nobody asked for is no difference. Where a translation
    made ``new``, only what it did not carry over is one: all else is in other words on purpose.
    """
    if same_but_spelling(old, new):
        return []
    if is_translated:
        return not_carried(old, new)
    asked = _asked_for(arguments)
    return [
        change
        for change in diff_values(old, new, "")
        if not _is_default(change, asked)
        and not same_but_spelling(change.recorded, change.replayed)
    ]


def _is_default(change: Change, asked: JsonObject) -> bool:
    """Whether the model never named this argument, so that only a default came or went."""
    if change.change not in ("added", "removed"):
        return False
    inside: JsonValue = asked
    for part in paths.split(change.path):
        if isinstance(inside, list) and isinstance(part, int):
            if part >= len(inside):
                return True
        elif not isinstance(inside, dict) or part not in inside:
            return True
        inside = inside[part]
    return False


def _asked_for(arguments: str) -> JsonObject:
    try:
        asked = json.loads(arguments)
    except (ValueError, RecursionError):
        return {}
    return asked if isinstance(asked, dict) else {}


def is_same_answer(tool: str, one: Answer, other: Answer, rules: Rules) -> bool:
    """Return whether two answers would be judged ``same`` or ``equivalent``."""
    return compare_answers(tool, one, other, rules).is_green
