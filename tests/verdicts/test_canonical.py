from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.verdicts.canonical import (
    Likeness,
    Reading,
    canonical_bytes,
    compare,
    read_response,
    same_but_spelling,
    same_value,
)

SAME, RESPELLED, DIFFERENT = Likeness.SAME, Likeness.RESPELLED, Likeness.DIFFERENT


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ('{"a": [1, null]}', Reading("json", {"a": [1, None]})),
        ("{'a': [1, None], 'b': (True,)}", Reading("python", {"a": [1, None], "b": [True]})),
        ("{'b', 'a'}", Reading("python", ["a", "b"])),
        ("{1: 'x'}", Reading("python", {"1": "x"})),
        ("None", Reading("python", None)),
        ("null", Reading("json", None)),
        (None, Reading("nothing", None)),
        ("Error: user not found", Reading("text", "Error: user not found")),
        ("{not a dict}", Reading("text", "{not a dict}")),
        ("{1: 'x', '1': 'y'}", Reading("text", "{1: 'x', '1': 'y'}")),
        ("[" * 300 + "]" * 300, Reading("text", "[" * 300 + "]" * 300)),
        ("[" * 9999, Reading("text", "[" * 9999)),
        ("9" * 5000, Reading("text", "9" * 5000)),
        ("\ud800", Reading("text", "\ud800")),
        ("a\x00b", Reading("text", "a\x00b")),
    ],
)
def test_a_response_is_read_as_json_else_as_a_python_literal_else_as_text(
    text: str | None, reading: Reading
) -> None:
    assert read_response(text) == reading


@pytest.mark.parametrize(
    ("recorded", "replayed", "likeness"),
    [
        ("x", "x", SAME),
        (None, None, SAME),
        (None, "", DIFFERENT),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', SAME),
        ('{"a": 1}', '{"a":1}', RESPELLED),
        ('{"a": "é"}', '{"a": "\\u00e9"}', RESPELLED),
        ('{"v": 65}', '{"v": 65.0}', RESPELLED),
        ('{"v": 1}', '{"v": true}', DIFFERENT),
        ("65", "65.5", DIFFERENT),
        ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", RESPELLED),
        ("{'a': True}", '{"a": true}', RESPELLED),
        ("{'a', 'b'}", "{'b', 'a'}", RESPELLED),
        ('{"v": NaN}', '{"v": NaN}', SAME),
        ("Not found", "Not found.", DIFFERENT),
        ("Not found", "Not found\n", RESPELLED),
        ("<Order at 0x7f2a5c0b3d90>", "<Order at 0x7f2a5c0b4e10>", RESPELLED),
        (
            "1 error\n see https://errors.pydantic.dev/2.9/v/missing",
            "1 error\n see https://errors.pydantic.dev/2.12/v/missing",
            RESPELLED,
        ),
        (
            "1 error\n see https://errors.pydantic.dev/2.9/v/missing",
            "1 error\n see https://errors.pydantic.dev/2.9/v/extra_forbidden",
            DIFFERENT,
        ),
    ],
)
def test_two_responses_are_the_same_or_respelled_or_different(
    recorded: str | None, replayed: str | None, likeness: Likeness
) -> None:
    assert compare(recorded, replayed) is likeness
    assert compare(replayed, recorded) is likeness


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), (1.0, True), (0, False)])
def test_numbers_of_two_types_and_booleans_are_never_the_same_value(one: Any, other: Any) -> None:
    assert not same_value(one, other)
    assert not same_value({"x": [one]}, {"x": [other]})
    assert canonical_bytes(one) != canonical_bytes(other)


def test_whole_floats_beyond_what_a_float_can_count_are_not_respelled() -> None:
    assert not same_but_spelling(2**60, float(2**60))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(JSON)
@settings(max_examples=150, deadline=None)
def test_what_was_dumped_in_any_layout_says_the_same(value: Any) -> None:
    indented = json.dumps(value, indent=2, sort_keys=True)

    assert compare(json.dumps(value), json.dumps(value)) is SAME
    assert compare(json.dumps(value), indented) is not DIFFERENT


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    assert compare(text, text + "x") in Likeness
