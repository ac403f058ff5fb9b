"""What matches, what does not, and how a difference is told."""

from __future__ import annotations

import json

import httpx
import pytest

from cassettes import (
    Cassette,
    CassetteMiss,
    Difference,
    Interaction,
    Request,
    Response,
    SideEffect,
    compare_requests,
    freeze,
    side_effects,
)

_URL = "http://api.example.com"


def _asked(method: str, path: str, body: object = None, kind: str = "application/json") -> Request:
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, _URL + path, [("Content-Type", kind)] if raw else [], raw)


def _kept(sequence: int, request: Request, answer: object = None, *, ms: float = 1) -> Interaction:
    response = Response(200, "OK", body=json.dumps(answer).encode())
    start = sequence * 10.0
    return Interaction(request, response, sequence=sequence, offset_ms=start, duration_ms=ms)


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        (_asked("GET", "/a?x=1&y=2"), _asked("GET", "/a?y=2&x=1")),
        (_asked("GET", "/a%20b"), _asked("GET", "/a b")),
        (_asked("GET", ""), _asked("get", "/")),
        (Request("GET", "http://API.example.com:80/a"), _asked("GET", "/a")),
        (_asked("POST", "/a", b'{"a":1,"b":2}'), _asked("POST", "/a", b'{"b": 2, "a": 1}')),
        (_asked("POST", "/a", b'{"a":3,"b":[1]}'), _asked("POST", "/a", b'{"a":3.0,"b":[1.0]}')),
        (
            _asked("POST", "/a", b"u=me&p=1", "application/x-www-form-urlencoded"),
            _asked("POST", "/a", b"p=1&u=me", "application/x-www-form-urlencoded"),
        ),
        (
            _asked("POST", "/a", b"--one\r\nfile", "multipart/form-data; boundary=one"),
            _asked("POST", "/a", b"--two\r\nfile", "multipart/form-data; boundary=two"),
        ),
    ],
)
def test_spelling_does_not_count(recorded, asked):
    assert Cassette("c", "replay", [_kept(0, recorded)]).take(asked) is not None
    assert compare_requests(recorded, asked) == []


def test_differences_are_told_field_by_field():
    recorded = _asked("POST", "/refunds?dry=1", {"amount": 10, "lines": [{"id": 1}], "note": "x"})
    asked = _asked("PUT", "/refund?dry=0&now=1", {"amount": 12, "lines": [{"id": 2}]})

    assert compare_requests(recorded, asked) == [
        Difference("method", "POST", "PUT"),
        Difference("path", "/refunds", "/refund"),
        Difference("query.dry", "1", "0"),
        Difference("query.now", None, "1"),
        Difference("body.amount", 10, 12),
        Difference("body.lines[0].id", 1, 2),
        Difference("body.note", "x", None),
    ]


def test_a_number_that_became_a_text_is_a_difference():
    recorded, asked = _asked("POST", "/a", {"id": 1}), _asked("POST", "/a", {"id": "1"})

    assert Cassette("c", "replay", [_kept(0, recorded)]).take(asked) is None
    assert compare_requests(recorded, asked) == [Difference("body.id", 1, "1")]


def test_identical_requests_are_answered_in_the_order_they_were_started():
    kept = [_kept(number, _asked("GET", "/poll"), number) for number in (2, 0, 1)]
    replay = Cassette("c", "replay", kept)

    served = [replay.take(_asked("GET", "/poll")) for _ in range(4)]

    assert [one.sequence if one else None for one in served] == [0, 1, 2, None]


def test_a_masked_value_matches_whatever_is_sent_in_its_place():
    hold = "R0123456789abR"
    kept = [
        _kept(0, _asked("GET", f"/me?token={hold}&page=1")),
        _kept(1, _asked("POST", "/pay", {"key": hold, "amount": 5})),
        _kept(2, _asked("POST", "/login", f"user=me&password={hold}".encode(), "text/plain")),
    ]
    replay = Cassette("c", "replay", kept)

    assert replay.take(_asked("GET", "/me?token=real&page=2")) is None
    assert replay.take(_asked("GET", "/me?token=real&page=1")) is kept[0]
    assert replay.take(_asked("POST", "/pay", {"key": "real", "amount": 6})) is None
    assert replay.take(_asked("POST", "/pay", {"key": "real", "amount": 5})) is kept[1]
    assert replay.take(_asked("POST", "/login", b"user=me&password=x", "text/plain")) is kept[2]


