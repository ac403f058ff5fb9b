"""Stretches of the index of calls: what the calls of one group say, as lists that SQLite makes.

A row that comes to Python as a tuple costs more than finding it. So a stretch comes as one text of
JSON, and durations in it as whole nanoseconds: these are written and read in a third of the time
that fractions take, and recorders know no less.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress
from typing import Any, Final, TypeAlias, TypeVar

import orjson

from replay.metrics.merging import merged
from replay.metrics.scope import Scope

T = TypeVar("T")

Trace: TypeAlias = int
"""The key of a trace's row."""

NANOSECONDS: Final = (
    "CASE WHEN c.duration_ms >= 0 THEN CAST(c.duration_ms * 1e6 + 0.5 AS INTEGER) END"
)
"""Of calls that say how long they took; null: where a clock was set back in between, what is said
is no duration."""

_AHEAD: Final = 2
"""Tasks that are done before they are asked for."""

_FROM: Final = (
    "FROM tool_call_rows c INDEXED BY tool_calls_by_group "
    "WHERE c.call_group = :group AND c.started_us >= :start + b.n * :width "
    "AND c.started_us < min(:until, :start + (b.n + 1) * :width)"
)
_SPANS: Final = (
    "WITH RECURSIVE b(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM b WHERE n + 1 < :count) "
    "SELECT '[' || group_concat((SELECT '[' || b.n || ',' || {listed} || ']' "
    f"{_FROM})) || ']' FROM b"
)
_COUNTED: Final = _SPANS.format(
    listed="count(*) || ',' || json_group_array(CAST(c.duration_ms * 1e6 + 0.5 AS INTEGER)) "
    "FILTER (WHERE c.duration_ms >= 0)"
)
_LISTED: Final = _SPANS.format(
    listed=f"json_group_array(c.trace) || ',' || json_group_array({NANOSECONDS})"
)

Spans: TypeAlias = "list[tuple[int, int, list[int]]]"
"""Of each span of time: its number, how many calls it has, their durations in nanoseconds."""


TracesOfCalls: TypeAlias = tuple[list[Trace], list[int | None]]
"""Of calls in one order: the trace of each, and its nanoseconds."""


def trace_keys(connection: sqlite3.Connection, scope: Scope) -> frozenset[Trace] | None:
    """Return the traces of a scope; None: every one. Asked once, not with every stretch."""
    if not scope.traces_sql:
        return None
    rows = connection.execute(
        f"SELECT r.key FROM trace_rows r WHERE {scope.traces_sql}", scope.traces_values
    )
    return frozenset(key for (key,) in rows)


def read_spans(
    connection: sqlite3.Connection,
    group: int,
    bounds: dict[str, int],
    traces: frozenset[Trace] | None = None,
) -> Spans:
    """Return what is counted of a group's calls in equal spans of time, in one question.

    ``bounds``: ``start``, ``width`` and ``count`` of the spans, and ``until``, where the last one
    ends. ``traces``: only calls of these.
    """
    values = {**bounds, "group": group}
    (text,) = connection.execute(_COUNTED if traces is None else _LISTED, values).fetchone()
    if traces is None:
        found: Spans = orjson.loads(text)
        return found
    return [
        (number, len(calls), [one for one in calls if one is not None])
        for number, of, durations in orjson.loads(text)
        if (calls := list(compress(durations, map(traces.__contains__, of))))
    ]


def read_traces(connection: sqlite3.Connection, group: int, scope: Scope) -> TracesOfCalls:
    """Return of each call of a group in the scope's window its trace, and its nanoseconds."""
    of, durations = _lists(connection, group, scope, "c.trace", NANOSECONDS)
    return of, durations


def of_traces(columns: TracesOfCalls, traces: frozenset[Trace] | None) -> TracesOfCalls:
    """Return what `read_traces` gave of these traces' calls; None: of all."""
    of, durations = columns
    if traces is None:
        return of, durations
    counts = list(map(traces.__contains__, of))
    return list(compress(of, counts)), list(compress(durations, counts))


def read_started(
    connection: sqlite3.Connection, group: int, scope: Scope, traces: frozenset[Trace] | None
) -> tuple[list[int], list[int | None]]:
    """Return of each call of a group in the window when it started, ascending, and nanoseconds."""
    if traces is None:
        started, durations = _lists(connection, group, scope, "c.started_us", NANOSECONDS)
        return started, durations
    columns = "c.started_us", NANOSECONDS, "c.trace"
    started, durations, of = _lists(connection, group, scope, *columns)
    counts = list(map(traces.__contains__, of))
    return list(compress(started, counts)), list(compress(durations, counts))


def read_keys(
    connection: sqlite3.Connection, group: int, scope: Scope, traces: frozenset[Trace] | None
) -> tuple[list[int], list[int]]:
    """Return the row and the nanoseconds of each call in the window that says how long it took."""
    columns = ("c.key", NANOSECONDS) if traces is None else ("c.key", NANOSECONDS, "c.trace")
    keys, durations, *of = _lists(connection, group, scope, *columns)
    counts = [one is not None for one in durations]
    if traces is not None:
        counts = [timed and trace in traces for timed, trace in zip(counts, of[0], strict=True)]
    return list(compress(keys, counts)), list(compress(durations, counts))


def _lists(
    connection: sqlite3.Connection, group: int, scope: Scope, *columns: str
) -> list[list[Any]]:
    """Return columns of a group's calls in the scope's window, in the order of the index."""
    in_window, moments = scope.moments("c.started_us")
    listed = ", ".join(f"json_group_array({column})" for column in columns)
    row = connection.execute(
        f"SELECT {listed} FROM tool_call_rows c INDEXED BY tool_calls_by_group "
        f"WHERE c.call_group = ? AND {in_window}",
        [group, *moments],
    ).fetchone()
    return list(map(orjson.loads, row))


def milliseconds(nanoseconds: Iterable[int]) -> Iterator[float]:
    """Give nanoseconds as milliseconds: each the nearest fraction, as a recorder wrote it."""
    return map((1e6).__rtruediv__, nanoseconds)


def ascending_ms(stretches: Iterable[Iterable[int]]) -> array[float]:
    """Return stretches of nanoseconds as milliseconds, ascending; never all as objects."""
    return merged(array("d", sorted(milliseconds(one))) for one in stretches)


def groups_of(connection: sqlite3.Connection, scope: Scope) -> list[tuple[Any, ...]]:
    """Return the groups of calls that a scope may have: key, names, outcome."""
    return [
        row
        for row in connection.execute(
            "SELECT key, tool, tool_version, schema_hash, model, actor, toolset, outcome "
            "FROM call_groups"
        )
        if scope.covers(row[1], row[2], row[4], row[5] or "assistant")
    ]


def in_turn(connection: sqlite3.Connection, tasks: Sequence[Callable[[], T]]) -> Iterator[T]:
    """Give what each task returns; in a thread, where the connection lets threads share it.

    SQLite then looks for the next one while what it found last is counted here.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            thread.submit(connection.execute, "SELECT 1").result()
        except sqlite3.ProgrammingError:
            yield from (task() for task in tasks)
            return
        waiting: deque[Future[T]] = deque()
        for task in tasks:
            waiting.append(thread.submit(task))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        for one in waiting:
            yield one.result()
