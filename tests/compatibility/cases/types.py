"""Changes of what a value may be: its type, null, and listed values."""

from __future__ import annotations

from datetime import date
from typing import Literal

from replay.compatibility.reading import Reading
from tests.compatibility.cases.case import LAX, Case, model, value
from tests.compatibility.cases.models import INTEGER, NULL, STRING, Colour, Colours

TYPES_CASES = [
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
]
