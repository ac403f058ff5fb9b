"""What a masked recording asked with, and today's tools know: it is given back to them."""

from __future__ import annotations

import json

import pytest

from cassettes.redaction import Redactor
from replay.replayer.known_again import KnownAgain


def test_a_code_that_a_tool_answers_today_comes_back_where_its_placeholder_was_asked() -> None:
    redactor = Redactor(b"k" * 32, environment=False)
    told = redactor.json({"access_token": "251675"})["access_token"]
    known = KnownAgain(redactor)
    known.look_at({"what the world was made of": told})
    asked = json.dumps({"access_token": told, "amount": 123456})

    assert known.text(asked) == asked

    known.hear('{"access_token": "251675", "expires_in": 2}')

    assert told != "251675"
    assert json.loads(known.text(asked)) == {"access_token": "251675", "amount": 123456}


def test_a_number_that_only_its_name_tells_is_known_again() -> None:
    """No exchange is called 123: without ``phone_number`` before it, this is nobody's number."""
    redactor = Redactor(b"k" * 32, environment=False, personal=True)
    told = redactor.json({"phone_number": "555-123-2002"})["phone_number"]
    known = KnownAgain(redactor)
    known.look_at({"lines": [("L1", "555-123-2002")]})

    assert told != "555-123-2002"
    assert known.text(f'{{"phone_number": "{told}", "id": 12}}') == (
        '{"phone_number": "555-123-2002", "id": 12}'
    )
    assert known.text('{"phone_number": "000-123-4567"}') == '{"phone_number": "000-123-4567"}'


def test_what_another_process_learned_is_known_and_masked_here() -> None:
    here, there = (Redactor(b"k" * 32, environment=False) for _ in range(2))
    told = here.placeholder("Ann Lee-Baker")
    known, learned = KnownAgain(here), KnownAgain(there)
    learned.look_at({"name": "Ann Lee-Baker"})
    assert learned.text(f"hello {told}") == "hello Ann Lee-Baker"
    assert here.text("Ann Lee-Baker is here") == "Ann Lee-Baker is here"

    known.take_over(learned.told)

    assert known.text(f"hello {told}") == "hello Ann Lee-Baker"
    assert here.text("Ann Lee-Baker is here") == f"{told} is here"


@pytest.mark.parametrize("known_as", ["+49 30 901820147", "030 901820147", "0049 (30) 901820147"])
@pytest.mark.parametrize("asked", ["+49 30 901820147", "+49 (0)30 901820147", "+4930901820147"])
def test_a_number_longer_than_ten_digits_is_known_again_however_it_is_written(
    known_as: str, asked: str
) -> None:
    redactor = Redactor(b"k" * 32, environment=False, personal=True)
    told = redactor.text(f"she called from {asked}")
    known = KnownAgain(redactor)
    known.look_at({"phone": known_as})

    assert asked not in told
    assert known.text(told) == f"she called from {asked}"
