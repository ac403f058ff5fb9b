"""Watches: expressions whose values are shown at each step, and where they change."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from replay.errors import ReplayError
from replay.records import JsonObject
from replay.stepping.conditions import Condition, Values
from replay.stepping.parsing import parse


@dataclass(frozen=True, slots=True)
class Watch:
    """One expression, and whether going on stops where its value changes."""

    expression: Condition
    stops: bool = True

    @classmethod
    def of(cls, text: str, *, stops: bool = True) -> Self:
        """Return the watch on what ``text`` says.

        Raises:
            ConditionError: it says nothing.
        """
        return cls(parse(text), stops)

    @property
    def is_of_world(self) -> bool:
        """Whether the world's state has to be known."""
        return "world" in self.expression.names

    def changed(self, **fields: object) -> Watch:
        """Return it with other fields."""
        return replace(self, **fields)  # type: ignore[arg-type]  # of this very class

    def to_json(self) -> JsonObject:
        """Return it as it is kept."""
        return {"expression": self.expression.text, "stops": self.stops}

    @classmethod
    def from_json(cls, kept: JsonObject) -> Self:
        """Return what `to_json` gave.

        Raises:
            ReplayError: it is no watch of this version.
        """
        text = kept.get("expression")
        if not isinstance(text, str):
            raise ReplayError(f"{kept!r} is no watch.")
        return cls(parse(text, is_kept=True), kept.get("stops") is not False)


@dataclass(frozen=True, slots=True)
class OnlyWorld:
    """The facts of the start of a trace: its world, and no step."""

    world: Values

    def values_of(self, name: str) -> Values:
        """Return what ``name`` is there."""
        return self.world if name == "world" else []


@dataclass(frozen=True, slots=True)
class Series:
    """The values of a watch over a trace: one for each step at which it was another one."""

    indexes: tuple[int, ...]
    """Places in the list of steps, from 0; -1 is the start of the trace. The first one is where it
    is known first, the others are changes."""
    values: tuple[Values, ...]
    """What it was from there on; a path with ``*`` gives several."""

    def at(self, index: int) -> Values | None:
        """Return its value at a step; None: it is not known yet there."""
        place = bisect_right(self.indexes, index) - 1
        return None if place < 0 else self.values[place]

    def changed_last(self, index: int) -> int | None:
        """Return the place at or before ``index`` where it became what it is; None: never."""
        place = bisect_right(self.indexes, index) - 1
        return self.indexes[place] if place > 0 else None

    def before_change(self, index: int) -> Values | None:
        """Return what it was before it changed last; None: it did not."""
        place = bisect_right(self.indexes, index) - 1
        return self.values[place - 1] if place > 0 else None

    def next_change(self, index: int, direction: int) -> int | None:
        """Return the nearest place after (or before) ``index`` where it changes; None: none."""
        if direction > 0:
            place = max(1, bisect_right(self.indexes, index))
            return self.indexes[place] if place < len(self.indexes) else None
        place = bisect_left(self.indexes, index) - 1
        return self.indexes[place] if place > 0 else None


def series_of(values: Iterable[tuple[int, Values]], *, goes_away: bool = False) -> Series:
    """Return the series of values by place, in order.

    ``goes_away``: a place without any value says that it is gone, as in a world; else it says
    nothing, as a step without a response says nothing of the response.
    """
    indexes: list[int] = []
    kept: list[Values] = []
    for index, found in values:
        if not found and not goes_away:
            continue
        if not kept or not _same(found, kept[-1]):
            indexes.append(index)
            kept.append(found)
    return Series(tuple(indexes), tuple(kept))


def _same(one: Values, other: Values) -> bool:
    """Equal as JSON: ``1`` is not ``true``."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
