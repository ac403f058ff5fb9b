"""Keys of vendors by their documented forms, and values that texts spell otherwise."""

from __future__ import annotations

import pytest

from benchmarks.unseen import unseen
from benchmarks.unseen_places import PLACES, stands
from cassettes.redaction import Redactor
from cassettes.redaction.personal.national import SSN


@pytest.fixture(scope="module")
def ours() -> Redactor:
    return Redactor(b"k" * 32, environment=False, personal=True)


def test_of_documented_key_forms_in_every_place_next_to_none_is_left(ours: Redactor) -> None:
    """Those that are left are broken over lines by quoted-printable."""
    items = [one for one in unseen(800) if one.kind.startswith("secret")]

    masked = [ours.text(one.text) for one in items]

    left = [
        (one.looks, one.place)
        for one, text in zip(items, masked, strict=True)
        if stands(one.value, text) and one.place not in ("quoted-printable", "named, option")
    ]
    assert len(left) <= len(items) * 0.01, left
    assert [ours.text(text) for text in masked] == masked


@pytest.mark.parametrize("place", ["JSON, unicode escapes", "HTML entities", "full-width digits"])
@pytest.mark.parametrize("value", ["ann.lee@mail.org", "4111111111111111", "+49 30 1234567"])
def test_a_value_that_is_spelled_otherwise_is_masked(
    ours: Redactor, place: str, value: str
) -> None:
    import random

    text = PLACES[place](value, random.Random(1))

    masked = ours.text(text)

    assert stands(value, text)
    assert not stands(value, masked)
    assert ours.text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "caf\\u00e9 and \\u003cb\\u003e",
        "Tom &#38; Jerry &#x27;s",
        "pages 10\u201320, ２つの部屋",
        "the key is under the mat, the password is required",
        "PRIMARY_KEY=user_id_and_city_1 CACHE_KEY=user:123456:profile:v2",
        '{"token": {"type": "str", "description": "The token of the user."}}',
        '{"token_scope": "read_write"}',
        "image_6341510244180179744.jpg",
        '[["/password", "description"]]',
        "v1.0-rc1, key-value, API-first, pat.x, sl.no, fc-1, sha256~, 20240115T",
    ],
)
def test_what_only_looks_like_one_stays(ours: Redactor, text: str) -> None:
    assert ours.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "my API key is 8kfigag4jol347ekbo4nr",
        "The password is hunter2!",
        "PIN is 4711",
        "RAPIDAPI_KEY = '8kfigag4jol347ekbo4nrcll'",
        "tool --rapidapi-key 8kfigag4jol347ekbo4nrcll",
        "DB_API_KEY = 'be309336-13b6-42c8-8f23-d8f03b3c8083'",
        '{"discordclientsecret": "4E8CQH1aZSOL3DDl"}',
    ],
)
def test_a_secret_that_is_named_in_words_or_a_variable_is_masked(ours: Redactor, text: str) -> None:
    masked = ours.text(text)

    assert masked != text
    assert ours.text(masked) == masked


@pytest.mark.parametrize(
    "value",
    [
        "RSSMRA85T10A562S",
        "12345678Z",
        "X1234567L",
        "529.982.247-25",
        "1 84 12 76 451 089 46",
        "131052-308T",
        "640823-3234",
    ],
)
def test_what_stands_for_a_registers_number_is_one_of_the_register(
    ours: Redactor, value: str
) -> None:
    masked = ours.text(value)

    assert masked != value
    assert SSN.is_whole(masked)
    assert SSN.is_stand_in(masked)
    assert ours.text(f"It is {value}.") == f"It is {masked}."
