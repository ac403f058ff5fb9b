"""Schemas that are absurd, broken, cyclic, deep or huge: never a crash, never a hang."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from replay.compatibility.changes import OnPayloads
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.providers import PROVIDERS, provider_limits
from replay.compatibility.results import compare_results

LOOP = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
ODD: dict[str, Any] = {
    "true": True,
    "false": False,
    "empty": {},
    "not a schema": {"type": 7, "properties": [], "required": "x", "enum": {}, "anyOf": {}},
    "lists of nothing": {"type": [], "enum": [], "anyOf": [], "allOf": [], "oneOf": []},
    "nulls": {"type": None, "properties": None, "items": None, "default": None, "$ref": None},
    "the root itself": {"$ref": "#"},
    "a loop": LOOP,
    "to nowhere": {"properties": {"a": {"$ref": "#/$defs/none"}}},
    "to elsewhere": {"properties": {"a": {"$ref": "https://example.com/a.json"}}},
    "into a list": {"allOf": [{"type": "string"}], "properties": {"a": {"$ref": "#/allOf/0"}}},
    "its own branch": {"anyOf": [{"$ref": "#"}, {"type": "string"}]},
    "its own part": {"allOf": [{"$ref": "#"}, {"type": "object"}]},
    "its own negation": {"not": {"$ref": "#"}},
    "numbers as texts": {"minimum": "1", "maxLength": "x", "multipleOf": 0, "minItems": None},
    "no regular expression": {"type": "string", "pattern": "(["},
    "a property called $ref": {"properties": {"$ref": {"type": "string"}, "": {}, "a.b": {}}},
    "grows as it is merged": {
        "$defs": {
            "x": {"properties": {"n": {"allOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}]}}},
            "y": {"properties": {"n": {"allOf": [{"$ref": "#/$defs/y"}, {"$ref": "#/$defs/x"}]}}},
        },
        "allOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}],
    },
}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(ODD, repeat=2)))
def test_odd_schemas_are_compared_all_the_same(old: str, new: str) -> None:
    changes = compare_schemas(ODD[old], ODD[new], tool="odd")

    if old == new:
        assert changes == []
    for change in changes:
        assert change.said
    compare_results(ODD[old], ODD[new])


@pytest.mark.parametrize("name", ODD)
def test_odd_schemas_have_limits_too(name: str) -> None:
    schema = ODD[name] if isinstance(ODD[name], dict) else {}
    for provider in PROVIDERS:
        provider_limits(provider, "odd", schema)


def nested(levels: int, leaf: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": leaf}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"in": schema}}
    return schema


def test_a_schema_of_a_thousand_levels_says_where_it_stopped() -> None:
    deep = compare_schemas(nested(1_000, "string"), nested(1_000, "integer"))
    known = compare_schemas(nested(50, "string"), nested(50, "integer"))

    assert [(one.rule, one.on_payloads) for one in deep] == [
        ("TOO_LARGE_TO_COMPARE", OnPayloads.MAY_BREAK)
    ]
    assert [one.rule for one in known] == ["TYPE_CHANGED"]


def test_five_thousand_properties_are_compared() -> None:
    old = {"properties": {f"p{n}": {"type": "string"} for n in range(5_000)}}
    one = {"properties": {**old["properties"], "p4999": {"type": "integer"}}}

    assert [change.path for change in compare_schemas(old, one)] == ["p4999"]


def test_a_thousand_properties_may_be_others() -> None:
    old = {"properties": {f"p{n}": {"type": "string"} for n in range(1_000)}}
    new = {"properties": {f"q{n}": {"type": "integer"} for n in range(1_000)}}

    assert len(compare_schemas(old, new)) == 2_000


def test_definitions_that_refer_twice_to_the_next_do_not_take_for_ever() -> None:
    def ladder(leaf: str) -> dict[str, Any]:
        steps = {
            f"d{n}": {
                "type": "object",
                "properties": {side: {"$ref": f"#/$defs/d{n + 1}"} for side in ("left", "right")},
            }
            for n in range(40)
        }
        return {"$ref": "#/$defs/d0", "$defs": {**steps, "d40": {"type": leaf}}}

    changes = compare_schemas(ladder("string"), ladder("integer"))

    assert any(change.rule == "TYPE_CHANGED" for change in changes)
    assert len(changes) < 1_000


def test_wide_unions_of_unions_do_not_take_for_ever() -> None:
    def union(levels: int, leaf: dict[str, Any]) -> dict[str, Any]:
        if not levels:
            return leaf
        inner = [
            {"type": "array", "items": union(levels - 1, {**leaf, "minLength": n})}
            for n in range(3)
        ]
        return {"oneOf": [*inner, {"type": "object"}]}

    changes = compare_schemas(union(3, {"type": "string"}), union(3, {"type": "integer"}))

    assert changes


def test_an_unreadable_new_schema_breaks_and_an_unreadable_old_one_may() -> None:
    broken = {"properties": {"a": {"$ref": "#/$defs/none"}}}
    whole = {"properties": {"a": {"type": "string"}}}

    assert [(c.rule, c.path) for c in compare_schemas(whole, broken)] == [("REFERENCE_BROKEN", "a")]
    assert [c.rule for c in compare_schemas(broken, whole)] == ["REFERENCE_MENDED"]
