from __future__ import annotations

from typing import Any

import pytest

from replay.records import (
    CallVerdict,
    Cause,
    InteractionChange,
    Outcome,
    ReplayedCall,
    Stage,
    Verdict,
)
from replay.verdicts import Rules, Situation, collect, judge_trace
from replay.verdicts.requests import general_request, short_request
from tests.verdicts.calls import Scene, failure, miss, recorded, replayed, verdict_on

REFUNDS = "POST https://api.example.com/refunds"
STATELESS = Situation(stateless=True)


def refund(field: str, old: Any, new: Any, change: Any = "unanswered") -> InteractionChange:
    return InteractionChange(
        change=change, request=REFUNDS, field=field, recorded=old, replayed=new, nearest="…"
    )


def missed(*outside: InteractionChange, **fields: Any) -> ReplayedCall:
    words = "No recorded answer for\n  it"
    error = failure(words, "cassettes.errors.CassetteMiss", Stage.INVOKE)
    return replayed("Error: " + words, Outcome.FAILED, error=error, outside=list(outside), **fields)


def asked(*outside: InteractionChange, **payload: str) -> CallVerdict:
    return verdict_on(recorded("ok"), missed(*outside, payload=payload), situation=STATELESS)


def gone(request: str) -> InteractionChange:
    return InteractionChange(change="removed", request=request)


def test_a_refund_of_100_times_the_amount_is_told_as_that() -> None:
    verdict = asked(refund("body.amount", 15.5, 1550.0))

    assert (verdict.verdict, verdict.cause) == (Verdict.INTERACTIONS_CHANGED, Cause.CODE)
    assert [finding.title for finding in collect([verdict])] == [
        "book: POST /refunds now sends body.amount 1550.0 instead of 15.5"
    ]


def test_refunds_of_other_amounts_are_one_finding_worded_from_its_example() -> None:
    verdicts = [asked(refund("body.amount", n, n * 100)) for n in (3, 1, 2)]

    (finding,) = collect(verdicts)
    assert finding.title == "book: POST /refunds now sends body.amount 300 instead of 3"


@pytest.mark.parametrize(
    ("outside", "title"),
    [
        ([refund("times", 1, 2)], "book: sends POST /refunds twice (recorded once)"),
        ([refund("times", 2, 5)], "book: sends POST /refunds 5 times (recorded twice)"),
        (
            [refund("body.to", "a", "b"), refund("body.cc", None, "c", "changed")],
            'book: POST /refunds now sends body.to "b" instead of "a", sends body.cc "c"',
        ),
        ([refund("body.note", "n", None)], "book: POST /refunds now sends no body.note"),
        (
            [refund("body.text", "a" * 99, "b")],
            "book: POST /refunds now sends another body.text",
        ),
    ],
)
def test_a_request_that_is_sent_otherwise_is_told_by_its_fields(
    outside: list[InteractionChange], title: str
) -> None:
    assert [finding.title for finding in collect([asked(*outside)])] == [title]


def test_a_request_of_which_nothing_is_known_stays_unanswered() -> None:
    assert asked(refund("body.amount", 1, 2), miss()).verdict is Verdict.UNANSWERED


def test_what_the_old_code_sends_otherwise_too_is_not_the_codes_doing() -> None:
    old = missed(refund("body.nonce", "a", "b"))

    verdict = verdict_on(recorded("ok"), missed(refund("body.nonce", "a", "c")), baseline=old)

    assert (verdict.verdict, verdict.cause) == (
        Verdict.INTERACTIONS_CHANGED,
        Cause.NOT_REPRODUCIBLE,
    )


def test_what_follows_a_changed_request_without_an_answer_is_conditional() -> None:
    scene = Scene()
    scene.tool(missed(refund("body.amount", 1, 2)))
    scene.tool(replayed("other"))

    verdicts = judge_trace(scene.transcript(), scene.lanes, Rules(), run_id="r1")

    assert [verdict.conditional for verdict in verdicts] == [False, True]


def test_ids_in_addresses_do_not_split_a_finding() -> None:
    base = "http://127.0.0.1:8899"
    verdicts = []
    for name in ("A1", "W2378156", "ord_8f2", "17", "kettle"):
        old = f"GET {base}/orders/{name}"
        told = {"nearest": f"{old}: it differs in path: ..."}
        new = miss(f"GET {base}/v2/orders/{name}").model_copy(update=told)
        verdicts.append(asked(new, gone(old), gone(f"POST {base}/log"), order=name))

    assert [finding.title for finding in collect(verdicts)] == [
        "book: asks GET /v2/orders/* instead of GET /orders/*, which no cassette answers"
    ]


def test_other_endpoints_are_other_findings() -> None:
    base = "https://api.example.com"
    paths = ("orders/A1", "customers/A1", "v2/orders/A1", "orders/A1/items", "orders")
    requests = [f"GET {base}/{path}" for path in paths]
    requests += [f"POST {base}/orders/A1", "GET https://other.example.com/orders/A1"]
    verdicts = [verdict_on(recorded("ok"), replayed("ok", outside=[gone(one)])) for one in requests]

    assert len(collect(verdicts)) == len(verdicts)


@pytest.mark.parametrize(
    ("path", "general"),
    [
        ("orders/A1?page=2", "/orders/*"),
        ("v1beta1/users/mia_li_3668/items", "/v1beta1/users/*/items"),
        ("users/a%40b.example", "/users/*"),
        ("files/R-7.json", "/files/*.json"),
        ("oauth2/token", "/oauth2/token"),
        ("rates/2026-11-21", "/rates/*"),
        ("weather/paris", "/weather/*"),
        ("paris", "/paris"),
        ("", "/"),
    ],
)
def test_what_varies_in_an_address_is_taken_out(path: str, general: str) -> None:
    request = general_request(f"GET http://shop.example:8080/{path}", {"paris"})

    assert short_request(request) == f"GET {general}"
    assert request == f"GET http://shop.example:*{general}"


def test_calls_of_external_functions_keep_their_names() -> None:
    assert short_request(general_request("CALL external://tax.rate")) == "CALL external://tax.rate"
