"""What a masked recording asked with, and today's tools know: it is given back to them."""

from __future__ import annotations

import json

from cassettes.redaction import Redactor
from replay.replayer.known_again import KnownAgain


def test_a_code_that_a_tool_answers_today_comes_back_where_its_placeholder_was_asked() -> None:
    redactor = Redactor(b"k" * 32, environment=False)
    told = redactor.json({"access_token": "251675"})["access_token"]
    known = KnownAgain(redactor)
    known.look_at({})
    asked = json.dumps({"access_token": told, "amount": 123456})

    assert known.text(asked) == asked

    known.hear('{"access_token": "251675", "expires_in": 2}')

    assert told != "251675"
    assert json.loads(known.text(asked)) == {"access_token": "251675", "amount": 123456}
