"""Short texts are looked over by one search, long ones by several: both find the same."""

from __future__ import annotations

import pytest

from cassettes.redaction import Redactor
from cassettes.redaction.prefilter import BRIEF_CHARS

PADDING = "The train leaves on time. " * (BRIEF_CHARS // 20)
SUSPECTS = [
    '{"password":"x"}',
    '{"apiKey": "x"}',
    '{"x-csrf":1}',
    "Authorization: x",
    "session_id",
    "a?code=7",
    '{"pin":1234}',
    "eyJhbGciOi",
    "ghp_16C7e42F292c6912E7",
    "https://me:pw@host/",
    "AKIAIOSFODNN7EXAMPLE",
    'data: {"a":1}',
    "Zephyr-9912-x",
    "order 12-34",
]


@pytest.mark.parametrize("suspect", SUSPECTS)
def test_what_concerns_a_long_text_concerns_a_short_one(suspect: str) -> None:
    redactor = Redactor(b"k" * 32, environment=False, patterns=[r"order \d\d-\d\d"])
    redactor.learn("Zephyr-9912-x")

    assert redactor.concerns(suspect)
    assert redactor.concerns(PADDING + suspect)
    assert not redactor.concerns(PADDING)
    assert not redactor.concerns(PADDING[:100])


def test_a_function_of_the_user_s_is_asked_whatever_the_length() -> None:
    redactor = Redactor(b"k" * 32, environment=False, finders=[lambda text: []])

    assert redactor.concerns("")
    assert redactor.concerns(PADDING)
