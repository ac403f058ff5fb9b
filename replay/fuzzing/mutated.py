"""What a mutation starts from, and what it makes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from replay.fuzzing.places import Spot, put, spots
from replay.records import JsonObject, JsonValue

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mutated:
    """What a mutation made."""

    said: str
    values: Any = None
    text: str | None = None
    """As text, where no value can say it: a key that occurs twice, NaN, half an object."""

    @property
    def arguments(self) -> str:
        """The raw text of a model that wrote this; always ASCII."""
        return json.dumps(self.values) if self.text is None else self.text


@dataclass(frozen=True, slots=True)
class Setting:
    """What a mutation may draw on."""

    rng: random.Random
    schema: JsonObject
    values: JsonObject
    others: Sequence[JsonObject]
    """Other captured payloads of the tool."""
    turn: int = 0
    """How often each kind of change has had its turn: lists are gone through from the start."""

    def in_turn(self, ones: Sequence[T]) -> T:
        """Return the next of ``ones``: also a short run comes to those that stand first."""
        return ones[self.turn % len(ones)]

    def spots(self, *kinds: type) -> list[Spot]:
        """Return the places beneath the root whose value is of one of ``kinds``; none: all."""
        found = [spot for spot in spots(self.schema, self.values) if spot.path]
        return [spot for spot in found if not kinds or type(spot.value) in kinds]

    def put(self, spot: Spot, value: JsonValue, said: str) -> Mutated:
        """Return the payload with ``value`` at ``spot``."""
        return Mutated(f"{spot.name}: {said}", put(self.values, spot.path, value))
