"""The rules one by one: what becomes a placeholder, what stays, and what a placeholder promises."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassettes import Cassette, Interaction, Request, Response
from cassettes.bodies import pack, unpack_part
from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction import PatternError, Redactor
from cassettes.redaction.vault import Vault, spellings

KEY = b"a key for tests, of thirty bytes"


def redactor(**options: Any) -> Redactor:
    options.setdefault("environment", False)
    return Redactor(KEY, **options)


def masked(text: str) -> str:
    """``text`` with each placeholder as ``<>``, to compare with what is expected."""
    return PLACEHOLDER.sub("<>", text)


_SECRET_NAMES = """
password Password user_password newPassword passwd pwd passphrase secret client_secret SECRET_KEY
token access_token accessToken refresh_token id_token csrf_token X-CSRFToken api_key apiKey APIKEY
X-Api-Key X-Goog-Api-Key Ocp-Apim-Subscription-Key Authorization Proxy-Authorization X-Auth
X-Auth-Token X-Vault-Token X-Amz-Security-Token X-Amz-Signature Stripe-Signature PRIVATE-TOKEN
GITHUB_TOKEN OPENAI_API_KEY AWS_SECRET_ACCESS_KEY session session_id sessionid sid PHPSESSID
cookie Set-Cookie pin otp cvv ssn card_number securityCode jwt signature credentials
"""
_PLAIN_NAMES = """
author authority max_tokens total_tokens tokens token_type token_count expires_in key name
passengers passenger_count boarding_pass next_page_token nextPageToken password_policy auth_method
token_url secret_name keyboard monkey id signal assignee design spin etag session_count sessions
WWW-Authenticate tokenizer cookie_policy compass primary_key x-ratelimit-remaining-tokens
"""


@pytest.mark.parametrize("name", _SECRET_NAMES.split())
def test_a_value_under_a_secret_name_becomes_a_placeholder(name: str) -> None:
    found = redactor().json({"deep": [{name: "v4lue-of-it"}]})

    assert masked(json.dumps(found)) == json.dumps({"deep": [{name: "<>"}]})


@pytest.mark.parametrize("name", _PLAIN_NAMES.split())
def test_a_value_under_another_name_stays(name: str) -> None:
    value = {name: "v4lue-of-it", "n": 12345}

    assert redactor().json(value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc123", "Authorization: Bearer <>"),
        ('curl -H "X-Api-Key: q1w2e3" u', 'curl -H "X-Api-Key: <>" u'),
        ("tool --password swordfish --dry", "tool --password <> --dry"),
        ("call failed: {'token': 'q1w2e3'}", "call failed: {'token': '<>'}"),
        ('{"say": "{\\"password\\": \\"x y\\"}"}', '{"say": "{\\"password\\": \\"<>\\"}"}'),
        ("url=https://h/p?api_key=q1w2e3&x=1", "url=https://h/p?api_key=<>&x=1"),
        ("use sk-proj-abcdefgh12345678 now", "use sk-proj-<> now"),
        ("mongodb://me:s3cr3t@db/x", "mongodb://me:<>@db/x"),
        ("<a:password>x1</a:password>", "<a:password><></a:password>"),
        ("Cookie: a=b1234567; theme=dark", "Cookie: a=<>; theme=dark"),
        ('data: {"token": "q1w2"}\n\ndata: [1]\n', 'data: {"token": "<>"}\n\ndata: [1]\n'),
        ("the secret: never give up", "the secret: never give up"),
        ("token: see above", "token: see above"),
        ("max_tokens=512, author: Ann", "max_tokens=512, author: Ann"),
    ],
)
def test_a_secret_in_a_text_becomes_a_placeholder_and_the_rest_stays(
    text: str, expected: str
) -> None:
    assert masked(redactor().text(text)) == expected


def test_what_is_learned_is_replaced_before_and_after_the_place_that_taught_it() -> None:
    found = redactor().json(["see q1w2e3r4", {"password": "q1w2e3r4"}, {"/x/q1w2e3r4/y": 1}])

    [(stand_in,)] = {tuple(set(PLACEHOLDER.findall(json.dumps(found))))}
    assert found == [f"see {stand_in}", {"password": stand_in}, {f"/x/{stand_in}/y": 1}]


def test_words_dates_and_short_numbers_are_not_learned() -> None:
    value = {"password": "elephant", "pin": "2024", "otp": "2024-05-20", "x": "elephant 2024-05-20"}

    assert redactor().json(value)["x"] == "elephant 2024-05-20"


def test_values_of_secret_variables_are_secret_everywhere() -> None:
    variables = {"SHOP_API_KEY": "k3y-of-shop", "DB": "pg://me:db-p4ss@h/x", "HOME": "/home/ann"}

    found = redactor(environment=variables).text("k3y-of-shop at db-p4ss in /home/ann")

    assert masked(found) == "<> at <> in /home/ann"


def test_variables_that_are_set_later_are_learned_when_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded = Redactor(KEY)
    monkeypatch.setenv("LATE_API_KEY", "l4te-k3y-value")

    guarded.learn_environment()

    assert masked(guarded.text("see l4te-k3y-value")) == "see <>"


def test_names_patterns_and_exceptions_of_the_users_own_count() -> None:
    own = redactor(
        names=["customer_ref", "x_*_ticket"],
        patterns=[r"ACME-(?P<secret>[0-9]{6})", "email", "card", "ssn"],
        allow=["session_name", "sid", "token"],
    )

    found = own.json(
        {
            "customerRef": "c-1",
            "X-Own-Ticket": "t-1",
            "sid": "s-1",
            "token": "tok-1",
            "note": "ACME-123456, ann@shop.org, 4111 1111 1111 1111, 4111 1111 1111 1112, "
            "123-45-6789",
        }
    )

    assert masked(json.dumps(found)) == json.dumps(
        {
            "customerRef": "<>",
            "X-Own-Ticket": "<>",
            "sid": "s-1",
            "token": "tok-1",
            "note": "ACME-" + found["note"][5:11] + ", <>@example.com, "
            "4000 0096 5216 1111, 4111 1111 1111 1112, 990-16-8209",
        }
    )
    assert found["note"][5:11].isdigit()
    assert "123456" not in found["note"]


def test_a_pattern_that_is_no_expression_is_refused_in_words() -> None:
    with pytest.raises(PatternError, match=r"'\(' is no regular expression: missing \)"):
        redactor(patterns=["("])


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("s0me-token", r"R[0-9a-f]{12}R"),
        ("ann@shop.org", r"r[0-9a-f]{12}r@example\.com"),
        (
            "6c5b3a1e-5c5d-4f54-a71a-0b9d4b8f8a6e",
            r"[0-9a-f]{8}-[0-9a-f]{4}-4.{3}-8.{3}-7265706c6179",
        ),
        ("00481726", r"[1-9][0-9]{7}"),
        ("sk-ant-abcdefgh12345678", r"sk-ant-R[0-9a-f]{12}R"),
    ],
)
def test_a_placeholder_keeps_the_shape_of_its_value(value: str, shape: str) -> None:
    found = redactor().json({"secret": value})["secret"]

    assert re.fullmatch(shape, found)
    assert found != value


def test_a_web_token_stays_one_and_keeps_its_times_only() -> None:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'HS256', 'kid': 'k'})}.{part({'sub': 'ann', 'exp': 17})}.c2lnbmF0dXJl"

    found = redactor().text(f"as {token}").removeprefix("as ")

    head, claims, signature = (one + "=" * (-len(one) % 4) for one in found.split("."))
    assert json.loads(base64.urlsafe_b64decode(head)) == {"typ": "JWT", "alg": "HS256"}
    read = json.loads(base64.urlsafe_b64decode(claims))
    assert read == {"exp": 17, "jti": signature.rstrip("=")}


def test_schemas_counts_words_and_pieces_of_a_models_words_are_no_secrets() -> None:
    value = {
        "properties": {"password": {"type": "string", "description": "at least 8"}},
        "usage": {"prompt_tokens": 512},
        "logprobs": [{"token": "s3cr3t-word", "logprob": -0.5}],
        "coin": {"token": "BTC"},
        "booking": {"session": "morning", "auth": "2026-05-20"},
        "auth": "required",
        "token": None,
        "pin": True,
        "cvv": 7,
    }

    assert redactor().json(value) == value


def test_rows_pairs_and_command_lines_are_read_by_name() -> None:
    found = redactor().json(
        {
            "form": [{"name": "api_key", "value": "q1w2"}, {"name": "city", "value": "Paris"}],
            "headers": [["X-Api-Key", "q1w2e3"], ["Accept", "*/*"]],
            "run": ["tool", "--token", "q1w2e3r4", "--city", "Paris"],
        }
    )

    assert masked(json.dumps(found)) == json.dumps(
        {
            "form": [{"name": "api_key", "value": "<>"}, {"name": "city", "value": "Paris"}],
            "headers": [["X-Api-Key", "<>"], ["Accept", "*/*"]],
            "run": ["tool", "--token", "<>", "--city", "Paris"],
        }
    )


def exchange(body: bytes, content_type: str, *headers: tuple[str, str]) -> Interaction:
    sent = [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers]
    return Interaction(Request("POST", "http://h/x", sent, body), Response(200, headers=sent))


def test_a_body_that_cannot_be_opened_is_dropped_and_says_so() -> None:
    packed = exchange(b"", "text/plain")
    assert packed.response is not None
    packed.response.headers.append(("Content-Encoding", "gzip"))
    packed.response.body = b"\x1f\x8b no gzip at all, with pass=w0rd"

    [kept] = redactor().interactions([packed])
    replay = Cassette("c", "replay", [kept])
    found = replay.take(packed.request)

    assert found is not None
    assert found.response is not None
    assert found.response.cut is not None
    assert b"w0rd" not in found.response.body
    assert "it could not be opened to look for secrets" in str(
        replay.cannot_play(packed.request, found).why
    )


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_a_packed_body_that_was_not_read_to_its_end_is_kept_redacted(coding: str) -> None:
    words = " ".join(f"word{number}" for number in range(3000))
    for secret in ("nothing", "password=q1w2e3r4"):
        early = exchange(b"", "text/plain")
        assert early.response is not None
        early.response.headers.append(("Content-Encoding", coding))
        early.response.body = pack(f"{secret} {words}".encode(), coding)[:-9]
        early.response.closed_early = True

        [kept] = redactor().interactions([early])

        assert kept.response is not None
        assert kept.response.cut is None
        told = unpack_part(kept.response.wire_body(), coding)
        assert told is not None
        assert masked(told.decode()).startswith(secret.replace("q1w2e3r4", "<>") + " word0 word1")


def test_binary_bodies_are_searched_too() -> None:
    body = b"\xff\x00password=q1w2e3r4\x00\xfe"

    [kept] = redactor().interactions([exchange(body, "application/octet-stream")])

    assert kept.request.body.startswith(b"\xff\x00password=R")
    assert kept.request.body.endswith(b"\x00\xfe")
    assert kept.request.header("content-length") == str(len(kept.request.body))


def test_texts_that_are_no_unicode_are_searched_too() -> None:
    guarded = redactor()
    guarded.learn("q1w2e3r4")

    assert masked(guarded.text("\ud800 password=z9y8x7, q1w2e3r4")) == "\ud800 password=<>, <>"


def test_nothing_that_was_recorded_changes_in_the_applications_hands() -> None:
    recorded = exchange(b'{"password": "q1w2e3"}', "application/json")

    redactor().interactions([recorded])

    assert recorded.request.body == b'{"password": "q1w2e3"}'


def test_threads_that_learn_at_once_agree() -> None:
    shared = redactor()
    found: list[Any] = []

    def work(number: int) -> None:
        for index in range(40):
            secret = f"s3cret-{index}-{number % 2}"
            found.append((secret, shared.json({"token": secret, "text": f"see {secret}"})))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 240
    assert len({(secret, one["token"]) for secret, one in found}) == 80
    assert all(one["text"] == f"see {one['token']}" for _, one in found)


def test_a_value_that_another_thread_is_about_to_learn_is_found_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slowly(value: str) -> list[str]:
        began.set()
        go_on.wait(60)
        return spellings(value)

    monkeypatch.setattr("cassettes.redaction.vault.spellings", slowly)
    vault = Vault()
    found: list[Any] = []

    def learn_too() -> None:
        vault.learn("s3cret-0815", "<>")
        found.extend(vault.found_in("see s3cret-0815"))

    threads = [
        threading.Thread(target=vault.learn, args=("s3cret-0815", "<>")),
        threading.Thread(target=learn_too),
    ]
    threads[0].start()
    assert began.wait(60)
    threads[1].start()
    threads[1].join(0.1)
    go_on.set()
    for thread in threads:
        thread.join()

    assert found == [("s3cret-0815", "s3cret-0815")]


def test_a_thousand_learned_values_are_bounded_and_the_newest_are_known() -> None:
    shared = redactor()
    for number in range(1000):
        shared.json({"token": f"s3cret-{number:04}"})

    assert masked(shared.text("see s3cret-0999 and s3cret-0800")) == "see <> and <>"
    assert sum(len(chunk.values) for chunk in shared.vault._chunks) <= 512


# Properties

_FEW = settings(max_examples=int(os.environ.get("EXAMPLES", "40")), deadline=None)

NAMES = st.sampled_from(["password", "token", "pin", "name", "city", "api_key", "n", "session_id"])
SECRETS_ = st.sampled_from(
    [
        "q1w2e3r4",
        "s3cr3t/with+signs==",
        "ann@shop.org",
        "48172635",
        "6c5b3a1e-5c5d-4f54-a71a-0b9d4b8f8a6e",
        "sk-proj-abcdefgh12345678",
        "Bearer t0ken-of-12345",
        "schlüssel-1",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | SECRETS_
    | SECRETS_.map(lambda secret: f"see {secret}, then go")
    | SECRETS_.map(lambda secret: f"https://h/{secret}/x?api_key={secret}&page=2")
    | SECRETS_.map(lambda secret: f"password={secret}")
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=6), inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=3).map(json.dumps)
    ),
    max_leaves=12,
)


def shape(value: Any) -> Any:
    """The types of a JSON value, and how its objects and lists are made."""
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value)


@_FEW
@given(VALUES)
def test_redacting_twice_is_redacting_once(value: Any) -> None:
    guarded = redactor()
    once = guarded.json(value)

    assert guarded.json(once) == once
    assert redactor().json(once) == once


@_FEW
@given(VALUES)
def test_json_stays_json_of_the_same_types(value: Any) -> None:
    found = redactor().json(value)

    assert shape(found) == shape(value)
    json.dumps(found)


@_FEW
@given(VALUES, SECRETS_)
def test_no_learned_value_is_left_anywhere(value: Any, secret: str) -> None:
    found = redactor().json([value, {"password": secret}])

    kept = secret.removeprefix("Bearer ")
    assert kept not in json.dumps(found, ensure_ascii=False)


@_FEW
@given(st.text(min_size=1), st.text(min_size=1))
def test_equal_values_have_equal_placeholders_and_others_others(one: str, other: str) -> None:
    guarded = redactor()
    first, second = guarded.placeholder(one), guarded.placeholder(other)

    assert first == redactor().placeholder(one)
    assert (first == second) == (one == other) or first.isdigit()


@_FEW
@given(st.text(max_size=200) | VALUES.map(json.dumps))
def test_a_text_that_is_passed_by_has_nothing_to_redact(text: str) -> None:
    """The quick look says no only where the long one changes nothing."""
    guarded = redactor()
    if not guarded.concerns(text):
        assert guarded._sweep(text).plain(text) == text
