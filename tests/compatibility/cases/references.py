"""Changes behind references and in recursive schemas, in older drafts, and of words alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tests.compatibility.cases.case import Case, closed, model, schema_of, value
from tests.compatibility.cases.models import (
    CHAIN,
    CHAIN_NARROWED,
    INTEGER,
    NEW_TUPLE,
    OLD_TUPLE,
    STRING,
    TREE,
    Node,
    NodeOfTexts,
    NodeWithText,
)

REFERENCES_CASES = [
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