def test_a_loose_cassette_serves_the_nearest_and_reports_the_change(server):
    recording = Cassette("c")
    with freeze(recording):
        httpx.post(f"{server.url}/echo/refunds", json={"amount": 10, "currency": "EUR"})
    replay = Cassette("c", "replay", recording.interactions, loose=True)
    with freeze(replay):
        answer = httpx.post(f"{server.url}/echo/refunds", json={"amount": 12, "currency": "EUR"})

    assert answer.json()["id"] == "refunds"
    assert side_effects(replay).changes == [
        SideEffect("changed", f"POST {server.url}/echo/refunds", "body.amount", 10, 12)
    ]


def test_a_swallowed_miss_is_still_a_result_and_names_the_field(server):
    recording = Cassette("c")
    with freeze(recording):
        httpx.post(f"{server.url}/echo/refunds", json={"amount": 10, "to": "a"})
    replay = Cassette("c", "replay", recording.interactions)

    def tool():
        try:
            return httpx.post(f"{server.url}/echo/refunds", json={"amount": 12, "to": "b"}).json()
        except Exception:  # noqa: BLE001 - tools do this
            return None

    with freeze(replay):
        assert tool() is None

    line = f"POST {server.url}/echo/refunds"
    assert [miss.line for miss in replay.misses] == [line]
    assert side_effects(replay).changes == [
        SideEffect(
            "unanswered",
            line,
            "body.amount",
            10,
            12,
            f"{line}: it differs in body.amount: recorded 10, asked 12; "
            "body.to: recorded 'a', asked 'b'.",
        ),
        SideEffect("changed", line, "body.to", "a", "b"),
    ]


def test_what_is_no_longer_asked_and_what_nobody_recorded():
    refund = _kept(0, _asked("POST", "/refunds", {"amount": 1}))
    replay = Cassette("c", "replay", [refund])
    other = Request("GET", "http://elsewhere.example/rates")
    assert replay.take(other) is None
    replay.miss(other)

    assert side_effects(replay).changes == [
        SideEffect("unanswered", "GET http://elsewhere.example/rates"),
        SideEffect("removed", f"POST {_URL}/refunds"),
    ]


def test_asking_more_often_than_recorded_is_unanswered():
    replay = Cassette("c", "replay", [_kept(0, _asked("GET", "/a"))])
    replay.take(_asked("GET", "/a"))
    replay.take(_asked("GET", "/a"))
    miss = replay.miss(_asked("GET", "/a"))

    assert miss.differences == []
    assert str(CassetteMiss(miss, "c")) == (
        "No recorded answer for\n"
        f"  GET {_URL}/a\n"
        "in cassette 'c'. The nearest recorded one is\n"
        f"  GET {_URL}/a\n"
        "It matches, but was served already: it is asked more often than when recorded.\n"
        "No replay can know the answer: if the tool is meant to ask this now, record the call "
        "again; if not, mend the tool."
    )


def test_a_request_sent_twice_is_told_with_both_counts_however_often_it_is_retried():
    replay = Cassette("c", "replay", [_kept(0, _asked("POST", "/refunds", {"amount": 1}))])
    again = _asked("POST", "/refunds", {"amount": 1})
    replay.take(again)
    for _ in range(2):
        assert replay.take(again) is None
        replay.miss(again)

    (told,) = side_effects(replay).changes
    assert (told.change, told.field, told.recorded, told.replayed) == ("unanswered", "times", 1, 3)


def test_a_changed_request_that_a_tool_retries_is_told_once():
    replay = Cassette("c", "replay", [_kept(0, _asked("POST", "/refunds", {"amount": 1}))])
    for _ in range(3):
        replay.miss(_asked("POST", "/refunds", {"amount": 100}))

    (told,) = side_effects(replay).changes
    assert (told.field, told.recorded, told.replayed) == ("body.amount", 1, 100)


