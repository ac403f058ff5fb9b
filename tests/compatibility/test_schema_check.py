from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped]  # has no types of its own
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.tools import schema_errors

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from([0.5, 2.0, "", "a", "ab", "b1"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
types = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])


def keyword_schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    some = st.lists(inner, min_size=1, max_size=3)
    keywords = {
        "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
        "enum": st.lists(scalars, min_size=1, max_size=3),
        "const": scalars,
        "properties": properties,
        "required": st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True),
        "additionalProperties": st.booleans() | inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
        "propertyNames": st.just({"pattern": "^[ab]"}),
        "dependentRequired": st.just({"a": ["b"]}),
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(0, 2),
        "items": inner,
        "prefixItems": some,
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minimum": st.integers(-2, 5),
        "maximum": st.integers(-2, 5),
        "exclusiveMinimum": st.integers(-2, 5),
        "exclusiveMaximum": st.integers(-2, 5),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "[0-9]"]),
        "anyOf": some,
        "oneOf": some,
        "allOf": some,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    return st.sets(st.sampled_from(sorted(keywords)), max_size=4).flatmap(
        lambda chosen: st.fixed_dictionaries({name: keywords[name] for name in chosen})
    )


schemas = st.recursive(
    st.booleans() | keyword_schemas(st.booleans()), keyword_schemas, max_leaves=6
)


@pytest.mark.slow
@settings(max_examples=300)
@given(schemas, values)
def test_it_judges_as_the_reference_implementation_does(schema: Any, value: Any) -> None:
    reference = jsonschema.Draft202012Validator(schema)

    assert (schema_errors(schema, value) == []) == reference.is_valid(value)


TREE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/Node",
}


def test_a_recursive_schema_is_followed_as_deep_as_the_payload_goes() -> None:
    assert schema_errors(TREE, {"name": "a", "next": {"name": "b"}}) == []
    assert schema_errors(TREE, {"name": "a", "next": {"name": 3, "more": 1}}) == [
        {"type": "string_type", "loc": ["next", "name"], "msg": "Should be a text", "input": 3},
        {"type": "extra_forbidden", "loc": ["next", "more"], "msg": "No such field", "input": 1},
    ]


def test_alternatives_that_refer_to_themselves_take_no_time_that_doubles_with_each_level() -> None:
    """Nested filters, wrong at the innermost: each level once asked for all below it twice."""
    tree = {
        "anyOf": [
            {"type": "integer"},
            {"type": "object", "properties": {"not": {"$ref": "#"}}, "required": ["not"]},
        ]
    }
    value: Any = "wrong"
    for _ in range(30):
        value = {"not": value}

    errors = schema_errors(tree, value)

    assert [(one["type"], one["loc"]) for one in errors] == [("any_of", ["not"] * 30)]


def test_the_complaint_is_about_the_alternative_that_fits_best() -> None:
    schema = {
        "anyOf": [
            {"type": "null"},
            {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
        ]
    }

    assert schema_errors(schema, {"id": "7"}) == [
        {"type": "integer_type", "loc": ["id"], "msg": "Should be an integer", "input": "7"}
    ]
    assert schema_errors(schema, "7") == [
        {"type": "any_of", "loc": [], "msg": "Should be null or an object", "input": "7"}
    ]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "#/$defs/Nowhere"}, 1),
        ({"$ref": "https://example.com/schema"}, 1),
        ({"pattern": "("}, "x"),
        ({"$ref": "#"}, 1),
        (3, 1),
    ],
)
def test_a_schema_that_cannot_be_read_is_an_error_and_no_exception(schema: Any, value: Any) -> None:
    assert {error["type"] for error in schema_errors(schema, value)} == {"schema_unreadable"}


def test_draft_7_tuples_are_understood() -> None:
    schema = {"items": [{"type": "integer"}], "additionalItems": False}

    assert schema_errors(schema, [1]) == []
    assert [error["loc"] for error in schema_errors(schema, ["a", 2])] == [[0], [1]]
