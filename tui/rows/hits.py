"""Which steps of a trace breakpoints stop at, and the values of watches: meant for a thread."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from replay.stepping.breakpoints import Breakpoint, HitCounter
from replay.stepping.conditions import Values
from replay.stepping.watches import OnlyWorld, Series, Watch, series_of
from replay.stepping.worlds import WorldHistory
from tui.rows.database import Database
from tui.rows.step_facts import FactReader
from tui.rows.steps import StepList


class Interrupted(Exception):
    """Somebody no longer wants to know."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about the steps of a trace."""

    hits: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """By place in the list of steps: the breakpoints that stop there, by their own places."""
    series: tuple[Series, ...] = ()
    """Of each watch; of one on a world that is not known: an empty one."""


def look_through(
    database: Database,
    steps: StepList,
    breakpoints: Sequence[Breakpoint],
    watches: Sequence[Watch],
    world: WorldHistory | None,
    *,
    is_wanted: Callable[[], bool] = lambda: True,
) -> Found:
    """Return where ``breakpoints`` stop and what ``watches`` show, at all steps.

    ``world``: the states of the world, where a replay has told them; conditions on it hold nowhere
    without.

    Raises:
        Interrupted: ``is_wanted`` said no.
        StoreError: the database cannot be read.
    """
    reader = FactReader(database, steps)
    counter = HitCounter(breakpoints)
    seen: list[list[tuple[int, Values]]] = [
        [(-1, _kept(one, one.expression.values(OnlyWorld(world.values_at(0)))))]
        if world is not None and one.is_of_world
        else []
        for one in watches
    ]
    hits: dict[int, tuple[int, ...]] = {}
    for index, row in enumerate(steps.steps):
        if index % 64 == 0 and not is_wanted():
            raise Interrupted
        facts = reader.facts(index, [] if world is None else world.values_at(row.number))
        if stopping := counter.stops(facts):
            hits[index] = stopping
        for at, watch in enumerate(watches):
            if world is not None or not watch.is_of_world:
                seen[at].append((index, _kept(watch, watch.expression.values(facts))))
    series = [
        series_of(values, goes_away=watch.is_of_world)
        for watch, values in zip(watches, seen, strict=True)
    ]
    return Found(hits, tuple(series))


def _kept(watch: Watch, values: Values) -> Values:
    """The world is changed in place by the next step: what was seen of it is copied."""
    return copy.deepcopy(values) if watch.is_of_world else values
