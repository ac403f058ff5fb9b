"""The world of a trace at every step: its start, and what each step changed.

Each change holds what was there before and what is there after, so that a state is had from the one
on either side of it: memory is what changed, not the states.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, TypeAlias

from replay.records import JsonObject, JsonValue
from replay.records.canonical import canonical_json
from replay.stepping.conditions import Values
from replay.verdicts.paths import PathPart, written


class _Nothing:
    """Where nothing stands; null is something."""

    def __repr__(self) -> str:
        return "nothing"

    def __deepcopy__(self, memo: object) -> _Nothing:
        return self


NOTHING: Final = _Nothing()
State: TypeAlias = JsonValue | _Nothing

_LIST_EDITS_MAX: Final = 16
"""A list of another length that differs at more places than these is told whole."""


@dataclass(frozen=True, slots=True)
class WorldChange:
    """One place of the world that a step changed."""

    parts: tuple[PathPart, ...]
    """The way to it; empty: the world itself."""
    before: State
    after: State

    @property
    def path(self) -> str:
        """The way to it, as conditions write it beneath ``world``."""
        return written(self.parts)

    def to_json(self) -> JsonObject:
        """Return it as plain JSON; a side where nothing stood is missing."""
        told: JsonObject = {"path": list(self.parts)}
        if not isinstance(self.before, _Nothing):
            told["before"] = self.before
        if not isinstance(self.after, _Nothing):
            told["after"] = self.after
        return told

    @classmethod
    def from_json(cls, told: JsonObject) -> WorldChange:
        """Return what `to_json` gave."""
        parts = tuple(told["path"])
        return cls(parts, told.get("before", NOTHING), told.get("after", NOTHING))


def changes_between(before: State, after: State) -> list[WorldChange]:
    """Return the changes that make ``after`` of ``before``, in the order to make them."""
    return list(_changes((), before, after))


def _changes(parts: tuple[PathPart, ...], one: State, other: State) -> Iterator[WorldChange]:
    if isinstance(one, dict) and isinstance(other, dict):
        if not _same(one, other):
            yield from _changed_members(parts, one, other)
    elif isinstance(one, list) and isinstance(other, list):
        if not _same(one, other):
            yield from _changed_items(parts, one, other)
    elif type(one) is not type(other) or one != other:
        yield WorldChange(parts, one, other)


def _changed_members(
    parts: tuple[PathPart, ...], one: JsonObject, other: JsonObject
) -> Iterator[WorldChange]:
    for key in one:
        if key not in other:
            yield WorldChange((*parts, key), one[key], NOTHING)
    for key, value in other.items():
        yield from _changes((*parts, key), one.get(key, NOTHING), value)


def _changed_items(
    parts: tuple[PathPart, ...], one: list[JsonValue], other: list[JsonValue]
) -> Iterator[WorldChange]:
    shared = min(len(one), len(other))
    edits = [
        change for at in range(shared) for change in _changes((*parts, at), one[at], other[at])
    ]
    if len(one) != len(other) and len(edits) > _LIST_EDITS_MAX:
        yield WorldChange(parts, one, other)
        return
    yield from edits
    for at in range(len(one) - 1, shared - 1, -1):
        yield WorldChange((*parts, at), one[at], NOTHING)
    for at in range(shared, len(other)):
        yield WorldChange((*parts, at), NOTHING, other[at])


def _same(one: JsonValue, other: JsonValue) -> bool:
    return one == other and canonical_json(one) == canonical_json(other)  # 1 is not true


@dataclass(frozen=True, slots=True)
class WorldStep:
    """What one tool call did to the world."""

    step_number: int
    tool: str
    changes: tuple[WorldChange, ...] | None
    """None: it is not known; ``note`` says why."""
    note: str | None = None

    def to_json(self) -> JsonObject:
        """Return it as plain JSON."""
        changes = None if self.changes is None else [one.to_json() for one in self.changes]
        told: JsonObject = {"step": self.step_number, "tool": self.tool, "changes": changes}
        return told if self.note is None else {**told, "note": self.note}

    @classmethod
    def from_json(cls, told: JsonObject) -> WorldStep:
        """Return what `to_json` gave."""
        changes = told["changes"]
        return cls(
            told["step"],
            told["tool"],
            None if changes is None else tuple(map(WorldChange.from_json, changes)),
            told.get("note"),
        )


class WorldHistory:
    """The world of one trace, from its start through its steps, and back."""

    def __init__(self, start: State, steps: Sequence[WorldStep] = ()) -> None:
        """``start``: before the first step. ``steps`` in the order in which they ended."""
        self.start = start
        self.steps = steps
        self._state: Any = copy.deepcopy(start)
        self._done = 0
        """How many of ``steps`` the state has behind it."""
        places = sorted((one.step_number, place) for place, one in enumerate(steps, 1))
        self._numbers = [number for number, _ in places]
        # Of calls that overlapped a later one may have ended first: what it did is in the state
        # of the earlier one too.
        self._places = list(accumulate((place for _, place in places), max))

    def at(self, step_number: int) -> State:
        """Return the state after step ``step_number`` and those before it; 0: the start.

        It is the history's own: look at it, and do not keep it.
        """
        index = bisect_right(self._numbers, step_number)
        wanted = self._places[index - 1] if index else 0
        while self._done < wanted:
            for change in self.steps[self._done].changes or ():
                self._state = _put(self._state, change.parts, change.after)
            self._done += 1
        while self._done > wanted:
            self._done -= 1
            for change in reversed(self.steps[self._done].changes or ()):
                self._state = _put(self._state, change.parts, change.before)
        return self._state

    def values_at(self, step_number: int) -> Values:
        """Return the state as a condition takes it: one value, or none."""
        state = self.at(step_number)
        return [] if isinstance(state, _Nothing) else [state]

    def copied(self) -> WorldHistory:
        """Return another one that goes its own way over the same steps: for another thread."""
        return WorldHistory(self.start, self.steps)

    def changes_at(self, step_number: int) -> tuple[WorldChange, ...] | None:
        """Return what step ``step_number`` changed; None: no step that is known."""
        return next((one.changes for one in self.steps if one.step_number == step_number), None)


def _put(state: Any, parts: tuple[PathPart, ...], value: State) -> Any:
    """Put ``value`` in its place, and return the state."""
    value = copy.deepcopy(value)  # what is put in may be changed by later steps
    if not parts:
        return value
    holder = state
    for part in parts[:-1]:
        holder = holder[part]
    last = parts[-1]
    if isinstance(value, _Nothing):
        del holder[last]
    elif isinstance(holder, list) and last == len(holder):
        holder.append(value)
    else:
        holder[last] = value
    return state
