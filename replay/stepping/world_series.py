"""The values of one watch over a recorded trace whose world is known."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from replay.records import ModelCall, ToolCall
from replay.stepping.conditions import Values
from replay.stepping.facts import StepFacts
from replay.stepping.watches import OnlyWorld, Series, Watch, series_of
from replay.stepping.worlds import WorldHistory


def world_series(
    steps: Sequence[ModelCall | ToolCall], history: WorldHistory, watch: Watch
) -> Series:
    """Return what ``watch`` shows at each of ``steps``; its places are those in ``steps``."""
    found: list[tuple[int, Values]] = []
    if watch.is_of_world:
        found.append((-1, _kept(watch.expression.values(OnlyWorld(history.values_at(0))))))
    for index, step in enumerate(steps):
        facts = StepFacts(step, world=history.values_at(step.step_number))
        found.append((index, _kept(watch.expression.values(facts))))
    return series_of(found, goes_away=watch.is_of_world)


def _kept(values: Values) -> Values:
    """The world is changed in place by the next step: what was seen of it is copied."""
    return copy.deepcopy(values)
