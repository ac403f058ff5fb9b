"""Fields that are called otherwise now: how likely each pair is, and which pairs are certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from replay.compatibility.suggesting.edits import SURE_FROM, Edit, Here, text
from replay.compatibility.suggesting.fields import Field
from replay.compatibility.suggesting.names import (
    are_opposites,
    name_likeness,
    says_enough,
    text_likeness,
)
from replay.records import JsonValue

_CANDIDATE_FROM: Final = 0.3
_AHEAD: Final = 0.15
"""So much more likely than the next best a pair must be, both ways."""
_VALUES_MIN: Final = 3

Values = Mapping[str, Sequence[JsonValue]]
"""Captured values by field."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An old field that may be called like a new one now."""

    old: Field
    new: Field
    confidence: float
    why: str

    @property
    def is_sure(self) -> bool:
        """Whether its own likeness is enough."""
        return self.confidence >= SURE_FROM


def pairs_of(
    removed: Sequence[Field], added: Sequence[Field], before: Values, after: Values
) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs that are certain, and all others that are possible, the likeliest first."""
    found = [
        pair
        for old in removed
        for new in added
        if (pair := _pair(old, new, before.get(old.name, ()), after.get(new.name, ()))) is not None
    ]
    found.sort(key=lambda pair: -pair.confidence)
    sure = [pair for pair in found if pair.is_sure and _is_ahead(pair, found)]
    olds = {pair.old.name for pair in sure}
    news = {pair.new.name for pair in sure}
    rest = [pair for pair in found if pair.old.name not in olds and pair.new.name not in news]
    return sure, rest


def renamed(here: Here, pair: Pair) -> Edit:
    """Return the edit that a certain pair stands for."""
    old, new = pair.old.name, pair.new.name
    code = [f"if {here.has(old)}:", f"    {here.item(new)} = {here.variable}.pop({text(old)})"]
    said = f"was {old} ({pair.why})"
    return Edit("rename", here.at(new), said, code, confidence=pair.confidence)


def _is_ahead(pair: Pair, pairs: Sequence[Pair]) -> bool:
    rivals = [
        one.confidence
        for one in pairs
        if one is not pair and (one.old is pair.old or one.new is pair.new)
    ]
    return pair.confidence - max(rivals, default=0.0) >= _AHEAD


def _pair(
    old: Field, new: Field, before: Sequence[JsonValue], after: Sequence[JsonValue]
) -> Pair | None:
    kinds = _kind_likeness(old, new)
    if kinds == 0:
        return None
    if are_opposites(old.words, new.words):
        return None
    named = name_likeness(old.words, new.words)
    described = text_likeness(old.description, new.description)
    confidence, why = _confidence(old, new, named, described, kinds)
    shared = _shared_values(old, new, before, after)
    # Two fields of airports share their values, too: something else must say that they are one.
    is_backed = named >= 0.3 or (described or 0.0) >= 0.5
    if shared is not None and shared >= 0.8 and kinds == 1 and is_backed:
        confidence, why = max(confidence, 0.9), f"{why}, and the same values in both"
    if confidence < _CANDIDATE_FROM:
        return None
    return Pair(old, new, min(confidence, 1.0), why)


def _confidence(
    old: Field, new: Field, named: float, described: float | None, kinds: float
) -> tuple[float, str]:
    """Weigh what the schemas say; type and being required only ever lower it."""
    said = 0.0 if described is None else described
    if named >= 1.0:
        return 1.0 * kinds, "the same words"
    if named >= 0.95 and kinds == 1:
        return 0.95, "the same words, one written out or in another number"
    if named >= 0.95 and new.items is not None and old.kinds <= (new.items.kinds or old.kinds):
        return 0.9, "the same words, and a list of them now"
    is_told = named >= 0.3 or says_enough(old.description)
    if said >= 0.9 and kinds == 1 and is_told:
        return 0.92, "the same description"
    if named >= 0.6 and said >= 0.8 and kinds == 1 and old.is_required == new.is_required:
        return 0.88, "a like name, a like description"
    if _same_choices(old, new):
        return 0.9, "the same list of values"
    confidence = (0.5 * named + 0.25 * said + 0.15) * kinds
    if old.is_required and new.is_required:
        confidence += 0.1
    reasons = ["a like name"] if named >= 0.3 else []
    reasons += ["a like description"] if said >= 0.3 else []
    reasons += ["the same type"] if kinds == 1 else []
    reasons += ["both required"] if old.is_required and new.is_required else []
    return min(confidence, 0.8), ", ".join(reasons)


def _kind_likeness(old: Field, new: Field) -> float:
    """1: all that one takes is of the other's type; 0: the two have nothing in common."""
    if not old.kinds or not new.kinds:
        return 0.9
    if old.kinds <= new.kinds:
        return 1.0
    if old.kinds & new.kinds:
        return 0.9
    inside = new.items or old.items
    if inside is not None and inside.kinds & (old.kinds | new.kinds):
        return 0.9
    is_text = "string" in old.kinds or "string" in new.kinds
    is_object = {"object", "array"} & (old.kinds | new.kinds)
    return 0.9 if is_text and not is_object else 0.0


def _same_choices(old: Field, new: Field) -> bool:
    mine, theirs = old.choices, new.choices
    if mine is None or theirs is None or len(mine) < 2:
        return False
    return sorted(map(text, mine)) == sorted(map(text, theirs))


def _shared_values(
    old: Field, new: Field, before: Sequence[JsonValue], after: Sequence[JsonValue]
) -> float | None:
    """Return how many of the fewer distinct captured texts both have; None: too few to tell."""
    mine = {value for value in before if isinstance(value, str) and len(value) > 1}
    theirs = {value for value in after if isinstance(value, str) and len(value) > 1}
    fewest = min(len(mine), len(theirs))
    if fewest < _VALUES_MIN or old.choices is not None or new.choices is not None:
        return None
    return len(mine & theirs) / fewest
