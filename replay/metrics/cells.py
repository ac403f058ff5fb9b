"""Calls counted into cells: what they have in common, how they ended, and when.

A cell keeps the duration of each of its calls, so that cells add up exactly: percentiles of a tool
over all models are those of its calls, not an average of percentiles.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import orjson

from replay.metrics.scope import Scope
from replay.metrics.shown import ShownSchemas

BUCKETS_MAX: Final = 400
UNDATED: Final = -1
"""The bucket of calls of which nobody knows when they began: imported from files without times, and
stored as begun in 1970. In a trend that reaches back so far all else would be one mark."""
_AHEAD: Final = 2
"""Groups that are counted before they are asked for."""


@dataclass(frozen=True, slots=True)
class CallGroup:
    """What the calls of a cell have in common."""

    tool: str
    tool_version: str | None
    schema: str | None
    """The id of the schema that validated them, else of the one that the model was shown; None: the
    recording does not say."""
    model: str | None
    """The model that answered, else the one that was asked; None: not known, or no model's call."""
    actor: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Calls of one group, one outcome and one time bucket."""

    group: CallGroup
    outcome: str
    bucket: int
    """From 0; `UNDATED`: in no span of time."""
    call_count: int
    durations_ms: array[float]
    """Of the calls whose recording says one, ascending."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Equal spans of time, one after the other."""

    start_us: int
    width_us: int
    count: int
    has_undated: bool = False
    """Whether calls without a time are counted too, beside the spans."""

    def edges(self) -> Iterator[tuple[int, int]]:
        """Give start and end (not included) of each."""
        for number in range(self.count):
            start = self.start_us + number * self.width_us
            yield start, start + self.width_us


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of a scope."""

    cells: list[Cell]
    buckets: Buckets


def read_cells(connection: sqlite3.Connection, scope: Scope, *, bucket_count: int = 1) -> Cells:
    """Count the calls of ``scope`` into ``bucket_count`` equal spans of its time.

    Without a window the spans reach from the first call to the last. Reads an index alone where the
    file has one (half a second for a million calls); older files are read row by row (three).
    """
    scope, buckets = _placed(connection, scope, max(1, min(bucket_count, BUCKETS_MAX)))
    shown = ShownSchemas(connection)
    cells = [
        Cell(group, outcome, bucket, count, durations)
        for (group, outcome, bucket), (count, durations) in _counted(
            connection, scope, buckets, shown
        ).items()
    ]
    return Cells(cells, buckets)


def _placed(connection: sqlite3.Connection, scope: Scope, count: int) -> tuple[Scope, Buckets]:
    """Return ``scope`` with both ends of its window, and the window in ``count`` spans."""
    from dataclasses import replace

    since, until = scope.since_us, scope.until_us
    first, last = (0, 0) if None not in (since, until) else first_and_last(connection)
    has_undated = since is None and first > 0
    since = first if since is None else since
    until = last + 1 if until is None else until
    width = max(1, -(-(until - since) // count))
    buckets = Buckets(since, width, count, has_undated)
    return replace(scope, since_us=since, until_us=until), buckets


def first_and_last(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return when the first and the last dated call started; zeros where there is none."""
    if not has_groups(connection):
        row = connection.execute(
            "SELECT min(started_us), max(started_us) FROM tool_call_rows WHERE started_us > 0"
        ).fetchone()
        return (row[0], row[1]) if row[0] is not None else (0, 0)
    keys = [None, *(row[0] for row in connection.execute("SELECT key FROM call_groups"))]
    found: list[int] = []
    for key in keys:  # the ends of each group's stretch of the index
        for end in ("", " DESC"):
            row = connection.execute(
                "SELECT started_us FROM tool_call_rows INDEXED BY tool_calls_by_group "
                f"WHERE call_group IS ? AND started_us > 0 ORDER BY started_us{end} LIMIT 1",
                (key,),
            ).fetchone()
            found += row or ()
    return (min(found), max(found)) if found else (0, 0)


def has_groups(connection: sqlite3.Connection) -> bool:
    """Return whether the file keeps each call's group, beside an index of them."""
    row = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'tool_calls_by_group'"
    ).fetchone()
    return row is not None


_Counts: TypeAlias = "dict[tuple[CallGroup, str, int], tuple[int, array[float]]]"


