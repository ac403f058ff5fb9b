"""Cases from captured payloads: every kind of change, always the same, limits first."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from replay.fuzzing.boundaries import counts_around, numbers_around
from replay.fuzzing.captured import Captured
from replay.fuzzing.cases import Case, cases_of
from replay.fuzzing.from_schema import payloads_from
from replay.fuzzing.mutated import Setting
from replay.fuzzing.mutations import MUTATIONS, Mutation
from replay.fuzzing.shrinking import simpler, smaller, what_differs
from replay.records import JsonObject
from replay.replayer.jobs import CallOrder
from replay.replayer.questions.asking import DescribedTool
from replay.tools import schema_errors

BOOKING: JsonObject = {
    "type": "object",
    "properties": {
        "guest": {"$ref": "#/$defs/Guest"},
        "nights": {"type": "integer", "minimum": 1, "maximum": 30},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "board": {"enum": ["none", "half", "full"]},
        "extras": {"type": "array", "items": {"type": "string", "minLength": 2}, "maxItems": 3},
        "late": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None},
        "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
    },
    "required": ["guest", "nights"],
    "additionalProperties": False,
    "$defs": {
        "Guest": {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 40}, "age": {"type": "integer"}},
            "required": ["name"],
        }
    },
}
PAYLOADS: list[JsonObject] = [
    {"guest": {"name": "Ann", "age": 30}, "nights": 2, "price": 80.5, "board": "half"},
    {"guest": {"name": "Bo"}, "nights": 7, "extras": ["sauna", "bike"], "late": True},
]


def described(schema: JsonObject) -> DescribedTool:
    """A tool of ``schema`` as its worker describes it."""
    return DescribedTool(
        name="book",
        version=None,
        actor="assistant",
        description="",
        parameters=schema,
        result=None,
        shown={},
        not_shown={},
        schema_hash="",
        gates=True,
        strict=True,
        is_given=False,
        file=None,
        line=None,
        runs=True,
    )


def captured() -> list[Captured]:
    """The payloads as captured calls."""
    return [
        Captured(
            "book", values, "t1", number, None, None, False, CallOrder({"id": f"c{number}"}, 0)
        )
        for number, values in enumerate(PAYLOADS, start=1)
    ]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_kind_of_change_makes_another_payload(mutation: Mutation) -> None:
    made = [
        mutation(Setting(random.Random(seed), BOOKING, PAYLOADS[seed % 2], PAYLOADS, seed))
        for seed in range(40)
    ]

    texts = {one.arguments for one in made if one is not None}
    assert len(texts - {json.dumps(one) for one in PAYLOADS}) > 3
    assert all(text.isascii() for text in texts)


def test_the_same_seed_makes_the_same_cases_and_another_seed_others() -> None:
    def made(seed: int) -> list[str]:
        return [case.arguments for case in cases_of(described(BOOKING), captured(), 60, seed)]

    assert made(1) == made(1)
    assert made(1) != made(2)
    assert len(set(made(1))) == 60


def test_cases_are_valid_and_invalid_by_the_schema() -> None:
    cases = cases_of(described(BOOKING), captured(), 200, 0)
    values = [case.values for case in cases if case.values is not None]

    valid = sum(not schema_errors(BOOKING, one) for one in values)
    assert 40 < valid < len(values) - 40


def test_limits_of_the_schema_come_before_those_of_machines() -> None:
    assert numbers_around([{"minimum": 1, "maximum": 30}], 2)[:6] == [1, 30, 0, 2, 29, 31]
    assert counts_around([{"maxLength": 40}], "Length") == [40, 39, 41]
    assert counts_around([], "Items") == [0, 1, 2, 100]


def test_payloads_from_the_schema_fit_it_and_come_again_with_the_seed() -> None:
    made = payloads_from(BOOKING, 30, "seed")

    assert len(made) >= 20
    assert [schema_errors(BOOKING, one) for one in made] == [[]] * len(made)
    assert payloads_from(BOOKING, 30, "seed") == made


@pytest.mark.parametrize(
    ("value", "holds", "smallest"),
    [
        (2_000_000, lambda one: one > 1000, 1001),
        (-7, lambda one: one < 0, -1),
        ("a" * 30_000, lambda one: len(one) > 500, "a" * 501),
    ],
)
def test_a_limit_is_found_exactly_in_few_tries(value: Any, holds: Any, smallest: Any) -> None:
    tried = 0
    while True:
        for one in simpler(value):
            tried += 1
            if holds(one):
                value = one
                break
        else:
            break

    assert value == smallest
    assert tried < 200


def test_smaller_cases_go_towards_the_captured_payload_first() -> None:
    base = captured()[0]
    values = {**base.values, "nights": 30, "board": "full", "extra": 1}
    case = Case("book", json.dumps(values), "", base)

    first, second, third, *_ = smaller(case)

    assert first == {**base.values, "nights": 30}
    assert second == {**base.values, "board": "full"}
    assert third == {**base.values, "extra": 1}
    assert what_differs(case) == 'nights is 30; board is "full"; extra added 1'
