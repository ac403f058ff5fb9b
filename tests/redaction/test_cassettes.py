"""Redaction without replay: cassettes that are recorded and played with a redactor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from bank import PIN, SECRETS, Bank

import cassettes
from cassettes import Cassette, CassetteMiss, Interaction, Request, Response, freeze
from cassettes.redaction import KeyUnusable, Redactor, key_beside, known_key
from cassettes.redaction.keys import VARIABLE

PASSWORD = SECRETS["a password in JSON"]
TOKEN = SECRETS["a token in a gzip answer"]


@pytest.fixture(autouse=True)
def _hooks() -> None:
    cassettes.install()


def redactor(key: bytes = b"k" * 32) -> Redactor:
    return Redactor(key, environment=False)


def log_in_and_ask(url: str) -> list[Any]:
    """Log in, ask with the token in the path, and send back the secret number."""
    with httpx.Client() as client:
        told = client.post(f"{url}/login", json={"user": "ann", "password": PASSWORD}).json()
        balance = client.get(f"{url}/balance/{told['access_token']}").text
        pin = told["customer"]["pin"]
        sent = client.post(f"{url}/confirm", json={"pin": pin}, params={"pin": pin})
        return [told, balance, sent.status_code]


def record(bank: Bank, guarded: Redactor) -> tuple[list[Any], list[Interaction]]:
    with freeze(Cassette("c", redactor=guarded)) as cassette:
        seen = log_in_and_ask(bank.url)
    return seen, cassette.interactions


def test_the_application_sees_the_real_values_and_the_cassette_gives_out_none(bank: Bank) -> None:
    seen, kept = record(bank, redactor())

    stored = str([one.to_json() for one in kept])
    assert (seen[0]["access_token"], seen[0]["customer"]["pin"]) == (TOKEN, PIN)
    assert seen[1] == f"42 EUR for {TOKEN}"
    assert PASSWORD not in stored
    assert TOKEN not in stored
    assert f"'pin': {PIN}" not in stored
    assert f"pin={PIN}" not in stored


@pytest.mark.parametrize("key", [b"k" * 32, b"another key" * 3], ids=["its key", "another key"])
def test_a_login_and_what_follows_play(bank: Bank, key: bytes) -> None:
    _, kept = record(bank, redactor())
    bank.stop()

    with freeze(Cassette("c", "replay", kept, redactor=redactor(key))) as replay:
        told, balance, status = log_in_and_ask(bank.url)

    assert told["access_token"].startswith("R")
    assert (balance, status) == (f"42 EUR for {told['access_token']}", 200)
    assert (replay.unused, replay.misses) == ([], [])
    assert not any(PASSWORD in line or TOKEN in line for line in replay.asked)


def test_a_replay_without_a_redactor_is_answered_blind(bank: Bank) -> None:
    _, kept = record(bank, redactor())

    with freeze(Cassette("c", "replay", kept)) as replay:
        log_in_and_ask(bank.url)

    assert (replay.unused, replay.misses) == ([], [])


def test_a_miss_is_told_without_secrets(bank: Bank) -> None:
    _, kept = record(bank, redactor())

    with (
        freeze(Cassette("c", "replay", kept, redactor=redactor())),
        pytest.raises(CassetteMiss) as caught,
    ):
        httpx.post(f"{bank.url}/login", json={"user": "eve", "password": PASSWORD})

    assert PASSWORD not in str(caught.value)
    assert "body.user: recorded 'ann', asked 'eve'" in str(caught.value)


def asked(body: bytes, kind: str = "application/json", uri: str = "http://h/x") -> Request:
    return Request("POST", uri, [("Content-Type", kind)], body)


@pytest.mark.parametrize(
    ("one", "other", "is_answered"),
    [
        (asked(b'{"pin": 4817, "n": 1}'), asked(b'{"pin": 9921, "n": 1}'), True),
        (asked(b'{"pin": 4817, "n": 1}'), asked(b'{"pin": 9921, "n": 2}'), False),
        (asked(b"", uri="http://h/x?pin=4817&n=1"), asked(b"", uri="http://h/x?pin=22&n=1"), True),
        (asked(b"", uri="http://h/x?pin=4817&n=1"), asked(b"", uri="http://h/x?pin=22&n=3"), False),
        (asked(b'{"password": "a/b&c d1"}'), asked(b'{"password": "x/&? 2"}'), True),
        (asked(b'{"n": 1, "token": "q1w2"}'), asked(b'{"n": 2, "token": "q1w2"}'), False),
        (
            asked(b"otp=1234&n=1", "application/x-www-form-urlencoded"),
            asked(b"otp=9&n=1", "application/x-www-form-urlencoded"),
            True,
        ),
    ],
)
def test_a_rotated_secret_matches_blindly_and_nothing_else_does(
    one: Request, other: Request, is_answered: bool
) -> None:
    [kept] = redactor().interactions([Interaction(one, Response(200))])
    replay = Cassette("c", "replay", [kept], redactor=redactor(b"another key" * 3))

    assert (replay.take(other) is not None) == is_answered


def test_with_the_key_secrets_are_told_apart_and_what_was_asked_is_told_without_them() -> None:
    both = [asked(b"", uri=f"http://h/x?api_key=q1w2e3r{number}") for number in (1, 2)]
    kept = redactor().interactions(
        [Interaction(one, Response(200 + n)) for n, one in enumerate(both)]
    )
    replay = Cassette("c", "replay", kept, redactor=redactor())

    second = replay.take(both[1])

    assert second is not None
    assert second.response is not None
    assert second.response.status == 201
    assert "q1w2e3r" not in str(replay.asked)


def test_a_key_is_made_once_and_is_the_same_ever_after(tmp_path: Path) -> None:
    place = tmp_path / "cassettes.yaml"

    assert known_key(place) is None
    first = key_beside(place)
    assert (key_beside(place), known_key(place)) == (first, first)
    assert key_beside(tmp_path / "others.yaml") != first
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cassettes.yaml.masking-key",
        "others.yaml.masking-key",
    ]


def test_the_environments_key_comes_first_and_must_be_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "cassettes.yaml"
    monkeypatch.setenv(VARIABLE, "a key for everybody here")
    shared = key_beside(place)

    assert (known_key(place), list(tmp_path.iterdir())) == (shared, [])
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(KeyUnusable, match="a masking key of 5 characters"):
        key_beside(place)


def test_no_key_is_made_where_nothing_is_secret(tmp_path: Path) -> None:
    guarded = Redactor(lambda: key_beside(tmp_path / "a.yaml"), environment={"X_API_KEY": "k3y-12"})

    guarded.json({"city": "Paris"})
    assert list(tmp_path.iterdir()) == []
    guarded.json({"city": "k3y-12"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml.masking-key"]
