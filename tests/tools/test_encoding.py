from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from replay.records.canonical import canonical_json, content_hash
from replay.tools.encoding import NotJson, as_json, response_text

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Seat:
    row: int
    letters: set[str]


class Flight(BaseModel):
    number: str
    at: datetime


class Bag(BaseModel):
    words: set[str]


class Shout(str):
    __slots__ = ()

    def __str__(self) -> str:
        return self.upper() + "!"


@pytest.mark.slow
@given(json_values)
def test_plain_json_stays_what_it_is(value: Any) -> None:
    assert as_json(value) == value
    assert isinstance(value, str) or json.loads(response_text(value)) == value


@pytest.mark.parametrize(
    ("result", "encoded"),
    [
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (Point(1, 2), [1, 2]),
        (Seat(3, {"b", "a"}), {"row": 3, "letters": ["a", "b"]}),
        (
            Flight(number="LH1", at=datetime(2026, 5, 1, tzinfo=UTC)),
            {"number": "LH1", "at": "2026-05-01T00:00:00Z"},
        ),
        ([Decimal("1.50")], ["1.50"]),
        ({UUID(int=1)}, ["00000000-0000-0000-0000-000000000001"]),
        ({1: "a", None: "b", 2.5: "c"}, {"1": "a", "null": "b", "2.5": "c"}),
        (Bag(words={"b", "c", "a"}), {"words": ["a", "b", "c"]}),
        (frozenset({3, 1, 2}), [1, 2, 3]),
        (Shout("hey"), "hey"),
        ((x for x in "ab"), ["a", "b"]),
    ],
)
def test_common_objects_become_json(result: object, encoded: object) -> None:
    assert as_json(result) == encoded


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"prices": [1.0, math.nan]}, "The result at prices[1] is nan"),
        (-math.inf, "The result is -inf"),
        ({"file": b"abc"}, "The result at file is bytes (3 bytes)"),
        ([object()], "The result at [0] is of type object"),
        ({("a", "b"): 1}, "The result has the key ('a', 'b'), which is no text."),
        pytest.param({"n": [10**5000]}, "The result at n[0] is an integer of 16,610", id="inside"),
        pytest.param(10**5000, "The result is an integer of 16,610 bits", id="alone"),
        ({"f": print}, "The result at f is of type builtin_function_or_method"),
    ],
)
def test_what_json_cannot_hold_is_named_with_its_place(result: object, said: str) -> None:
    with pytest.raises(NotJson) as caught:
        as_json(result)

    assert said in str(caught.value)


def test_a_result_that_holds_itself_is_refused() -> None:
    itself: list[Any] = []
    itself.append({"inner": itself})

    with pytest.raises(NotJson, match="holds itself"):
        as_json(itself)


def test_a_response_keeps_the_tools_own_order_of_keys() -> None:
    assert response_text(as_json({"b": "ä", "a": [1.0, None]})) == '{"b":"ä","a":[1.0,null]}'


@given(json_values)
def test_equal_values_have_one_canonical_form(value: Any) -> None:
    assert canonical_json(value) == canonical_json(json.loads(json.dumps(value)))


def test_the_order_of_keys_does_not_change_the_identity() -> None:
    assert content_hash({"a": 1, "b": [2]}) == content_hash({"b": [2], "a": 1})
    assert content_hash({"a": 1}).startswith("b2-16:")
    assert len(content_hash({})) == len("b2-16:") + 32


def test_nan_has_no_canonical_form() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": math.nan})
