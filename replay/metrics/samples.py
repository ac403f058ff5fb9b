"""The calls of a scope one by one, as comparing needs them: their trace, outcome and duration."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress, groupby
from typing import Any

from replay.metrics.cells import has_groups, has_ungrouped
from replay.metrics.scope import Scope
from replay.metrics.stretches import (
    NANOSECONDS,
    Trace,
    groups_of,
    in_turn,
    milliseconds,
    of_traces,
    read_keys,
    read_started,
    read_traces,
    trace_keys,
)

Key = tuple[str | None, ...]


@dataclass(slots=True)
class Sample:
    """Calls that are compared with others, in no order."""

    traces: list[Trace] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    timed_traces: list[Trace] = field(default_factory=list)
    durations_ms: list[float] = field(default_factory=list)
    """Of the calls that say how long they took, in the order of ``timed_traces``."""

    def add(self, trace: Trace, outcome: str, duration_ms: float | None) -> None:
        """Add one call."""
        self.traces.append(trace)
        self.outcomes.append(outcome)
        if duration_ms is not None and duration_ms >= 0:
            self.timed_traces.append(trace)
            self.durations_ms.append(duration_ms)

    def add_all(
        self, traces: Sequence[Trace], outcome: str, nanoseconds: Sequence[int | None]
    ) -> None:
        """Add calls that ended alike; None: a call does not say how long it took."""
        self.traces += traces
        self.outcomes += [outcome] * len(traces)
        timed = [one for one in nanoseconds if one is not None]
        is_timed = (one is not None for one in nanoseconds)
        self.timed_traces += traces if len(timed) == len(traces) else compress(traces, is_timed)
        self.durations_ms += milliseconds(timed)


def read_samples(
    connection: sqlite3.Connection, scope: Scope, by: Sequence[str] = ("tool",)
) -> dict[Key, Sample]:
    """Return the calls of ``scope``, by ``tool``, ``version`` or ``model``."""
    return read_sides(connection, [scope], by)[0]


def read_sides(
    connection: sqlite3.Connection, scopes: Sequence[Scope], by: Sequence[str] = ("tool",)
) -> list[dict[Key, Sample]]:
    """Return the calls of each scope; what several have of a group of calls is read once."""
    places = [("tool", "version", "model").index(one) for one in by]
    sides: list[dict[Key, Sample]] = [{} for _ in scopes]

    def sample_of(side: dict[Key, Sample], *names: str | None) -> Sample:
        return side.setdefault(tuple(names[place] for place in places), Sample())

    for numbers in _alike(scopes) if has_groups(connection) else ():
        traces = {number: trace_keys(connection, scopes[number]) for number in numbers}
        scope = scopes[numbers[0]]
        groups = groups_of(connection, scope)
        tasks = [partial(read_traces, connection, row[0], scope) for row in groups]
        for row, columns in zip(groups, in_turn(connection, tasks), strict=True):
            for number in numbers:
                of, nanoseconds = of_traces(columns, traces[number])
                if of:
                    sample = sample_of(sides[number], row[1], row[2], row[4])
                    sample.add_all(of, row[7] or "unfinished", nanoseconds)
    asked = "coalesce(c.outcome, 'unfinished'), c.trace, c.duration_ms"
    for side, scope in zip(sides, scopes, strict=True):
        for tool, version, model, _, *call in _ungrouped(connection, scope, asked):
            sample_of(side, tool, version, model).add(call[1], call[0], call[2])
    return sides


def _alike(scopes: Sequence[Scope]) -> list[list[int]]:
    """Return the places of scopes that differ in their traces alone, together."""
    found: dict[Scope, list[int]] = {}
    for number, scope in enumerate(scopes):
        found.setdefault(replace(scope, traces_sql="", traces_values=()), []).append(number)
    return list(found.values())


def read_timed(
    connection: sqlite3.Connection, scope: Scope, is_wanted: Callable[[str], bool]
) -> tuple[array[int], array[float]]:
    """Return the row, and the milliseconds, of each call that says them of the tools wanted."""
    keys, durations_ms = array("q"), array("d")
    if has_groups(connection):
        groups = [row for row in groups_of(connection, scope) if is_wanted(row[1])]
        traces = trace_keys(connection, scope)
        tasks = [partial(read_keys, connection, row[0], scope, traces) for row in groups]
        for of_group, nanoseconds in in_turn(connection, tasks):
            keys.extend(of_group)
            durations_ms.extend(milliseconds(nanoseconds))
    for tool, _, _, _, key, lasted in _ungrouped(connection, scope, "c.key, c.duration_ms"):
        if is_wanted(tool) and lasted is not None and lasted >= 0:
            keys.append(key)
            durations_ms.append(lasted)
    return keys, durations_ms


@dataclass(slots=True)
class Starts:
    """Calls of one tool that began one after the other, and are in the scope, or are not."""

    tool: str
    counts: bool
    """Whether they are in the scope."""
    started_us: list[int] = field(default_factory=list)
    nanoseconds: list[int | None] = field(default_factory=list)
    """Of each; None: it does not say how long it took."""


def read_starts(
    connection: sqlite3.Connection, scope: Scope, *, before_us: int
) -> Iterator[Starts]:
    """Give when calls started, and how long they took: one tool after the other.

    Beside the calls of the scope these are all others of its tools and traces, whoever made them,
    from ``before_us`` before its window on.
    """
    since = None if scope.since_us is None else scope.since_us - before_us
    wider = replace(scope, since_us=since, tool_versions=(), models=(), actors=())
    rest = _ungrouped_starts(connection, scope, wider)
    if has_groups(connection):
        groups, traces = groups_of(connection, wider), trace_keys(connection, scope)
        groups.sort(key=lambda row: (row[1], row[0]))
        tasks = [partial(read_started, connection, row[0], wider, traces) for row in groups]
        told = zip(groups, in_turn(connection, tasks), strict=True)
        for tool, of_tool in groupby(told, key=lambda one: one[0][1]):
            for row, (started, lasted) in of_tool:
                is_in = scope.covers(tool, row[2], row[4], row[5] or "assistant")
                at = 0 if scope.since_us is None else bisect_left(started, scope.since_us)
                yield Starts(tool, False, started[:at], lasted[:at])
                yield Starts(tool, is_in, started[at:], lasted[at:])
            yield from rest.pop(tool, ())
    for starts in rest.values():
        yield from starts


def _ungrouped_starts(
    connection: sqlite3.Connection, scope: Scope, wider: Scope
) -> dict[str, list[Starts]]:
    """Return by tool what an older version wrote: what is in the scope, and what is not."""
    found: dict[str, list[Starts]] = {}
    columns = f"c.started_us, {NANOSECONDS}"
    for tool, version, model, actor, started, lasted in _ungrouped(connection, wider, columns):
        is_in = scope.since_us is None or started >= scope.since_us
        is_in = is_in and scope.covers(tool, version, model, actor)
        both = found.setdefault(tool, [Starts(tool, False), Starts(tool, True)])
        both[is_in].started_us.append(started)
        both[is_in].nanoseconds.append(lasted)
    return found


def _ungrouped(
    connection: sqlite3.Connection, scope: Scope, columns: str
) -> Iterator[tuple[Any, ...]]:
    """Give tool, version, model, actor and ``columns`` of the scope's calls without a group.

    An older version wrote them: of a file of its format these are all.
    """
    if has_groups(connection) and not has_ungrouped(connection):
        return
    in_window, moments = scope.moments("c.started_us")
    in_traces, values = scope.traces("c.trace")
    without = "c.call_group IS NULL" if has_groups(connection) else "1"
    rows = connection.execute(
        "SELECT c.tool, c.tool_version, coalesce(s.response_model, s.model), "
        f"coalesce(c.actor, 'assistant'), {columns} FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE {without} AND {in_window} AND {in_traces}",
        [*moments, *values],
    )
    yield from (row for row in rows if scope.covers(*row[:4]))
