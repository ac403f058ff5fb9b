"""Where the world differs after a call: both states themselves, not only their digests.

It is what tells one effect from another, so it is asked of every call whose verdict is an effect;
of calls that differ otherwise as well, for the first ones of a run: there it is an example to read.

States are large, so those of few calls are here at a time; what is kept of them is where they
differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from replay.records import CallVerdict, Change, JsonValue, ReplayedCall, Verdict
from replay.verdicts import diff_values
from replay.verdicts.signatures import identifying_paths, signature
from replay.verdicts.wording import cut_text
from replay.verdicts.worlds_apart import failing_there

_TRACES_MAX: Final = 30
_CALLS_MAX: Final = 3
"""Of one trace that are no effects, and of any before the size of their states is known."""
_CALLS_AT_ONCE_MAX: Final = 100
_CHARS_AT_ONCE: Final = 8 << 20
_CHANGES_MAX: Final = 20
_VALUE_CHARS_MAX: Final = 300


@dataclass(slots=True)
class StateDetails:
    """How many more traces of a run are looked at for calls that are no effects."""

    traces_left: int = _TRACES_MAX

    def of(self, verdicts: Iterable[CallVerdict]) -> list[str]:
        """Return the ids of the calls whose states are wanted."""
        differing = [one for one in verdicts if one.effect_changed]
        effects = [one for one in differing if one.verdict is Verdict.EFFECT_CHANGED]
        others = [one for one in differing if one.verdict is not Verdict.EFFECT_CHANGED]
        if others and self.traces_left > 0:
            self.traces_left -= 1
            effects += others[:_CALLS_MAX]
        return [one.tool_call_id for one in effects]


@dataclass(slots=True)
class StatePlaces:
    """Where the states of one trace's calls differ, looked at a few at a time."""

    left: list[str] | None = None
    """Calls that are still to be looked at; None: nobody has said which."""
    _at_once: int = _CALLS_MAX
    _changes: dict[str, tuple[list[Change], list[str]]] = field(default_factory=dict)

    def want(self, call_ids: Iterable[str]) -> None:
        """Have these calls looked at, but for those that were already."""
        self.left = [one for one in call_ids if one not in self._changes]

    def some(self) -> list[str]:
        """Return the next calls to look at; none when all were."""
        left = self.left or []
        some, self.left = left[: self._at_once], left[self._at_once :]
        return some

    def look_at(self, both: Iterable[tuple[ReplayedCall, ReplayedCall]]) -> None:
        """Take the old code's and today's replay of calls, each with the state after it.

        Today's ran on the state that the old code had left before the call: what differs is what
        this call did.
        """
        largest = 1
        for old, today in both:
            if old.state is None or today.state is None:
                continue
            changes = diff_values(old.state, today.state, "")
            shown = [_short(change) for change in changes[:_CHANGES_MAX]]
            self._changes[old.tool_call_id] = shown, identifying_paths(changes)
            largest = max(largest, len(json.dumps(old.state)))
        self._at_once = max(_CALLS_MAX, min(_CALLS_AT_ONCE_MAX, _CHARS_AT_ONCE // largest))

    def told(self, verdicts: Iterable[CallVerdict]) -> Iterator[CallVerdict]:
        """Return ``verdicts`` with where the states after their calls differ, where that is known.

        An effect is of another finding then.
        """
        for verdict in verdicts:
            found = self._changes.get(verdict.tool_call_id)
            if found is None or not verdict.effect_changed or failing_there(verdict) is not None:
                yield verdict
                continue
            placed = verdict.model_copy(update={"state_changes": found[0], "state_paths": found[1]})
            yield placed.model_copy(update={"signature": signature(placed)})


def states_differ(both: Iterable[tuple[ReplayedCall, ReplayedCall]]) -> dict[str, bool]:
    """Return, by call id, whether its two replays left different states; those that tell it."""
    found = {}
    for old, today in both:
        states = [one.result.state_hash if one.result else None for one in (old, today)]
        if None not in states:
            found[old.tool_call_id] = states[0] != states[1]
    return found


def _short(change: Change) -> Change:
    cut = {name: _cut(getattr(change, name)) for name in ("recorded", "replayed")}
    return change.model_copy(update=cut)


def _cut(value: JsonValue) -> JsonValue:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _VALUE_CHARS_MAX else cut_text(text, _VALUE_CHARS_MAX)
