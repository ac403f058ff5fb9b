"""Answers that cassettes share: served once, whoever asks, and no proof of what is not asked."""

from __future__ import annotations

import httpx
import pytest

from cassettes import (
    Cassette,
    CassetteMiss,
    Interaction,
    Request,
    Response,
    Spare,
    freeze,
    install,
    side_effects,
)

URL = "http://rates.example.com"


@pytest.fixture(autouse=True)
def _hooks() -> None:
    install()


def rate(path: str, text: str, sequence: int = 0) -> Interaction:
    answer = Response(200, "OK", body=text.encode())
    return Interaction(Request("GET", URL + path), answer, sequence=sequence, via="httpx")


def ask(cassette: Cassette, path: str) -> str:
    with freeze(cassette):
        return httpx.get(URL + path, trust_env=False).text


def test_two_cassettes_share_what_nobody_saw_which_of_them_asked() -> None:
    spare = Spare([rate("/usd", "first"), rate("/usd", "second", 1)])
    one, other = (Cassette(name, mode="replay", spare=spare) for name in ("one", "other"))

    assert [ask(other, "/usd"), ask(one, "/usd")] == ["first", "second"]
    with pytest.raises(CassetteMiss):
        ask(one, "/usd")


def test_a_cassette_answers_from_its_own_first() -> None:
    spare = Spare([rate("/usd", "spare")])
    own = Cassette("own", mode="replay", interactions=[rate("/usd", "own")], spare=spare)

    assert ask(own, "/usd") == "own"


def test_what_is_not_asked_of_the_spare_is_no_difference() -> None:
    cassette = Cassette("call", mode="replay", spare=Spare([rate("/usd", "1"), rate("/eur", "2")]))

    ask(cassette, "/usd")

    assert side_effects(cassette).asked == [f"GET {URL}/usd"]
    assert side_effects(cassette).changes == []


def test_a_miss_names_the_nearest_of_the_spare() -> None:
    cassette = Cassette("call", mode="replay", spare=Spare([rate("/usd?day=1", "1")]))

    with pytest.raises(CassetteMiss, match=r"query\.day"):
        ask(cassette, "/usd?day=2")

    (change,) = side_effects(cassette).changes
    assert change.change == "unanswered"


def test_writes_that_nobody_asked_again_are_told_and_reads_are_not() -> None:
    booked = Interaction(Request("POST", URL + "/bookings"), Response(201), via="httpx")
    charged = Interaction(
        Request("CALL", "external://bank.charge", headers=[("x-effect", "write")]),
        Response(200),
        via="external",
    )
    spare = Spare([rate("/usd", "1"), booked, charged])

    assert spare.left_writes() == [booked, charged]
    spare.take(Request("POST", URL + "/bookings"))
    assert spare.left_writes() == [charged]
