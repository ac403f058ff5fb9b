"""Headers that an application sets on purpose count; those that clients add do not."""

from __future__ import annotations

import httpx
import pytest

from cassettes import Cassette, Interaction, Request, Response, SideEffect, freeze, side_effects

URL = "http://bank.example.com/refunds"


def changes(recorded: dict[str, str], today: dict[str, str]) -> list[SideEffect]:
    """Ask what is on a cassette, with other headers; return what is told of it."""
    asked = Request("POST", URL, list(recorded.items()), b"{}")
    kept = Interaction(asked, Response(200, "OK", body=b"ok"), via="httpx")
    cassette = Cassette("call", mode="replay", interactions=[kept])
    with freeze(cassette), httpx.Client(trust_env=False) as client:
        assert client.post(URL, content=b"{}", headers=today).text == "ok"
    return side_effects(cassette).changes


def changed(field: str, recorded: str | None, replayed: str | None) -> SideEffect:
    return SideEffect("changed", f"POST {URL}", f"headers.{field}", recorded, replayed)


def test_another_tenant_is_told_with_both_values() -> None:
    assert changes({"X-Tenant": "acme"}, {"x-tenant": "other"}) == [
        changed("x-tenant", "acme", "other")
    ]


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "X-Api-Key"])
def test_a_key_counts_by_whether_it_is_sent(name: str) -> None:
    assert changes({name: "one"}, {name: "another"}) == []
    assert changes({name: "one"}, {"Accept": "*/*"}) == [changed(name.lower(), "(sent)", None)]
    assert changes({"Accept": "*/*"}, {name: "one"}) == [changed(name.lower(), None, "(sent)")]


@pytest.mark.parametrize(
    "name",
    ["User-Agent", "Cookie", "traceparent", "X-Request-Id", "X-Amz-Date", "X-B3-TraceId",
     "X-Stainless-Lang", "X-Client-Version", "X-Timestamp"],
)  # fmt: skip
def test_what_clients_add_and_make_anew_does_not_count(name: str) -> None:
    assert changes({name: "then"}, {name: "today"}) == []
    assert changes({name: "then"}, {"Accept": "*/*"}) == []


@pytest.mark.parametrize(
    "name", ["Accept-Language", "Range", "Stripe-Account", "OpenAI-Project", "Api-Version"]
)
def test_what_is_asked_for_in_a_header_counts_by_its_value(name: str) -> None:
    assert changes({name: "then"}, {name: "today"}) == [changed(name.lower(), "then", "today")]


def test_another_media_type_counts_and_what_clients_say_by_themselves_does_not() -> None:
    patch = {"Content-Type": "application/merge-patch+json"}
    json = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}

    assert changes(json, {"Content-Type": "application/json"}) == []
    assert changes({"X-Tenant": "a"}, json | {"X-Tenant": "a"}) == []
    assert changes(json, patch) == [
        changed("content-type", "application/json", patch["Content-Type"])
    ]
    assert changes({"Accept": "application/vnd.shop.v2+json"}, {}) == [
        changed("accept", "application/vnd.shop.v2+json", None)
    ]


def test_a_masked_value_is_taken_for_equal() -> None:
    assert changes({"X-Customer": "R0123456789abR"}, {"X-Customer": "mia"}) == []


def test_a_recording_without_headers_says_nothing_of_them() -> None:
    assert changes({}, {"X-Tenant": "acme"}) == []