def _counted(
    connection: sqlite3.Connection, scope: Scope, buckets: Buckets, shown: ShownSchemas
) -> _Counts:
    found: _Counts = {}
    rows: Iterable[_Row] = _by_row(connection, scope, buckets)
    if has_groups(connection):
        has_rest = connection.execute(
            "SELECT 1 FROM tool_call_rows INDEXED BY tool_calls_by_group "
            "WHERE call_group IS NULL LIMIT 1"
        ).fetchone()
        if has_rest is None:
            rows = _by_index(connection, scope, buckets)
        else:
            rows = [*_by_index(connection, scope, buckets), *rows]
    for (tool, version, validator, model, actor, toolset), outcome, bucket, count, texts in rows:
        if not scope.covers(tool, version, model, actor or "assistant"):
            continue
        schema = validator if validator is not None else shown.schema_of(toolset, tool)
        group = CallGroup(tool, version, schema, model, actor or "assistant")
        name = (group, outcome or "unfinished", bucket)
        before, durations = found.get(name, (0, ()))
        found[name] = (before + count, array("d", sorted([*durations, *orjson.loads(texts)])))
    return found


_Row = tuple[tuple[Any, ...], str, int, int, str]
"""Group columns, outcome, bucket, count, durations as a JSON list."""

_Counted = list[tuple[int, int, str]]
"""Of one group: bucket, count, durations."""

_DURATIONS: Final = "json_group_array(c.duration_ms) FILTER (WHERE c.duration_ms >= 0)"
"""Of calls that say one: where a clock was set back in between, what is said is no duration."""


def _by_index(connection: sqlite3.Connection, scope: Scope, buckets: Buckets) -> Iterator[_Row]:
    """Count group by group and span by span: each is one stretch of the index.

    SQLite counts the next group in a thread of its own while this one sorts the last.
    """
    groups = [
        row
        for row in connection.execute(
            "SELECT key, tool, tool_version, schema_hash, model, actor, toolset, outcome "
            "FROM call_groups"
        )
        if scope.covers(row[1], row[2], row[4], row[5] or "assistant")
    ]
    tasks = [partial(_of_group, connection, scope, buckets, row[0]) for row in groups]
    for row, counted in zip(groups, _in_turn(connection, tasks), strict=True):
        for number, count, durations in counted:
            yield row[1:7], row[7], number, count, durations


def _in_turn(
    connection: sqlite3.Connection, tasks: Sequence[Callable[[], _Counted]]
) -> Iterator[_Counted]:
    """Give what each task returns; in a thread, where the connection lets threads share it."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        try:
            thread.submit(connection.execute, "SELECT 1").result()
        except sqlite3.ProgrammingError:
            yield from (task() for task in tasks)
            return
        waiting: deque[Future[_Counted]] = deque()
        for task in tasks:
            waiting.append(thread.submit(task))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        for one in waiting:
            yield one.result()


def _of_group(
    connection: sqlite3.Connection, scope: Scope, buckets: Buckets, group: int
) -> _Counted:
    """Return bucket, count and durations of a group's calls."""
    in_traces, values = scope.traces("c.trace")
    statement = (
        f"SELECT count(*), {_DURATIONS} FROM tool_call_rows c INDEXED BY tool_calls_by_group "
        f"WHERE c.call_group = ? AND c.started_us >= ? AND c.started_us < ? AND {in_traces}"
    )
    assert scope.until_us is not None
    found = []
    stretches = list(enumerate(buckets.edges()))
    if buckets.has_undated:
        stretches.append((UNDATED, (0, 1)))
    for number, (start, end) in stretches:
        bounds = [group, start, min(end, scope.until_us)]
        count, durations = connection.execute(statement, [*bounds, *values]).fetchone()
        if count:
            found.append((number, count, durations))
    return found


def _by_row(connection: sqlite3.Connection, scope: Scope, buckets: Buckets) -> Iterator[_Row]:
    """Count calls that have no group: of a file that an older version wrote."""
    in_window, moments = scope.moments("c.started_us")
    in_traces, values = scope.traces("c.trace")
    without = "c.call_group IS NULL" if has_groups(connection) else "1"
    if buckets.has_undated:
        in_window = f"(c.started_us = 0 OR {in_window})"
    rows = connection.execute(
        "SELECT c.tool, c.tool_version, c.schema_hash, coalesce(s.response_model, s.model), "
        "c.actor, s.toolset, c.outcome, "
        f"iif(c.started_us = 0 AND ?1 > 0, {UNDATED}, (c.started_us - ?1) / ?2), "
        f"count(*), {_DURATIONS} "
        "FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE {without} AND {in_window} AND {in_traces} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
        [buckets.start_us, buckets.width_us, *moments, *values],
    )
    for row in rows:
        yield row[:6], row[6], row[7], row[8], row[9]
