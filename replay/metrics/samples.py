"""The calls of a scope one by one, as comparing needs them: their trace, outcome and duration."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from typing import Any

from replay.metrics.cells import has_groups, has_ungrouped
from replay.metrics.scope import Scope
from replay.metrics.stretches import (
    NANOSECONDS,
    Trace,
    groups_of,
    in_turn,
    milliseconds,
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
    found: dict[Key, Sample] = {}
    places = [("tool", "version", "model").index(one) for one in by]

    def sample_of(*names: str | None) -> Sample:
        return found.setdefault(tuple(names[place] for place in places), Sample())

    if has_groups(connection):
        groups, traces = groups_of(connection, scope), trace_keys(connection, scope)
        tasks = [partial(read_traces, connection, row[0], scope, traces) for row in groups]
        for row, (of, nanoseconds) in zip(groups, in_turn(connection, tasks), strict=True):
            if of:
                sample = sample_of(row[1], row[2], row[4])
                sample.add_all(of, row[7] or "unfinished", nanoseconds)
    columns = "coalesce(c.outcome, 'unfinished'), c.trace, c.duration_ms"
    for tool, version, model, _, *call in _ungrouped(connection, scope, columns):
        sample_of(tool, version, model).add(call[1], call[0], call[2])
    return found


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
    """Give when calls started, and how long they took.

    Beside the calls of the scope these are all others of its tools and traces, whoever made them,
    from ``before_us`` before its window on.
    """
    since = None if scope.since_us is None else scope.since_us - before_us
    wider = replace(scope, since_us=since, tool_versions=(), models=(), actors=())
    if has_groups(connection):
        groups, traces = groups_of(connection, wider), trace_keys(connection, scope)
        tasks = [partial(read_started, connection, row[0], wider, traces) for row in groups]
        for row, (started, lasted) in zip(groups, in_turn(connection, tasks), strict=True):
            is_in = scope.covers(row[1], row[2], row[4], row[5] or "assistant")
            at = 0 if scope.since_us is None else bisect_left(started, scope.since_us)
            yield Starts(row[1], False, started[:at], lasted[:at])
            yield Starts(row[1], is_in, started[at:], lasted[at:])
    found: dict[tuple[str, bool], Starts] = {}
    for tool, version, model, actor, started, lasted in _ungrouped(
        connection, wider, f"c.started_us, {NANOSECONDS}"
    ):
        is_in = scope.since_us is None or started >= scope.since_us
        is_in = is_in and scope.covers(tool, version, model, actor)
        one = found.setdefault((tool, is_in), Starts(tool, is_in))
        one.started_us.append(started)
        one.nanoseconds.append(lasted)
    yield from found.values()


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
