from __future__ import annotations

from typing import Any

import pytest

from replay.compatibility.type_words import parameters_in, type_words


def of(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
CHILDREN = {"type": "array", "items": {"$ref": "#/$defs/Node"}}
TREE = {
    "$defs": {"Node": of("children", name=TEXT, children=CHILDREN)},
    "$ref": "#/$defs/Node",
}


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
