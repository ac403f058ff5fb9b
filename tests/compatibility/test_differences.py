from __future__ import annotations

from typing import Any

import pytest

from replay.compatibility.differences import schema_differences
from replay.compatibility.type_words import parameters_in, type_words


def of(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def said(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{one.path}: {one.said}" for one in schema_differences(old, new, tool="f")]


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
CHILDREN = {"type": "array", "items": {"$ref": "#/$defs/Node"}}
TREE = {
    "$defs": {"Node": of("children", name=TEXT, children=CHILDREN)},
    "$ref": "#/$defs/Node",
}
B_OR_ANY = {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "object"}]}

CASES = [
    (of(a=TEXT), of(a=TEXT), []),
    (of(a=TEXT), of(a=NUMBER), ["a: was string, is integer"]),
    (of(), of("a", a=TEXT), ["a: is new and required: string"]),
    (of(), of(a=TEXT), ["a: is new and optional: string"]),
    (of(a=TEXT), of(), ["a: is gone"]),
    (of(a=TEXT), of("a", a=TEXT), ["a: is now required"]),
    (of("a", a=TEXT), of(a=TEXT), ["a: is no longer required"]),
    (of(a={**TEXT, "default": "x"}), of(a=TEXT), ['a: its default was "x", is absent']),
    (
        of(a={"enum": ["x", "y"]}),
        of(a={"enum": ["y", "z"]}),
        ['a: no longer takes "x"', 'a: takes "z" too'],
    ),
    (
        of(a={"anyOf": [TEXT, {"type": "null"}]}),
        of(a=TEXT),
        ["a: was string | null, is string"],
    ),
    (
        of(),
        {**of(), "additionalProperties": False},
        [": takes no other properties any more"],
    ),
    (
        of(a={"type": "array", "items": of(b=TEXT)}),
        of(a={"type": "array", "items": of(b=NUMBER)}),
        ["a[*].b: was string, is integer"],
    ),
    (
        of(a={"type": "array", "items": of(b=TEXT)}),
        {
            "$defs": {"B": of(b=NUMBER)},
            **of(a={"type": "array", "items": B_OR_ANY}),
        },
        ["a[*].b: was string, is integer"],
    ),
    (
        of(a={**TEXT, "maxLength": 5}),
        of(a={**TEXT, "maxLength": 4}),
        ["a: was string (to 5 characters), is string (to 4 characters)"],
    ),
    (
        of(a={**NUMBER, "multipleOf": 2}),
        of(a=NUMBER),
        ["a: `multipleOf` was 2, is absent"],
    ),
    (of(a=TEXT, b=TEXT), of(b=TEXT, a=TEXT), [": its properties are in another order"]),
    (TREE, TREE, []),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), CASES)
def test_a_difference_is_told_in_words_at_its_place(
    old: dict[str, Any], new: dict[str, Any], told: list[str]
) -> None:
    assert said(old, new) == told


def test_a_difference_inside_of_a_recursive_schema_is_told_and_ends() -> None:
    new = {**TREE, "$defs": {"Node": of("children", name=NUMBER, children=CHILDREN)}}

    assert said(TREE, new)[0] == "name: was string, is integer"
    assert len(said(TREE, new)) == 1


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (True, "anything"),
        ({}, "anything"),
        ({"type": ["string", "null"], "format": "date"}, "string (date) | null"),
        ({"type": "array", "items": TEXT}, "list of string"),
        ({"type": "object", "additionalProperties": NUMBER}, "object of integer"),
        ({"enum": list(range(9))}, "one of 0, 1, 2, 3, 4, 5 and 3 more"),
        ({"const": "x"}, '"x"'),
        ({"$ref": "#/$defs/nowhere"}, "anything"),
        ({"$ref": "#"}, "anything"),
        ({"type": "integer", "minimum": 0, "exclusiveMaximum": 9}, "integer (from 0, below 9)"),
    ],
)
def test_a_schema_says_in_words_what_its_values_are(schema: Any, words: str) -> None:
    root = schema if isinstance(schema, dict) else {}

    assert type_words(schema, root) == words


def test_nested_parameters_have_paths_and_recursion_ends() -> None:
    paths = [one.path for one in parameters_in(TREE)]

    assert paths == ["name", "children"]
    assert [(p.path, p.required) for p in parameters_in(of("a", a=of(b=TEXT)))] == [
        ("a", True),
        ("a.b", False),
    ]
