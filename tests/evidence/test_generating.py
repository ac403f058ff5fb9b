from __future__ import annotations

import sys
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from replay.evidence.generating import NotInstalled, payloads_of
from replay.evidence.shrinking import shrunk
from replay.evidence.subschemas import at_place, smallest


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "plain": closed(["a"], a=TEXT, b=WHOLE, c={"type": "boolean"}, d={"type": "null"}),
    "bounds": closed(
        ["n", "x", "t", "l"],
        n={"type": "integer", "minimum": 3, "exclusiveMaximum": 9},
        x={"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
        t={"type": "string", "minLength": 2, "maxLength": 3},
        l={"type": "array", "items": WHOLE, "minItems": 1, "maxItems": 2, "uniqueItems": True},
    ),
    "steps": closed(["n"], n={"type": "integer", "minimum": 10, "maximum": 99, "multipleOf": 7}),
    "pattern": closed(["p"], p={"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"}),
    "formats": closed(
        ["d", "e", "u"],
        d={"type": "string", "format": "date"},
        e={"type": "string", "format": "email"},
        u={"type": "string", "format": "uuid"},
    ),
    "union": closed(["v"], v={"anyOf": [TEXT, closed(["k"], k={"enum": [1, 2]})]}),
    "union beside": closed(["v"], v={"anyOf": [{"minLength": 3}, {"maxLength": 1}], **TEXT}),
    "one of": closed(
        ["v"], v={"oneOf": [{"type": "integer", "multipleOf": 2}, {"const": 3}, TEXT]}
    ),
    "all of": closed(
        ["v"],
        v={"allOf": [closed([], a=TEXT) | {"additionalProperties": True}, {"required": ["a"]}]},
    ),
    "recursion": {
        **closed(["node"], node={"$ref": "#/$defs/Node"}),
        "$defs": {
            "Node": closed(
                ["name", "next"],
                name=TEXT,
                next={"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                children={"type": "array", "items": {"$ref": "#/$defs/Node"}, "maxItems": 2},
            )
        },
    },
    "itself": {"type": "object", "properties": {"inner": {"$ref": "#"}, "n": WHOLE}},
    "map": closed(["m"], m={"type": "object", "additionalProperties": WHOLE, "minProperties": 1}),
    "tuple": closed(
        ["t"],
        t={"type": "array", "prefixItems": [TEXT, WHOLE], "items": False, "minItems": 2},
    ),
    "not": closed(["n"], n={**WHOLE, "not": {"multipleOf": 2}}),
    "several types": closed(["v"], v={"type": ["string", "null", "integer"]}),
    "contains": closed(["v"], v={"type": "array", "contains": {"const": "x"}}),
    "any": {"type": "object"},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_payload_that_is_drawn_fits_its_schema(name: str) -> None:
    schema = SCHEMAS[name]
    reference = jsonschema.Draft202012Validator(schema)

    @settings(
        max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(payloads_of(schema))
    def fits(payload: Any) -> None:
        assert reference.is_valid(payload), payload

    fits()


@pytest.mark.parametrize("name", sorted(SCHEMAS.keys() - {"not", "contains", "pattern"}))
def test_the_smallest_payload_fits_nearly_every_schema(name: str) -> None:
    assert jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(smallest(SCHEMAS[name]))


@pytest.mark.slow
def test_a_reference_to_itself_is_followed() -> None:
    deep = find(payloads_of(SCHEMAS["itself"]), lambda one: "inner" in one.get("inner", {}))

    assert deep == {"inner": {"inner": {}}}


def test_the_parts_at_a_place_are_found_through_references_unions_and_lists() -> None:
    found = at_place(SCHEMAS["recursion"], ("node", "children", None, "name"))

    assert found == [TEXT]
    assert [one["type"] for one in at_place(SCHEMAS["union"], ("v",))] == ["string", "object"]
    assert at_place(SCHEMAS["plain"], ("nowhere",)) == []


def test_a_payload_shrinks_to_what_still_holds() -> None:
    payload = {"a": [1, 2, {"b": "a long text with an x in it"}], "c": {"d": 12345}, "e": None}

    def holds(payloads: Any) -> list[bool]:
        return ["x" in str(one) and "'d': 1" in str(one) for one in payloads]

    assert shrunk(payload, holds) == {"a": "x", "c": {"d": 1}} or shrunk(payload, holds) == {
        "a": [{"b": "x"}],
        "c": {"d": 1},
    }
    assert shrunk(payload, lambda payloads: [False for _ in payloads]) == payload


@given(st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5), max_size=4))
@settings(max_examples=50)
def test_everything_shrinks_to_nothing_where_nothing_is_asked(payload: dict[str, Any]) -> None:
    assert shrunk(payload, lambda payloads: [True for _ in payloads]) == {}


def test_without_hypothesis_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(NotInstalled, match=r"pip install 'replay-sandbox\[fuzz\]'"):
        payloads_of(SCHEMAS["plain"])
