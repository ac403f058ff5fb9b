"""Changes of an object's fields: added, removed, renamed, required, defaults, what is not named."""

from __future__ import annotations

from typing import Literal

from pydantic import create_model

from tests.compatibility.cases.case import Case, closed, model, schema_of, value
from tests.compatibility.cases.models import (
    FREE_VALUES,
    INTEGER,
    STRING,
    Leg,
    LegWithCabin,
    LegWithSeat,
)

FIELDS_CASES = [
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
]
