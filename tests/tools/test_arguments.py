from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.tools.arguments import BadJson, parse_arguments, raw_arguments

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_what_is_written_is_read_back(values: dict[str, object]) -> None:
    parsed = parse_arguments(raw_arguments(values))

    assert parsed.values == values
    assert parsed.notes == []


@pytest.mark.slow
@given(st.dictionaries(st.text(), json_values, max_size=5), st.integers(0, 8))
def test_spelling_does_not_matter(values: dict[str, object], indent: int) -> None:
    assert parse_arguments(f" \n{json.dumps(values, indent=indent)}\t").values == values


@given(st.text())
def test_any_text_is_read_or_refused_with_words(raw: str) -> None:
    try:
        read = parse_arguments(raw).values
    except BadJson as complaint:
        read = {"complaint": str(complaint)}

    assert read == {} or all(isinstance(name, str) for name in read)


@pytest.mark.parametrize("raw", ["", "  \n"])
def test_an_empty_text_is_no_arguments(raw: str) -> None:
    parsed = parse_arguments(raw)

    assert parsed.values == {}
    assert parsed.notes == ["The arguments were an empty text, read as {}."]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ('{"city": "Par', 'the text seems cut off: it ends with \'{"city": "Par\''),
        ('{"city": "Paris"', "the text seems cut off"),
        ("{'city': 'Paris'}", "at character 2; near \"{'city': 'Paris'}\""),
        ("[1]", "they are a list"),
        ("null", "they are null"),
        ("3", "they are a number"),
        ("true", "they are a boolean"),
        ('"x"', "they are a text"),
        ('{"a": NaN}', "NaN, which JSON does not have"),
        ('{"a": -Infinity}', "-Infinity, which JSON does not have"),
        ('{"a": 1} {"b": 2}', "Extra data at character 10"),
        ('{"a":' * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_bad_json_says_where_and_what(raw: str, said: str) -> None:
    with pytest.raises(BadJson) as caught:
        parse_arguments(raw)

    assert said in str(caught.value)


def test_a_key_given_twice_is_noted_and_the_last_one_counts() -> None:
    parsed = parse_arguments('{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}')

    assert parsed.values == {"a": 3, "b": {"c": 2}}
    assert parsed.notes == [
        "The key 'c' occurs more than once in one object; the last value counts.",
        "The key 'a' occurs more than once in one object; the last value counts.",
    ]


def test_surrogates_and_nul_bytes_are_read() -> None:
    raw = '{"text": "\\ud800 and \\u0000"}'

    assert parse_arguments(raw).values == {"text": "\ud800 and \0"}


def test_raw_arguments_keep_the_models_text_byte_for_byte() -> None:
    assert raw_arguments('{ "a":1 }') == '{ "a":1 }'
    assert raw_arguments({"b": "ä", "a": 1}) == '{"b":"ä","a":1}'
    assert raw_arguments(None) == "{}"