def test_a_request_beside_those_that_were_recorded_is_no_changed_one():
    page = _kept(0, _asked("GET", "/rows?page=1"))
    replay = Cassette("c", "replay", [page])
    replay.take(_asked("GET", "/rows?page=1"))
    replay.miss(_asked("GET", "/rows?page=2"))

    (told,) = side_effects(replay).changes
    assert (told.change, told.field) == ("unanswered", None)
    assert told.nearest is not None


def test_a_changed_order_is_told_unless_the_requests_overlapped():
    def replayed(ms: float) -> list[SideEffect]:
        first, second = _asked("POST", "/charge"), _asked("POST", "/reserve")
        replay = Cassette("c", "replay", [_kept(0, first, ms=ms), _kept(1, second)])
        replay.take(second)
        replay.take(first)
        return side_effects(replay).changes

    assert replayed(ms=5) == [
        SideEffect(
            "reordered",
            f"POST {_URL}/charge",
            recorded=f"before POST {_URL}/reserve",
            replayed=f"after POST {_URL}/reserve",
        )
    ]
    assert replayed(ms=15) == []


def _multipart(content: bytes, file: bytes = b"a.txt") -> Request:
    head = b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    part = b'--B\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\n' % file
    body = head + part + content + b"\r\n--B--\r\n"
    return _asked("POST", "/upload", body, "multipart/form-data; boundary=B")


@pytest.mark.parametrize(
    ("recorded", "asked", "told"),
    [
        (
            _asked("POST", "/a", {"ids": [1, 2, 3]}),
            _asked("POST", "/a", {"ids": [1, 2, 3, 4]}),
            [Difference("body.ids[3]", None, 4)],
        ),
        (
            _asked("POST", "/a", {"ids": [1, 2, 3]}),
            _asked("POST", "/a", {"ids": [2, 3]}),
            [Difference("body.ids[0]", 1, None)],
        ),
        (
            _asked("POST", "/a", {"lines": [{"sku": "a"}, {"sku": "b"}]}),
            _asked("POST", "/a", {"lines": [{"sku": "a"}, {"sku": "x"}, {"sku": "b"}]}),
            [Difference("body.lines[1]", None, {"sku": "x"})],
        ),
        (
            _asked("POST", "/a", {"ids": [1, 2, 3]}),
            _asked("POST", "/a", {"ids": [9, 8]}),
            [Difference("body.ids", [1, 2, 3], [9, 8])],
        ),
        (
            _asked("POST", "/a", {"x": 1}),
            _asked("POST", "/a", {"x": 1, "y": None}),
            [Difference("body.y", "(absent)", "null")],
        ),
        (
            _multipart(b"old"),
            _multipart(b"new", b"b.txt"),
            [
                Difference("body.f.filename", "a.txt", "b.txt"),
                Difference("body.f.content", "old", "new"),
            ],
        ),
    ],
)
def test_the_field_that_changed_is_named(recorded, asked, told):
    assert compare_requests(recorded, asked) == told


def test_a_request_that_is_sent_less_often_is_not_told_as_gone():
    charge = _asked("POST", "/charge", {"amount": 1})
    kept = [_kept(number, charge) for number in range(3)] + [_kept(3, _asked("GET", "/x"))]
    replay = Cassette("c", "replay", kept)
    with freeze(replay):
        replay.take(charge)

    assert side_effects(replay).changes == [
        SideEffect("removed", f"POST {_URL}/charge", "times", 3, 1),
        SideEffect("removed", f"GET {_URL}/x"),
    ]


def test_the_same_path_at_another_host_is_the_nearest():
    kept = [_kept(0, _asked("GET", "/other")), _kept(1, _asked("GET", "/orders/1"))]
    replay = Cassette("c", "replay", kept)
    asked = Request("GET", "http://eu.example.com/orders/1")
    miss = replay.miss(asked)

    assert miss.nearest is kept[1]
    assert miss.differences == [Difference("host", _URL, "http://eu.example.com")]
    assert replay.miss(Request("GET", "http://eu.example.com/nothing")).nearest is None
