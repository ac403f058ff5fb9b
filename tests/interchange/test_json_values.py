"""JSON values of a file, in whatever form the file has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.interchange import json_values
from replay.interchange.json_values import read_values
from replay.interchange.lines import BadLine

VALUES = [{"a": 'x"]},[{\\'}, {"b": [1, {"c": None}], "d": -1.5e3}, {}, {"e": "ü\n"}]


def values_of(path: Path) -> list[Any]:
    return [one if isinstance(one, BadLine) else one.value for one in read_values(path)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(json.dumps(value) for value in VALUES),
        json.dumps(VALUES),
        json.dumps(VALUES, indent=2),
        "\n\n".join(json.dumps(value, indent=1) for value in VALUES),
        "\ufeff" + json.dumps(VALUES, ensure_ascii=False),
    ],
    ids=["lines", "a list", "a list over many lines", "many values", "with a mark"],
)
@pytest.mark.parametrize("chunk", [1, 7, 2**18])
def test_every_form_has_the_same_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, chunk: int
) -> None:
    monkeypatch.setattr(json_values, "_CHUNK_BYTES", chunk)
    path = tmp_path / "values.json"
    path.write_text(text, "utf-8")

    assert values_of(path) == VALUES


def test_of_an_object_that_is_too_large_each_element_comes_with_the_fields_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_values, "OBJECT_BYTES_MAX", 10)
    monkeypatch.setattr(json_values, "_CHUNK_BYTES", 5)
    path = tmp_path / "log.json"
    value = {"version": 2, "eval": {"id": "x"}, "samples": [{"n": 1}, {"n": [2, 3]}], "end": True}
    path.write_text(json.dumps(value, indent=1), "utf-8")

    header = {"version": 2, "eval": {"id": "x"}}
    assert values_of(path) == [
        {**header, "samples": [{"n": 1}]},
        {**header, "samples": [{"n": [2, 3]}]},
    ]


def test_an_object_that_is_too_large_and_no_list_of_anything_is_one_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_values, "OBJECT_BYTES_MAX", 10)
    path = tmp_path / "trace.json"
    value = {"info": {"id": "x"}, "data": {"spans": [1, 2]}, "tags": ["a", "b"], "last": 1.5}
    path.write_text(json.dumps(value, indent=1), "utf-8")

    assert values_of(path) == [value]


def test_a_value_that_is_broken_is_named_with_its_line_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list.json"
    path.write_text('[\n{"a": 1},\n{"b": tru},\n{"c": 3}\n]', "utf-8")

    first, bad, last = values_of(path)

    assert (first, last) == ({"a": 1}, {"c": 3})
    assert str(bad.error).startswith(f"{path}:3:7: no JSON value: expecting value")


def test_a_list_that_is_cut_off_says_where_its_last_value_began(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('[\n{"a": 1},\n{"b": [1, 2', "utf-8")

    first, bad = values_of(path)

    assert first == {"a": 1}
    assert f"{path}:3:1: a JSON value begins here" in str(bad.error)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(JSON, max_size=6), chunk=st.integers(1, 40), ascii_only=st.booleans())
def test_the_elements_of_a_list_are_what_json_reads(
    tmp_path: Path, values: list[Any], chunk: int, ascii_only: bool
) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps(values, ensure_ascii=ascii_only), "utf-8")
    before = json_values._CHUNK_BYTES
    json_values._CHUNK_BYTES = chunk  # type: ignore[misc]
    try:
        assert values_of(path) == values
    finally:
        json_values._CHUNK_BYTES = before  # type: ignore[misc]
