"""Changes of limits, and of unions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tests.compatibility.cases.case import LAX, Case, model, value
from tests.compatibility.cases.models import (
    CARD,
    CASH,
    INTEGER,
    LONG,
    SHORT,
    Card,
    CardWithCode,
    Cash,
    Open,
    OpenWithMore,
    Voucher,
    told_apart,
)

LIMITS_CASES = [
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
]
