"""JSON without some of its members: the same as decoded, and taken out."""

from __future__ import annotations

import json
import random
from typing import Any

import orjson
import pytest

from replay.store.json_cutting import (
    EACH,
    NotCutError,
    member_span,
    member_spans,
    without_members,
)

_KEYS = ["payload", "a", 'quo"te', "back\\slash", "{", "]", "ünï", "$content", ""]
_TEXTS = ['"', "\\", "}{", "][", ',"payload":', '\\"', "\n", "é", "", "plain"]


def _value(draw: random.Random, depth: int) -> Any:
    kind = draw.randrange(8) if depth else draw.randrange(5)
    if kind < 2:
        return "".join(draw.choices(_TEXTS, k=draw.randrange(4)))
    if kind < 5:
        return draw.choice([None, True, False, 0, -1.5e-7, 2**53])
    if kind == 5:
        return [_value(draw, depth - 1) for _ in range(draw.randrange(4))]
    keys = draw.sample(_KEYS, k=draw.randrange(len(_KEYS)))
    return {key: _value(draw, depth - 1) for key in keys}


def _taken_out(value: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return None
    first, *rest = path
    if isinstance(value, dict) and first in value:
        return {**value, first: _taken_out(value[first], tuple(rest))}
    if isinstance(value, list):
        return [
            _taken_out(item, tuple(rest)) if first in (EACH, str(at)) else item
            for at, item in enumerate(value)
        ]
    return value


@pytest.mark.parametrize("indent", [None, 2])
def test_what_is_cut_out_is_null_and_all_else_as_it_was(indent: int | None) -> None:
    draw = random.Random(7)
    for _ in range(400):
        value = {"steps": [_value(draw, 4) for _ in range(3)], "payload": _value(draw, 4)}
        path = ("steps", draw.choice([EACH, "1"]), draw.choice(["payload", "a", "ünï"]))
        body = json.dumps(value, indent=indent, ensure_ascii=indent is None).encode()

        cut = without_members(body, [path, ("payload", "{")])

        wanted = _taken_out(_taken_out(value, path), ("payload", "{"))
        assert json.loads(cut) == wanted, body


def test_a_part_is_found_by_its_place_and_so_is_what_holds_it() -> None:
    value = {"a": 1, "steps": [{"x": "[{"}, {"x": [1, {"y": "}"}]}]}
    body = orjson.dumps(value)

    spans = member_spans(body, [("steps", EACH), ("steps", EACH, "x"), ("nothing",)])
    span = member_span(memoryview(body), ("steps", "1", "x"))

    assert {place: orjson.loads(body[slice(*span)]) for place, span in spans.items()} == {
        ("steps", "0"): {"x": "[{"},
        ("steps", "0", "x"): "[{",
        ("steps", "1"): {"x": [1, {"y": "}"}]},
        ("steps", "1", "x"): [1, {"y": "}"}],
    }
    assert span == spans["steps", "1", "x"]
    assert member_span(body, ("steps", "2")) is None
    assert member_span(body, ("a", "b")) is None


def test_a_big_value_that_comes_again_is_known_again_and_a_longer_one_is_not() -> None:
    big = [{"text": "]" * 100, "at": at} for at in range(1_000)]
    value = {"one": {"a": big}, "two": {"a": big}, "three": {"a": [*big, {}]}, "four": {"a": []}}
    body = orjson.dumps(value)

    spans = member_spans(body, [(name, "a") for name in value])

    assert {place[0]: orjson.loads(body[slice(*span)]) for place, span in spans.items()} == {
        name: one["a"] for name, one in value.items()
    }


@pytest.mark.parametrize("body", [b"", b"{", b'{"a"', b'{"a":', b'{"a":[1', b'{"a":"x', b"{1:2}"])
def test_what_ends_too_soon_is_refused(body: bytes) -> None:
    with pytest.raises(NotCutError):
        without_members(body, [("a", "b")])
