"""The JSON form: plain, stable, and everything comes back from it."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import (
    Failure,
    Interaction,
    InteractionFormatError,
    RecordedError,
    Request,
    Response,
)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_bodies = (
    st.binary()
    | st.text().map(str.encode)
    | _json.map(lambda value: json.dumps(value).encode())
    | _json.map(lambda value: json.dumps(value, separators=(",", ":"), indent=1).encode())
)


@given(sent=_bodies, got=_bodies)
def test_bodies_come_back_byte_for_byte_and_the_form_is_a_fixpoint(sent, got):
    one = Interaction(
        Request("POST", "http://a/", [("A", "1"), ("A", "2")], sent), Response(200, body=got)
    )

    form = json.loads(json.dumps(one.to_json()))
    back = Interaction.from_json(form)

    assert back == one
    assert back.to_json() == form


def test_a_compressed_body_is_readable_on_disk_and_packed_again_when_played():
    packed = gzip.compress(b'{"secret":"s3"}')
    headers = [("Content-Encoding", "gzip")]
    one = Interaction(Request("GET", "http://a/"), Response(200, headers=headers, body=packed))

    form = one.to_json()
    back = Interaction.from_json(form).response

    assert form["response"]["body"] == {"json": {"secret": "s3"}, "encoding": "gzip"}
    assert back is not None
    assert gzip.decompress(back.wire_body()) == b'{"secret":"s3"}'
    assert Interaction.from_json(form).to_json() == form


def test_an_exception_comes_back_as_its_class_with_its_attributes():
    error = httpx.ReadTimeout("too slow")
    error.__cause__ = TimeoutError(110, "Connection timed out")

    back = Failure.from_json(json.loads(json.dumps(Failure.of(error).to_json()))).rebuild()

    assert type(back) is httpx.ReadTimeout
    assert str(back) == "too slow"
    assert isinstance(back.__cause__, TimeoutError)
    assert back.__cause__.errno == 110


@pytest.mark.parametrize(
    "name", ["nowhere.Gone", "builtins.print", "builtins.KeyboardInterrupt", "antigravity.X"]
)
def test_a_cassette_can_neither_import_nor_interrupt(name):
    back = Failure(name, "words").rebuild()

    assert type(back) is RecordedError
    assert str(back) == f"{name}: words"


@pytest.mark.parametrize("form", [{}, {"request": None}, {"request": {"method": "GET"}}])
def test_what_is_no_interaction_is_refused(form):
    with pytest.raises(InteractionFormatError, match="This is not an interaction"):
        Interaction.from_json(form)
