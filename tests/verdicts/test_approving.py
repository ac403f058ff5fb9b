"""An approval covers what it was given for: further recordings of it, and no further change."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from replay.cli.approvals import approvals_of
from replay.records import Approval, CallVerdict, Change, Finding, Verdict
from replay.verdicts import Approvals, apply_approvals, collect
from replay.verdicts.signatures import signature
from tests.verdicts.test_findings import changed, effect_of

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
