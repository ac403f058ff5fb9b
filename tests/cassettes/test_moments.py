"""A time that the work itself tells is the clock's difference, and no other value is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cassettes import Cassette, Interaction, Request, Response, Spare, side_effects
from cassettes.moments import same_reckoning, tells_moment

AT = 1_763_632_800.0  # 2025-11-20T10:00:00Z
URL = "http://bank.example.com/transfers"


@pytest.mark.parametrize(
    "value",
    [
        AT + 0.2,
        int(AT * 1000) + 20,
        str(int(AT)),
        "2025-11-20T10:00:00.012345Z",
        "2025-11-20T11:00:00+01:00",
        "2025-11-20 10:00:00",
        "2025-11-20T19:00:00.5",
        "Thu, 20 Nov 2025 10:00:00 GMT",
    ],
)
def test_times_of_the_work_are_told_in_many_ways(value: Any) -> None:
    assert tells_moment(value, AT, AT + 0.5)


@pytest.mark.parametrize(
    "value",
    [
        AT + 60,
        str(int(AT) + 3600),
        "2025-11-20T10:05:00Z",
        "2025-11-20",
        "10:00",
        1.5,
        True,
        None,
        "hello, it is me",
        "1.763632800",
    ],
)
def test_what_is_no_time_of_the_work_is_none(value: Any) -> None:
    assert not tells_moment(value, AT, AT + 0.5)


@pytest.mark.parametrize(
    ("recorded", "replayed"),
    [
        ("2025-11-20T11:00:00.020+00:00", "2025-11-20T11:00:00.000400+00:00"),
        ("2025-11-20T11:00:00.020+00:00", "2025-11-20T11:00:00+00:00"),
        (AT + 3600.02, AT + 3600.0004),
        (int((AT + 86400) * 1000) + 20, int((AT + 86400) * 1000)),
        ("Come back at 2025-11-21 10:00:00.02, please", "Come back at 2025-11-21 10:00:00, please"),
    ],
)
def test_what_is_reckoned_from_the_clock_differs_as_the_clock_does(
    recorded: Any, replayed: Any
) -> None:
    assert same_reckoning(recorded, replayed, AT, AT + 0.03)
    assert same_reckoning(replayed, recorded, AT, AT + 0.03)


@pytest.mark.parametrize(
    ("recorded", "replayed"),
    [
        ("2025-11-20T11:00:00.020+00:00", "2025-11-20T11:00:01.020+00:00"),
        ("2025-11-20T11:00:00+00:00", "2025-11-20T11:00:01+00:00"),
        ("2025-11-20T11:00:00.020+00:00", "2025-11-20T12:00:00.020+01:00"),
        (AT + 3600.02, AT + 3601.02),
        (AT + 3600.02, int(AT + 3600)),
        (3600.02, 3600.0),
        ("at 2025-11-21 10:00:00.02, please", "at 2025-11-21 10:00:00.01, thanks"),
        ("a price of 3", "a price of 4"),
    ],
)
def test_what_the_clock_cannot_have_done_is_another_value(recorded: Any, replayed: Any) -> None:
    assert not same_reckoning(recorded, replayed, AT + 0.4, AT + 0.43)


def test_whole_seconds_turn_only_where_the_work_crossed_a_second() -> None:
    ten, eleven = "2025-11-20T11:00:10", "2025-11-20T11:00:11"

    assert same_reckoning(eleven, ten, AT + 0.99, AT + 1.01)
    assert not same_reckoning(eleven, ten, AT + 0.4, AT + 0.5)
    assert not same_reckoning(eleven, ten, AT + 0.4, AT + 3.5)  # long enough for code to be it


def transfer(**body: Any) -> Request:
    kind = [("content-type", "application/json")]
    return Request("POST", URL, kind, json.dumps(body).encode())


def played(recorded: Request, asked: Request) -> Cassette:
    kept = Interaction(recorded, Response(200, "OK", body=b"ok"), via="httpx", duration_ms=40)
    cassette = Cassette("call", mode="replay", interactions=[kept])
    cassette.at = AT
    cassette.take(asked)
    return cassette


def test_a_request_that_tells_another_moment_of_the_same_call_is_answered() -> None:
    cassette = played(
        transfer(amount=5, at="2025-11-20T10:00:00.031Z"),
        transfer(amount=5, at="2025-11-20T11:00:00.000002+01:00"),
    )

    assert (len(cassette.played), side_effects(cassette).changes) == (1, [])


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        ("2025-11-20T10:00:00.031Z", AT + 0.000_002),
        (AT + 0.031, (AT + 0.000_002) * 1000),
        (str(AT + 0.031), str(int(AT * 1000))),
        ("2025-11-20T10:00:00.031Z", "2025-11-20T10:00:00.031"),
    ],
)
def test_a_request_that_tells_its_moment_in_another_unit_or_form_is_another(
    recorded: Any, asked: Any
) -> None:
    assert played(transfer(at=recorded), transfer(at=asked)).played == []


def test_a_request_that_differs_in_anything_else_is_not() -> None:
    recorded = transfer(amount=5, at="2025-11-20T10:00:00.031Z")

    assert played(recorded, transfer(amount=6, at="2025-11-20T10:00:00Z")).played == []
    assert played(recorded, transfer(amount=5, at="2025-11-27T10:00:00Z")).played == []
    assert played(recorded, transfer(amount=5)).played == []


def test_calls_that_share_answers_each_get_one_at_their_moment() -> None:
    moments = ["2025-11-20T10:00:00.011Z", "2025-11-20T10:00:00.031Z"]
    spare = Spare(
        Interaction(
            transfer(at=moment), Response(200, "OK"), sequence=n, via="httpx", duration_ms=40
        )
        for n, moment in enumerate(moments)
    )
    calls = [Cassette(name, mode="replay", spare=spare) for name in ("one", "other", "third")]
    for call in calls:
        call.at = AT

    served = [call.take(transfer(at="2025-11-20T10:00:00.000002Z")) for call in calls]

    assert [one is not None for one in served] == [True, True, False]
    assert spare.left_writes() == []
    assert [side_effects(call).changes for call in calls[:2]] == [[], []]
