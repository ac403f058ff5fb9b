"""Changes of schemas, with payloads that both validators are asked about.

A case gives both versions, the rule that should name the change, and payloads of the old version
that go through the changed place. What the verdict should be is not written here: the validator of
the new version says it (`established`). pydantic models are asked with pydantic, schemas with the
reference validator of their draft.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Union

import jsonschema
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    create_model,
)

from replay.compatibility.changes import OnPayloads
from replay.compatibility.reading import Reading
from replay.compatibility.values import same_value
from replay.records import JsonValue

LAX, STRICT = Reading(coerces=True), Reading()


@dataclass(frozen=True)
class Case:
    """One change."""

    name: str
    rule: str
    old: Any
    new: Any
    payloads: Sequence[JsonValue]
    path: str | None = None
    reading: Reading = STRICT
    careful: str = ""
    """Why the rules say "may break" where these payloads all go one way; empty: they do not."""


def schema_of(version: Any) -> Any:
    return version if isinstance(version, dict | bool) else TypeAdapter(version).json_schema()


def read(version: Any, payload: JsonValue, reading: Reading) -> tuple[bool, JsonValue]:
    """Return (accepted, what the tool's code would be given)."""
    if isinstance(version, dict | bool):
        validator = jsonschema.validators.validator_for(
            version, default=jsonschema.Draft202012Validator
        )
        return validator(_openapi(version)).is_valid(payload), payload
    adapter: TypeAdapter[Any] = TypeAdapter(version)
    try:
        strict = None if reading.coerces else True
        value = adapter.validate_json(json.dumps(payload), strict=strict)
    except ValidationError:
        return False, None
    return True, adapter.dump_python(value, mode="json")


def _openapi(schema: Any) -> Any:
    """``nullable: true`` is OpenAPI's word: as JSON Schema it is a branch with null."""
    if isinstance(schema, list):
        return [_openapi(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _openapi(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


def established(case: Case) -> OnPayloads:
    """Return the verdict on the payloads of a case, as the validator of the new version says it."""
    accepted, changed = [], []
    for payload in case.payloads:
        was_taken, before = read(case.old, payload, case.reading)
        assert was_taken, f"{case.name}: the old version does not take {payload!r}"
        is_taken, now = read(case.new, payload, case.reading)
        accepted.append(is_taken)
        changed.append(is_taken and not same_value(now, before))
    if not any(accepted):
        return OnPayloads.BREAKS
    if not all(accepted):
        return OnPayloads.MAY_BREAK
    return OnPayloads.SILENT if any(changed) else OnPayloads.SAFE


def model(*, forbid: bool = True, name: str = "Args", **fields: Any) -> type[BaseModel]:
    config = ConfigDict(extra="forbid" if forbid else "ignore")
    given: dict[str, Any] = {
        key: value if isinstance(value, tuple) else (value, ...) for key, value in fields.items()
    }
    return create_model(name, __config__=config, **given)


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def value(part: Any) -> dict[str, Any]:
    return closed(v=part)


class Leg(BaseModel):
    model_config = ConfigDict(extra="forbid")
    start: str
    end: str


class LegWithCabin(Leg):
    cabin: Literal["economy", "first"] = "economy"


class LegWithSeat(Leg):
    seat: str


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: int
    inner: list[Node] = []


class NodeWithText(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: int
    inner: list[NodeWithText] = []
    text: str = ""


class NodeOfTexts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: str
    inner: list[NodeOfTexts] = []


class Card(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["card"]
    number: str


class CardWithCode(Card):
    code: str


class Cash(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["cash"]
    amount: int


class Voucher(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["voucher"]


class Open(BaseModel):
    a: int


class OpenWithMore(BaseModel):
    a: int
    b: int = 0


class Colour(Enum):
    red = "red"
    blue = "blue"


class Colours(Enum):
    red = "red"
    blue = "blue"
    green = "green"


def told_apart(*variants: Any) -> Any:
    return Annotated[Union[variants], Field(discriminator="kind")]  # noqa: UP007 -- made at run time


SHORT = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
LONG = Annotated[str, StringConstraints(pattern="^[A-Z]+$")]
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
CARD, CASH = {"kind": "card", "number": "4"}, {"kind": "cash", "amount": 3}
TREE = {"value": 1, "inner": [{"value": 2, "inner": []}]}
STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}
CHAIN = {
    "$ref": "#/$defs/a",
    "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/c"}, "c": value(STRING)},
}
CHAIN_NARROWED = {**CHAIN, "$defs": {**CHAIN["$defs"], "c": value({"enum": ["x"]})}}  # type: ignore[dict-item]  # a dict
OLD_TUPLE = {
    "$schema": DRAFT_7,
    **value({"type": "array", "items": [STRING, INTEGER], "additionalItems": False}),
}
NEW_TUPLE = {
    "$schema": DRAFT_7,
    **value({"type": "array", "items": [STRING, STRING], "additionalItems": False}),
}
DRAFT_7_OLD = {
    "$schema": DRAFT_7,
    "definitions": {"n": {"type": "integer", "minimum": 0}},
    **value({"$ref": "#/definitions/n", "minimum": 5}),
}
"""Draft 7 ignores what stands beside a ``$ref``."""
DRAFT_7_NEW = {
    "$schema": DRAFT_7,
    "definitions": {"n": {"type": "integer", "minimum": 0}},
    **value({"$ref": "#/definitions/n", "minimum": 9}),
}
FREE_VALUES = {"type": "object", "additionalProperties": INTEGER}

CASES = [
    # -- properties -------------------------------------------------------------------------------
    Case(
        "an optional property, closed",
        "OPTIONAL_PROPERTY_ADDED",
        model(city=str),
        model(city=str, unit=(str | None, None)),
        [{"city": "Rome"}],
        careful="pydantic writes the new default into what the code is given",
    ),
    Case(
        "an optional property, open",
        "OPTIONAL_PROPERTY_ADDED_TO_OPEN",
        model(forbid=False, city=str),
        model(forbid=False, city=str, unit=(int, 1)),
        [{"city": "Rome"}, {"city": "Rome", "unit": "celsius"}],
    ),
    Case(
        "a required property",
        "REQUIRED_PROPERTY_ADDED",
        model(city=str),
        model(city=str, unit=str),
        [{"city": "Rome"}],
        path="unit",
    ),
    Case(
        "a required property, nested",
        "REQUIRED_PROPERTY_ADDED",
        model(legs=list[Leg]),
        model(legs=list[LegWithSeat]),
        [{"legs": [{"start": "a", "end": "b"}]}],
        path="legs[*].seat",
    ),
    Case(
        "an optional property, nested by $ref",
        "OPTIONAL_PROPERTY_ADDED",
        closed(leg=schema_of(Leg)),
        closed(leg=schema_of(LegWithCabin)),
        [{"leg": {"start": "a", "end": "b"}}],
        path="leg.cabin",
    ),
    Case(
        "optional becomes required",
        "OPTIONAL_BECAME_REQUIRED",
        model(unit=(str, "c")),
        model(unit=str),
        [{}, {"unit": "c"}],
        path="unit",
    ),
    Case(
        "required becomes optional",
        "REQUIRED_BECAME_OPTIONAL",
        model(unit=str),
        model(unit=(str, "c")),
        [{"unit": "f"}],
    ),
    Case(
        "a property removed, closed",
        "PROPERTY_REMOVED_FROM_CLOSED",
        model(city=str, debug=(int, 0)),
        model(city=str),
        [{"city": "Rome", "debug": 1}, {"city": "Rome"}],
        path="debug",
        careful="without it the payload loses a default, which nobody sent",
    ),
    Case(
        "a required property removed, closed",
        "PROPERTY_REMOVED_FROM_CLOSED",
        model(city=str, debug=int),
        model(city=str),
        [{"city": "Rome", "debug": 1}],
    ),
    Case(
        "a property removed, open",
        "PROPERTY_REMOVED_FROM_OPEN",
        model(forbid=False, city=str, debug=(int, 0)),
        model(forbid=False, city=str),
        [{"city": "Rome", "debug": 1}],
    ),
    Case(
        "renamed, closed",
        "RENAME_SUSPECTED",
        model(per_page=int),
        model(perPage=int),
        [{"per_page": 3}],
        path="per_page",
    ),
    Case(
        "renamed, optional and open",
        "RENAME_SUSPECTED",
        model(forbid=False, file_path=(str, "")),
        model(forbid=False, path=(str, "")),
        [{"file_path": "a"}, {"file_path": "a", "path": 3}],
    ),
    Case(
        "required with no schema of its own",
        "REQUIRED_PROPERTY_ADDED",
        {"type": "object"},
        {"type": "object", "required": ["a"]},
        [{}, {"a": 1}],
    ),
    Case(
        "a property forbidden by name",
        "NOTHING_ALLOWED",
        {"type": "object", "properties": {"a": STRING}},
        {"type": "object", "properties": {"a": False}},
        [{"a": "x"}],
        path="a",
    ),
    # -- types ------------------------------------------------------------------------------------
    Case(
        "integer to number", "TYPE_WIDENED", value(INTEGER), value({"type": "number"}), [{"v": 3}]
    ),
    Case(
        "number to integer",
        "TYPE_NARROWED",
        value({"type": "number"}),
        value(INTEGER),
        [{"v": 3.5}, {"v": 3}],
    ),
    Case("integer to text", "TYPE_CHANGED", value(INTEGER), value(STRING), [{"v": 3}]),
    Case(
        "text to integer, strict",
        "TYPE_CHANGED",
        model(v=str),
        model(v=int),
        [{"v": "3"}, {"v": "three"}],
    ),
    Case(
        "text to integer, lax",
        "TYPE_COERCED",
        model(v=str),
        model(v=int),
        [{"v": "3"}, {"v": "three"}],
        reading=LAX,
    ),
    Case(
        "text to boolean, lax",
        "TYPE_COERCED",
        model(v=str),
        model(v=bool),
        [{"v": "yes"}, {"v": "perhaps"}],
        reading=LAX,
    ),
    Case(
        "boolean to integer, lax",
        "TYPE_COERCED",
        model(v=bool),
        model(v=int),
        [{"v": True}],
        reading=LAX,
    ),
    Case(
        "integer to boolean, lax",
        "TYPE_COERCED",
        model(v=int),
        model(v=bool),
        [{"v": 1}, {"v": 7}],
        reading=LAX,
    ),
    Case("integer to text, lax", "TYPE_CHANGED", model(v=int), model(v=str), [{"v": 3}], None, LAX),
    Case(
        "text to list, lax",
        "TYPE_CHANGED",
        model(v=str),
        model(v=list[str]),
        [{"v": "a"}],
        None,
        LAX,
    ),
    Case(
        "text to date",
        "FORMAT_ADDED",
        model(v=str),
        model(v=date),
        [{"v": "2026-12-01"}, {"v": "Dec 1"}],
    ),
    Case("date to text", "FORMAT_REMOVED", model(v=date), model(v=str), [{"v": "2026-12-01"}]),
    Case(
        "anything to text",
        "TYPE_NARROWED",
        value({}),
        value(STRING),
        [{"v": "a"}, {"v": 3}],
    ),
    Case("text to anything", "TYPE_WIDENED", value(STRING), value(True), [{"v": "a"}]),
    Case(
        "a listed fraction where integers are taken",
        "TYPE_CHANGED",
        value({"enum": [1.5, 2.5]}),
        value(INTEGER),
        [{"v": 1.5}],
    ),
    Case("text to nothing", "NOTHING_ALLOWED", value(STRING), value(False), [{"v": "a"}]),
    Case(
        "list of types narrowed",
        "TYPE_NARROWED",
        value({"type": ["string", "integer"]}),
        value({"type": ["integer", "boolean"]}),
        [{"v": "a"}, {"v": 3}],
    ),
    Case(
        "a dict of integers to a dict of texts",
        "TYPE_CHANGED",
        model(v=dict[str, int]),
        model(v=dict[str, str]),
        [{"v": {"a": 1}}],
        path="v.*",
    ),
    # -- null -------------------------------------------------------------------------------------
    Case("null added", "NULL_ADDED", model(v=int), model(v=int | None), [{"v": 3}]),
    Case(
        "null removed",
        "NULL_REMOVED",
        model(v=int | None),
        model(v=int),
        [{"v": None}, {"v": 3}],
    ),
    Case(
        "null removed, type list to anyOf without",
        "NULL_REMOVED",
        value({"type": ["string", "null"]}),
        value({"anyOf": [STRING]}),
        [{"v": None}, {"v": "a"}],
    ),
    Case(
        "null removed, of an enum with null",
        "NULL_REMOVED",
        value({"enum": ["a", None]}),
        value({"enum": ["a"]}),
        [{"v": None}, {"v": "a"}],
    ),
    Case(
        "null removed, nullable: true",
        "NULL_REMOVED",
        value({"type": "string", "nullable": True}),
        value(STRING),
        [{"v": None}, {"v": "a"}],
    ),
    Case(
        "null as const to a text",
        "TYPE_CHANGED",
        value({"const": None}),
        value(STRING),
        [{"v": None}],
    ),
    Case(
        "a strict payload's null where a default took its place",
        "NULL_REMOVED",
        model(v=(str | None, None)),
        model(v=(str, "c")),
        [{"v": None}],
        reading=Reading(from_strict=True),
    ),
    Case(
        "null excluded by not",
        "NULL_REMOVED",
        value({"type": ["string", "null"]}),
        value({"type": ["string", "null"], "not": NULL}),
        [{"v": None}, {"v": "a"}],
    ),
    # -- listed values ----------------------------------------------------------------------------
    Case("a value added", "ENUM_VALUE_ADDED", model(v=Colour), model(v=Colours), [{"v": "red"}]),
    Case(
        "a value removed",
        "ENUM_VALUE_REMOVED",
        model(v=Colours),
        model(v=Colour),
        [{"v": "green"}, {"v": "red"}],
    ),
    Case(
        "every value replaced",
        "ENUM_VALUE_REMOVED",
        model(v=Literal["c", "f"]),
        model(v=Literal["celsius", "fahrenheit"]),
        [{"v": "c"}, {"v": "f"}],
    ),
    Case(
        "values listed at last",
        "ENUM_ADDED",
        model(v=str),
        model(v=Literal["c", "f"]),
        [{"v": "c"}, {"v": "k"}],
    ),
    Case("values no longer listed", "ENUM_DROPPED", model(v=Colour), model(v=str), [{"v": "red"}]),
    Case(
        "values no longer listed, and too short now",
        "ENUM_VALUE_REMOVED",
        value({"enum": ["a", "long"]}),
        value({"type": "string", "minLength": 2}),
        [{"v": "a"}, {"v": "long"}],
    ),
    Case(
        "a constant changed", "CONST_CHANGED", value({"const": 1}), value({"const": 2}), [{"v": 1}]
    ),
    Case(
        "anyOf of constants, one gone",
        "ENUM_VALUE_REMOVED",
        value({"anyOf": [{"const": "a"}, {"const": "b"}]}),
        value({"enum": ["a"]}),
        [{"v": "a"}, {"v": "b"}],
    ),
    Case(
        "1 is 1.0, and not true",
        "ENUM_VALUE_REMOVED",
        value({"enum": [1, True]}),
        value({"enum": [1.0, "true"]}),
        [{"v": 1}, {"v": True}],
    ),
    # -- limits -----------------------------------------------------------------------------------
    Case(
        "minimum raised",
        "NUMBER_LIMIT_TIGHTENED",
        model(v=Annotated[int, Field(ge=0)]),
        model(v=Annotated[int, Field(ge=1)]),
        [{"v": 0}, {"v": 1}],
    ),
    Case(
        "maximum raised",
        "NUMBER_LIMIT_LOOSENED",
        model(v=Annotated[int, Field(le=5)]),
        model(v=Annotated[int, Field(le=9)]),
        [{"v": 5}],
    ),
    Case(
        "limits that no old number meets",
        "NUMBER_LIMIT_TIGHTENED",
        value({"type": "integer", "maximum": 5}),
        value({"type": "integer", "minimum": 6}),
        [{"v": 5}, {"v": -2}],
    ),
    Case(
        "above 3 is 4 and more for integers",
        "DESCRIPTION_CHANGED",
        value({"type": "integer", "exclusiveMinimum": 3}),
        value({"type": "integer", "minimum": 4, "description": "At least 4."}),
        [{"v": 4}],
    ),
    Case(
        "draft 4 says exclusive beside the limit",
        "NUMBER_LIMIT_TIGHTENED",
        {"$schema": "http://json-schema.org/draft-04/schema#", **value({"minimum": 3})},
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            **value({"minimum": 3, "exclusiveMinimum": True}),
        },
        [{"v": 3}, {"v": 4}],
    ),
    Case(
        "a multiple of 2 was a multiple of 4",
        "MULTIPLE_LOOSENED",
        value({"type": "integer", "multipleOf": 4}),
        value({"type": "integer", "multipleOf": 2}),
        [{"v": 8}],
    ),
    Case(
        "a multiple of 4 was a multiple of 2",
        "MULTIPLE_TIGHTENED",
        value({"type": "integer", "multipleOf": 2}),
        value({"type": "integer", "multipleOf": 4}),
        [{"v": 8}, {"v": 2}],
    ),
    Case(
        "texts shorter",
        "LENGTH_LIMIT_TIGHTENED",
        model(v=Annotated[str, Field(max_length=9)]),
        model(v=Annotated[str, Field(max_length=3)]),
        [{"v": "abcd"}, {"v": "abc"}],
    ),
    Case(
        "lists longer",
        "COUNT_LIMIT_LOOSENED",
        model(v=Annotated[list[int], Field(max_length=1)]),
        model(v=Annotated[list[int], Field(max_length=3)]),
        [{"v": [1]}],
    ),
    Case(
        "pattern tightened",
        "PATTERN_CHANGED",
        model(v=LONG),
        model(v=SHORT),
        [{"v": "A"}, {"v": "ABC"}],
    ),
    Case("pattern loosened", "PATTERN_LOOSENED", model(v=SHORT), model(v=LONG), [{"v": "ABC"}]),
    Case(
        "pattern added", "PATTERN_ADDED", model(v=str), model(v=SHORT), [{"v": "a"}, {"v": "ABC"}]
    ),
    Case("pattern removed", "PATTERN_REMOVED", model(v=SHORT), model(v=str), [{"v": "ABC"}]),
    Case(
        "items unique",
        "UNIQUE_ITEMS_ADDED",
        value({"type": "array"}),
        value({"type": "array", "uniqueItems": True}),
        [{"v": [1, 1]}, {"v": [1]}],
    ),
    # -- unions -----------------------------------------------------------------------------------
    Case(
        "a variant added to one",
        "UNION_VARIANT_ADDED",
        model(v=Card),
        model(v=told_apart(Card, Cash)),
        [{"v": CARD}],
    ),
    Case(
        "a variant removed",
        "UNION_VARIANT_REMOVED",
        model(v=told_apart(Card, Cash)),
        model(v=Card),
        [{"v": CARD}, {"v": CASH}],
    ),
    Case(
        "every variant removed",
        "UNION_VARIANT_REMOVED",
        model(v=told_apart(Card, Cash)),
        model(v=Voucher),
        [{"v": CARD}, {"v": CASH}],
    ),
    Case(
        "a required property in a variant",
        "REQUIRED_PROPERTY_ADDED",
        model(v=told_apart(Card, Cash)),
        model(v=told_apart(CardWithCode, Cash)),
        [{"v": CARD}],
        path="v.code",
    ),
    Case(
        "told-apart variants in another order",
        "UNION_ORDER_CHANGED",
        model(v=told_apart(Card, Cash)),
        model(v=told_apart(Cash, Card)),
        [{"v": CARD}, {"v": CASH}],
    ),
    Case(
        "an open object may be taken for the new variant",
        "UNION_VARIANT_ADDED",
        model(v=Open),
        model(v=Open | OpenWithMore),
        [{"v": {"a": 1, "b": 2}}, {"v": {"a": 1}}],
        reading=LAX,
    ),
    Case(
        "a plain union narrowed",
        "TYPE_NARROWED",
        model(v=int | str),
        model(v=int),
        [{"v": 3}, {"v": "a"}],
    ),
    Case(
        "anyOf to oneOf",
        "UNION_MAY_OVERLAP",
        value({"anyOf": [INTEGER, {"type": "number", "minimum": 2}]}),
        value({"oneOf": [INTEGER, {"type": "number", "minimum": 2}]}),
        [{"v": 1}, {"v": 3}],
    ),
    Case(
        "a variant of lists narrowed",
        "TYPE_CHANGED",
        model(v=str | list[int]),
        model(v=str | list[str]),
        [{"v": "a"}, {"v": [1]}],
    ),
    Case(
        "a variant of lists removed",
        "UNION_VARIANT_REMOVED",
        model(v=str | list[int]),
        model(v=str | Open),
        [{"v": "a"}, {"v": [1]}],
    ),
    # -- what is not named ------------------------------------------------------------------------
    Case(
        "closed",
        "CLOSED",
        model(forbid=False, city=str),
        model(city=str),
        [{"city": "Rome"}, {"city": "Rome", "x": 1}],
    ),
    Case("opened", "OPENED", model(city=str), model(forbid=False, city=str), [{"city": "Rome"}]),
    Case(
        "free values closed",
        "CLOSED",
        value(FREE_VALUES),
        value({"type": "object", "additionalProperties": False}),
        [{"v": {"a": 1}}, {"v": {}}],
    ),
    Case(
        "free values of another type",
        "TYPE_CHANGED",
        value(FREE_VALUES),
        value({"type": "object", "additionalProperties": STRING}),
        [{"v": {"a": 1}}],
        path="v.*",
    ),
    Case(
        "a restriction added",
        "RESTRICTION_ADDED",
        value(STRING),
        value({"type": "string", "not": {"const": "x"}}),
        [{"v": "x"}, {"v": "y"}],
    ),
    Case(
        "a restriction removed",
        "RESTRICTION_REMOVED",
        value({"type": "string", "not": {"const": "x"}}),
        value(STRING),
        [{"v": "y"}],
    ),
    Case(
        "dependent properties",
        "RESTRICTION_ADDED",
        {"type": "object"},
        {"type": "object", "dependentRequired": {"a": ["b"]}},
        [{"a": 1}, {}],
    ),
    Case(
        "pattern properties of another type",
        "TYPE_CHANGED",
        {"type": "object", "patternProperties": {"^x": INTEGER}},
        {"type": "object", "patternProperties": {"^x": STRING}},
        [{"x1": 1}],
    ),
    # -- defaults ---------------------------------------------------------------------------------
    Case(
        "a default changed",
        "DEFAULT_CHANGED",
        model(unit=(str, "c")),
        model(unit=(str, "f")),
        [{}, {"unit": "c"}],
    ),
    Case(
        "null as the default replaced",
        "DEFAULT_ADDED",
        model(unit=(str | None, None)),
        model(unit=(str | None, "c")),
        [{}],
    ),
    Case(
        "a default inside of a list",
        "DEFAULT_CHANGED",
        model(legs=list[LegWithCabin]),
        model(
            legs=list[
                create_model(
                    "LegWithCabin", __base__=Leg, cabin=(Literal["economy", "first"], "first")
                )
            ]
        ),
        [{"legs": [{"start": "a", "end": "b"}]}],
        path="legs[*].cabin",
    ),
    # -- recursion, references, drafts ------------------------------------------------------------
    Case(
        "recursive, one more optional",
        "OPTIONAL_PROPERTY_ADDED",
        schema_of(Node),
        schema_of(NodeWithText),
        [TREE],
    ),
    Case("recursive, another type", "TYPE_CHANGED", Node, NodeOfTexts, [TREE], "value"),
    Case(
        "a chain of references, narrowed at its end",
        "ENUM_ADDED",
        CHAIN,
        CHAIN_NARROWED,
        [{"v": "x"}, {"v": "y"}],
        "v",
    ),
    Case(
        "draft 7: a tuple's second item",
        "TYPE_CHANGED",
        OLD_TUPLE,
        NEW_TUPLE,
        [{"v": ["a", 1]}],
        path="v[1]",
    ),
    Case(
        "2020-12: a tuple's second item",
        "TYPE_CHANGED",
        model(v=tuple[str, int]),
        model(v=tuple[str, str]),
        [{"v": ["a", 1]}],
        path="v[1]",
    ),
    Case(
        "a tuple with one more item",
        "COUNT_LIMIT_TIGHTENED",
        model(v=tuple[str]),
        model(v=tuple[str, str]),
        [{"v": ["a"]}],
    ),
    Case(
        "allOf of plain parts, one narrowed",
        "NUMBER_LIMIT_TIGHTENED",
        value({"allOf": [INTEGER, {"minimum": 1}]}),
        value({"allOf": [INTEGER, {"minimum": 2}]}),
        [{"v": 1}, {"v": 2}],
    ),
    Case(
        "allOf written out",
        "DESCRIPTION_CHANGED",
        value({"allOf": [INTEGER, {"minimum": 1}]}),
        value({"type": "integer", "minimum": 1, "description": "One or more."}),
        [{"v": 1}],
    ),
    Case(
        "allOf of closed and open objects",
        "DESCRIPTION_CHANGED",
        {"allOf": [closed(a=STRING), {"properties": {"b": INTEGER}}]},
        {**closed(a=STRING), "description": "b was never possible."},
        [{"a": "x"}],
    ),
    Case(
        "2020-12: a limit beside a reference holds",
        "NUMBER_LIMIT_TIGHTENED",
        {"$defs": {"n": INTEGER}, **value({"$ref": "#/$defs/n"})},
        {"$defs": {"n": INTEGER}, **value({"$ref": "#/$defs/n", "minimum": 5})},
        [{"v": 1}, {"v": 7}],
    ),
    Case(
        "an anchor is followed",
        "TYPE_CHANGED",
        {"$defs": {"n": {"$anchor": "number", **INTEGER}}, **value({"$ref": "#number"})},
        {"$defs": {"n": {"$anchor": "number", **STRING}}, **value({"$ref": "#number"})},
        [{"v": 1}],
    ),
    # -- words ------------------------------------------------------------------------------------
    Case(
        "another description",
        "DESCRIPTION_CHANGED",
        model(v=Annotated[str, Field(description="a")]),
        model(v=Annotated[str, Field(description="b")]),
        [{"v": "x"}],
    ),
    Case(
        "another order",
        "PROPERTY_ORDER_CHANGED",
        model(a=str, b=str),
        model(b=str, a=str),
        [{"a": "x", "b": "y"}],
    ),
    Case(
        "the order of listed values",
        "ENUM_ORDER_CHANGED",
        model(v=Literal["a", "b"]),
        model(v=Literal["b", "a"]),
        [{"v": "a"}, {"v": "b"}],
    ),
]
"""Every case."""

JSON_SCHEMA_CASES = frozenset(
    case.name
    for case in CASES
    if case.reading is STRICT
    and not case.careful
    and not {"format", "nullable"} & set(re.findall(r"[a-z]+", json.dumps(schema_of(case.new))))
    and "nullable" not in json.dumps(schema_of(case.old))
)
"""The cases that need no more than JSON Schema to decide: no coercion, no formats, no OpenAPI."""
