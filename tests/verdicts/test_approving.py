"""An approval covers what it was given for: further recordings of it, and no further change."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from replay.cli.approvals import approvals_of
from replay.records import Approval, CallError, CallVerdict, Change, Finding, Verdict
from replay.verdicts import Approvals, apply_approvals, approve_verdict, collect, exit_code
from replay.verdicts.signatures import signature
from tests.verdicts.calls import AT
from tests.verdicts.test_findings import (
    MISSING_REASON,
    asking,
    changed,
    effect_of,
    too_small,
    turned_away,
)

MONDAY, TUESDAY = "2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"
RECORDED = {f"t{n}": MONDAY for n in range(100)} | {f"t{n}": TUESDAY for n in range(100, 200)}


_CHANGES: dict[str, Any] = {"~": "changed", "-": "removed"}


@lru_cache
def rounded(number: int, to: Any = 2, frm: Any = 1) -> CallVerdict:
    """Call ``number``, of a trace of its own: below 100 of Monday, then of Tuesday."""
    return changed({"fee": frm}, {"fee": to}, step=number, trace_id=f"t{number}")


def same(number: int) -> CallVerdict:
    return changed({"fee": 1}, {"fee": 1}, step=number, trace_id=f"t{number}")


@lru_cache
def effect(number: int, state: str, *places: str) -> CallVerdict:
    """Call ``number`` leaves ``state`` behind; ``places``: where, if a baseline ran."""
    found = effect_of(state).model_copy(
        update={
            "tool_call_id": f"c{number}",
            "trace_id": f"t{number}",
            "state_paths": list(places),
            "state_changes": [
                Change(path=one[1:].replace("*", "0"), change=_CHANGES[one[0]]) for one in places
            ],
        }
    )
    return found.model_copy(update={"signature": signature(found)})


def approved(*calls: CallVerdict, everywhere: bool = False) -> list[Approval]:
    return approvals_of(collect(calls, RECORDED), everywhere=everywhere)


def told(approvals: list[Approval], *calls: CallVerdict) -> list[tuple[bool, str | None]]:
    found = apply_approvals(calls, collect(calls, RECORDED), approvals)[1]
    return [(one.approved, one.approval_note) for one in found]


def approval(signature: str | None) -> Approval:
    return Approval(signature=signature or "", title="", approved_at="2026-11-21T09:00:00Z")


def approval_of(finding: Finding) -> Approval:
    return Approval(
        signature=finding.signature,
        title=finding.title,
        approved_at=AT,
        call_count=finding.call_count,
        models=finding.models,
        error_hashes=finding.error_hashes,
        answers=finding.answers,
    )


def test_further_recordings_of_an_approved_change_stay_approved_and_are_counted() -> None:
    approvals = approved(rounded(2), same(3))

    assert told(approvals, rounded(2), same(3), rounded(100), rounded(101)) == [
        (True, "approved for 1 call, now 3 with what was recorded since")
    ]


def test_a_call_that_was_not_part_of_the_change_when_it_was_approved_opens_it_again() -> None:
    approvals = approved(rounded(2), same(3))

    assert told(approvals, rounded(2), rounded(3, to=40)) == [(False, "approved for 1 call, now 2")]
    assert told(approvals, rounded(2), rounded(3, to=40), rounded(100)) == [
        (False, "approved for 1 call, now 3")
    ]


def test_of_very_many_calls_one_that_came_to_them_is_seen_where_nothing_was_recorded_since() -> (
    None
):
    many = [rounded(n) for n in range(2, 95)]
    approvals = approved(*many, same(95))

    assert told(approvals, *many) == [(True, None)]
    assert told(approvals, *many, rounded(95)) == [(False, "approved for 93 calls, now 94")]


def test_of_very_many_calls_any_one_that_answers_otherwise_is_seen() -> None:
    many = [rounded(n) for n in range(2, 99)]
    approvals = approved(*many)
    assert len(approvals[0].answers) == 64
    for number in range(2, 99, 8):
        today = [rounded(n, to=40 if n == number else 2) for n in range(2, 99)]
        assert told(approvals, *today) == [(False, "approved, and changed again since")]


def test_what_is_approved_everywhere_covers_other_calls_and_not_another_answer() -> None:
    approvals = approved(rounded(2), same(3), everywhere=True)

    assert told(approvals, rounded(2), rounded(3)) == [(True, "approved for 1 call, now 2")]
    assert told(approvals, rounded(2, to=40)) == [(False, "approved, and changed again since")]


def test_an_approval_of_an_older_release_knows_its_own_date_only() -> None:
    (new,) = approved(rounded(2))
    unknown = {"recorded_until": None, "all_calls": None, "all_answers": None}
    old = new.model_copy(update={**unknown, "approved_at": "2026-11-23T18:00:00Z"})

    assert told([old], rounded(2), rounded(100))[0][0]
    assert told([old], rounded(2), rounded(3)) == [(False, "approved for 1 call, now 2")]


def test_an_effect_at_another_place_is_another_finding_and_not_approved() -> None:
    approvals = approved(effect(2, "aa", "~refunds[*].amount"))

    assert told(approvals, effect(2, "aa", "~refunds[*].amount")) == [(True, None)]
    assert told(approvals, effect(3, "bb", "-refunds[*]")) == [(False, None)]
    assert told(approvals, effect(2, "bb", "-refunds[*]")) == [
        (False, "approved, and changed again since")
    ]


def test_an_effect_of_unknown_places_is_approved_for_its_calls_and_states_alone() -> None:
    approvals = approved(effect(2, "aa"), effect(3, "aa"))

    assert told(approvals, effect(2, "aa"), effect(3, "aa")) == [(True, None)]
    assert told(approvals, effect(3, "aa")) == [(True, None)]
    assert told(approvals, effect(2, "bb"), effect(3, "aa")) == [
        (False, "approved, and changed again since")
    ]
    assert told(approvals, effect(2, "aa"), effect(100, "aa")) == [
        (False, "approved for 2 calls and the very states that they left, now 2")
    ]
    assert not approved(effect(2, "aa"), everywhere=True)[0].everywhere


def test_very_many_effects_of_unknown_places_are_approved_as_a_whole() -> None:
    many = [effect(n, "aa") for n in range(2, 99)]
    approvals = approved(*many)

    assert told(approvals, *many) == [(True, None)]
    for number in range(2, 99, 8):
        today = [effect(n, "bb" if n == number else "aa") for n in range(2, 99)]
        assert not told(approvals, *today)[0][0]


@pytest.mark.parametrize("first", [(), ("~refunds[*].amount",)], ids=["hashes", "places"])
def test_an_approved_effect_holds_with_a_baseline_and_without_one(first: tuple[str, ...]) -> None:
    second = () if first else ("~refunds[*].amount",)
    approvals = approved(effect(2, "aa", *first))

    assert told(approvals, effect(2, "aa", *second)) == [(True, None)]
    assert not told(approvals, effect(2, "bb", *second))[0][0]
    assert not told(approvals, effect(3, "bb", *second))[0][0]


def test_an_effect_that_an_older_release_approved_keeps_its_calls_and_no_others() -> None:
    (new,) = approved(effect(2, "aa"))
    fields = {"signature", "title", "approved_at", "call_count", "answers"}
    old = Approval.model_validate(new.model_dump(include=fields))

    assert told([old], effect(2, "aa", "~refunds[*].amount")) == [(True, None)]
    assert told([old], effect(3, "cc", "-refunds[*]")) == [(False, None)]
    assert not told([old.model_copy(update={"answers": {}})], effect(2, "aa"))[0][0]


def test_a_call_is_marked_until_its_finding_is_known_where_its_effect_may_be_approved() -> None:
    known = Approvals(approved(effect(2, "aa")))

    assert known.may_cover(effect(3, "bb", "-refunds[*]"))
    assert not known.may_cover(rounded(2))


def finding_of(*calls: CallVerdict) -> Finding:
    (finding,) = collect(calls, RECORDED)
    return finding


def test_an_effect_says_where_it_is() -> None:
    finding = finding_of(effect(2, "aa", "~refunds[*].amount"))

    assert finding.verdict is Verdict.EFFECT_CHANGED
    assert finding.paths == ["~refunds[*].amount"]
    assert "another state of the world afterwards: `refunds[*].amount` differs" in finding.title


def test_an_approved_finding_is_green_until_it_changes() -> None:
    meant = changed({"province": "TX"}, {"state": "TX"})
    more = changed({"province": "TX"}, {"state": "TX", "zip": 1})
    approvals = [approval(meant.signature)]

    verdicts, findings = apply_approvals([meant, more], collect([meant, more]), approvals)

    assert [verdict.approved for verdict in verdicts] == [True, False]
    assert {finding.title: finding.approved for finding in findings} == {
        "book: `province` is now `state`": True,
        "book: `province` is now `state`, new `zip`": False,
    }
    assert exit_code([approve_verdict(meant, approvals)]) == 0
    assert exit_code([approve_verdict(more, approvals)]) == 2


def test_an_approved_failure_that_grows_is_open_again() -> None:
    (before,) = collect([too_small(15.5, 2), too_small(15.5, 3)])
    more = [too_small(15.5, 2), too_small(15.5, 3), too_small(20, 4)]

    verdicts, (finding,) = apply_approvals(more, collect(more), [approval_of(before)])

    assert (finding.approved, finding.approval_note) == (False, "approved for 2 calls, now 3")
    assert exit_code(verdicts) == 1


def test_an_approved_failure_with_another_value_is_open_again() -> None:
    (before,) = collect([too_small(15.5, 2)])
    other = [too_small(20, 2)]

    verdicts, (finding,) = apply_approvals(other, collect(other), [approval_of(before)])

    assert finding.approval_note == "approved with other values in its errors"
    assert exit_code(verdicts) == 1


def test_an_approval_of_calls_that_had_failed_covers_none_that_worked() -> None:
    failed = turned_away(2, CallError(type="Refused", message="no"), MISSING_REASON)
    worked = turned_away(3, None, MISSING_REASON)
    (before,) = collect([failed])
    (now_found,) = collect([worked])
    assert before.signature == now_found.signature

    for everywhere in (False, True):
        approvals = approvals_of([before], everywhere=everywhere)
        verdicts, (finding,) = apply_approvals([worked], [now_found], approvals)

        assert finding.approval_note == (
            "approved for calls that had failed when they were recorded; "
            "now calls that worked end so"
        )
        assert exit_code(verdicts) == 1


def test_an_approval_covers_no_other_calls_that_were_looked_at_then_though_they_are_fewer() -> None:
    approvals = approved(rounded(2), rounded(3))

    assert told(approvals, rounded(4)) == [(False, "approved for 2 calls, now for others")]
    assert told(approvals, rounded(3)) == [(True, None)]
    assert told(approvals, rounded(104)) == [(True, None)]


def test_fewer_calls_and_approvals_that_know_no_number_stay_approved() -> None:
    (before,) = collect([too_small(15.5, 2), too_small(15.5, 3)])
    fewer = [too_small(15.5, 2)]
    unknown: dict[str, Any] = {"call_count": None, "error_hashes": [], "answers": {}}
    old = approval_of(before).model_copy(update=unknown)
    many = [too_small(n, n) for n in range(2, 9)]

    assert exit_code(apply_approvals(fewer, collect(fewer), [approval_of(before)])[0]) == 0
    assert exit_code(apply_approvals(many, collect(many), [old])[0]) == 0


@pytest.mark.parametrize(
    ("approved", "today"),
    [
        (changed({"v": 1}, {"v": 2}), changed({"v": 1}, {"v": -999})),
        (changed({"v": 1}, {"v": 2}), changed({"v": 1}, {"v": "2"})),
        (changed("four", "three"), changed("four", "banana")),
        (effect_of("b2-16:aa"), effect_of("b2-16:bb")),
        (asking({"amount": 1550}), asking({"amount": -999999})),
    ],
    ids=["value", "type", "text", "state", "request"],
)
def test_an_approved_call_that_changes_again_is_open_again(
    approved: CallVerdict, today: CallVerdict
) -> None:
    (before,) = collect([approved])
    (now_found,) = collect([today])
    assert before.signature == now_found.signature

    verdicts, (finding,) = apply_approvals([today], [now_found], [approval_of(before)])

    assert (finding.approved, finding.approval_note) == (
        False,
        "approved, and changed again since",
    )
    assert exit_code(verdicts) == 2
    assert apply_approvals([approved], [before], [approval_of(before)])[1][0].approved


def test_of_very_many_approved_calls_the_same_ones_are_looked_at_in_every_order() -> None:
    many = [changed({"v": 0}, {"v": n}, step=n) for n in range(2, 300)]
    (before,) = collect(many)
    (again,) = collect(reversed(many))

    assert len(before.answers) == 64
    assert before.answers == again.answers
