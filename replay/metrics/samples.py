"""The calls of a scope one by one, as comparing needs them: their trace, outcome and duration."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from replay.metrics.cells import has_groups
from replay.metrics.scope import Scope

Key = tuple[str | None, ...]


@dataclass(slots=True)
class Sample:
    """Calls that are compared with others, in no order."""

    traces: array[int] = field(default_factory=lambda: array("q"))
    outcomes: list[str] = field(default_factory=list)
    timed_traces: array[int] = field(default_factory=lambda: array("q"))
    durations_ms: array[float] = field(default_factory=lambda: array("d"))
    """Of the calls that say how long they took, in the order of ``timed_traces``."""

    def add(self, trace: int, outcome: str, duration_ms: float | None) -> None:
        """Add one call."""
        self.traces.append(trace)
        self.outcomes.append(outcome)
        if duration_ms is not None and duration_ms >= 0:
            self.timed_traces.append(trace)
            self.durations_ms.append(duration_ms)


def read_samples(
    connection: sqlite3.Connection, scope: Scope, by: Sequence[str] = ("tool",)
) -> dict[Key, Sample]:
    """Return the calls of ``scope``, by ``tool``, ``version`` or ``model``."""
    found: dict[Key, Sample] = {}
    places = [("tool", "version", "model").index(one) for one in by]
    for *named, outcome, trace, duration in _calls(connection, scope):
        key = tuple(named[place] for place in places)
        found.setdefault(key, Sample()).add(trace, outcome or "unfinished", duration)
    return found


def read_timed(
    connection: sqlite3.Connection, scope: Scope, column: str = "c.key"
) -> Iterator[tuple[str, int, float]]:
    """Give tool, ``column`` and duration of every call of ``scope`` that says how long it took."""
    for tool, _, _, value, _, duration in _calls(connection, scope, fourth=column):
        if duration is not None and duration >= 0:
            yield tool, value, duration


def read_starts(
    connection: sqlite3.Connection, scope: Scope, *, before_us: int
) -> Iterator[tuple[str, int, float | None, bool]]:
    """Give tool, start and duration of calls, and whether each is in ``scope``.

    Beside the calls of the scope these are all others of its tools and traces, whoever made them,
    from ``before_us`` before its window on.
    """
    since = None if scope.since_us is None else scope.since_us - before_us
    wider = replace(scope, since_us=since, tool_versions=(), models=(), actors=())
    for actor, tool, version, model, started, _, duration in _rows(
        connection, wider, "c.started_us"
    ):
        if scope.tools and tool not in scope.tools:
            continue
        is_in = scope.since_us is None or started >= scope.since_us
        is_in = is_in and scope.covers(tool, version, model, actor or "assistant")
        is_timed = duration is not None and duration >= 0
        yield tool, started, duration if is_timed else None, is_in


def _calls(
    connection: sqlite3.Connection, scope: Scope, fourth: str = "outcome"
) -> Iterator[tuple[Any, ...]]:
    """Give tool, version, model, ``fourth``, trace and duration of each call of ``scope``."""
    for actor, *row in _rows(connection, scope, fourth):
        if scope.covers(row[0], row[1], row[2], actor or "assistant"):
            yield tuple(row)


def _rows(connection: sqlite3.Connection, scope: Scope, fourth: str) -> Iterator[tuple[Any, ...]]:
    """Give the actor, and what `_calls` gives, of every call in the window and the traces."""
    in_window, moments = scope.moments("c.started_us")
    in_traces, values = scope.traces("c.trace")
    where, rest = f"{in_window} AND {in_traces}", "1"
    queries = []
    if has_groups(connection):
        rest = "c.call_group IS NULL"
        queries.append(
            "SELECT g.actor, g.tool, g.tool_version, g.model, "
            f"{'g.outcome' if fourth == 'outcome' else fourth}, c.trace, c.duration_ms "
            "FROM call_groups g JOIN tool_call_rows c INDEXED BY tool_calls_by_group "
            f"ON c.call_group = g.key WHERE {where}"
        )
    queries.append(
        "SELECT c.actor, c.tool, c.tool_version, coalesce(s.response_model, s.model), "
        f"{'c.outcome' if fourth == 'outcome' else fourth}, c.trace, c.duration_ms "
        "FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        f"LEFT JOIN model_settings s ON s.key = m.settings WHERE {rest} AND {where}"
    )
    for query in queries:
        yield from connection.execute(query, [*moments, *values])
