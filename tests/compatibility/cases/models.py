"""Models and schemas that several cases are made of."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tests.compatibility.cases.case import value


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
