"""Breakpoints: which of their hits they stop at, and how they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from replay.errors import ReplayError
from replay.stepping.breakpoints import (
    Breakpoint,
    HitCounter,
    names_of,
    quoted,
    tool_condition,
)
from replay.stepping.conditions import Values
from replay.stepping.parsing import parse


class Numbered:
    def __init__(self, number: int) -> None:
        self.number = number

    def values_of(self, name: str) -> Values:
        return {"step": [self.number], "tool": ["a" if self.number % 2 else "b"]}.get(name, [])


def stops(*breakpoints: Breakpoint) -> dict[int, tuple[int, ...]]:
    counter = HitCounter(breakpoints)
    found = {number: counter.stops(Numbered(number)) for number in range(1, 13)}
    return {number: places for number, places in found.items() if places}


@pytest.mark.parametrize(
    ("hits", "numbers"),
    [
        ("", [1, 3, 5, 7, 9, 11]),
        ("2", [3]),
        (">=5", [9, 11]),
        ("%3", [5, 11]),
    ],
)
def test_a_breakpoint_stops_at_the_hits_it_names(hits: str, numbers: list[int]) -> None:
    assert list(stops(Breakpoint.of("tool == 'a'", hits=hits))) == numbers


def test_a_switched_off_breakpoint_stops_nowhere_and_keeps_its_place() -> None:
    off = Breakpoint.of("tool == 'a'", is_enabled=False)

    assert stops(off, Breakpoint.of("step == 4")) == {4: (1,)}
    assert names_of([off, Breakpoint.of("step == 4")]) == {"step"}


@pytest.mark.parametrize("text", ["0", "x", "> 3", "3,4", "%0", "-1"])
def test_what_names_no_hits_is_told(text: str) -> None:
    with pytest.raises(ReplayError, match="says no hits"):
        Breakpoint.of("step > 1", hits=text)


def test_a_breakpoint_is_kept_as_it_is() -> None:
    one = Breakpoint.of("payload.name == 'two  spaces'", hits=">= 3", is_enabled=False)

    assert Breakpoint.from_json(one.to_json()) == one
    assert one.to_json()["condition"] == "payload.name == 'two  spaces'"
    for kept in (
        {},
        {"condition": 3},
        {"condition": "nonsense ="},
        {"condition": "step", "hits": 3},
    ):
        with pytest.raises(ReplayError):
            Breakpoint.from_json(kept)


@pytest.mark.parametrize("name", ["book", "it's", 'a "b"', "back\\slash", "new\nline"])
def test_a_tools_name_is_quoted_so_that_it_is_read_back(name: str) -> None:
    class Named:
        def values_of(self, fact: str) -> list[Any]:
            return [name]

    assert parse(tool_condition(name)).holds(Named())
    assert not parse(f"tool == {quoted(name + 'x')}").holds(Named())
