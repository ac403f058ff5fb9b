from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.interchange.lines import PathPart, column_of, spell_path, spell_value
from replay.interchange.times import utc

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def places(value: Any, path: tuple[PathPart, ...] = ()) -> list[tuple[tuple[PathPart, ...], Any]]:
    found = [(path, value)]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


@given(VALUES, st.sampled_from([None, 2]))
def test_the_column_of_a_path_is_where_its_value_starts(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)

    for path, inner in places(value):
        start = column_of(text, path) - 1
        found, _ = json.JSONDecoder().raw_decode(text, start)
        assert found == inner


def test_the_column_of_a_missing_key_is_that_of_the_object_it_is_missing_in() -> None:
    assert column_of('{"a": [{"b": 1}]}', ["a", 0, "name"]) == 8


def test_paths_and_values_are_spelled_for_people() -> None:
    assert spell_path(["messages", 3, "content"]) == "messages[3].content"
    assert spell_path([]) == "the line"
    assert spell_value({"a": "x" * 99, "b": 1}) == "an object with the keys a, b"
    assert spell_value(list(range(99))) == "a list of 99"
    assert spell_value("x" * 99) == '"' + "x" * 56 + "..."


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2023", "2023-01-01T00:00:00.000000Z"),
        ("2024-11", "2024-11-01T00:00:00.000000Z"),
        ("2025-06-09", "2025-06-09T00:00:00.000000Z"),
        ("2025-08-01T16:20:44.335657", "2025-08-01T16:20:44.335657Z"),
        ("2025-08-01T16:20:44+02:00", "2025-08-01T14:20:44.000000Z"),
        (1_754_065_244, "2025-08-01T16:20:44.000000Z"),
        (1_754_065_244_500, "2025-08-01T16:20:44.500000Z"),
        ("yesterday", None),
        (None, None),
        (True, None),
        (3, None),
        (1e300, None),
    ],
)
def test_times_of_many_spellings_become_utc(written: Any, expected: str | None) -> None:
    assert utc(written) == expected
