"""Calls counted into cells: what they have in common, how they ended, and when.

A cell keeps the duration of each of its calls, so that cells add up exactly: percentiles of a tool
over all models are those of its calls, not an average of percentiles.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from replay.metrics.scope import Scope
from replay.metrics.stretches import (
    NANOSECONDS,
    Spans,
    Trace,
    groups_of,
    in_turn,
    read_spans,
    trace_keys,
)

if TYPE_CHECKING:
    from replay.metrics.shown import ShownSchemas

BUCKETS_MAX: Final = 400
UNDATED: Final = -1
"""The bucket of calls of which nobody knows when they began: imported from files without times, and
stored as begun in 1970. In a trend that reaches back so far all else would be one mark."""


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
    durations_ns: Sequence[int]
    """Of the calls whose recording says one, in no order: whoever adds cells up sorts once."""


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


def read_cells(
    connection: sqlite3.Connection,
    scope: Scope,
    *,
    bucket_count: int = 1,
    with_schemas: bool = True,
    is_compact: bool = False,
) -> Cells:
    """Count the calls of ``scope`` into ``bucket_count`` equal spans of its time.

    Without a window the spans reach from the first call to the last. Reads an index alone where the
    file has one (a third of a second for a million calls); older files are read row by row (three).
    ``with_schemas``: say also what models were shown of tools, where nothing validated a call.
    ``is_compact``: durations take a fifth of the room, and are sorted once, for who rolls the cells
    up several times.
    """
    scope, buckets = _placed(connection, scope, max(1, min(bucket_count, BUCKETS_MAX)))
    cells = _counted(connection, scope, buckets, with_schemas=with_schemas)
    if is_compact:
        cells = (replace(one, durations_ns=array("q", sorted(one.durations_ns))) for one in cells)
    return Cells(list(cells), buckets)


def _placed(connection: sqlite3.Connection, scope: Scope, count: int) -> tuple[Scope, Buckets]:
    """Return ``scope`` with both ends of its window, and the window in ``count`` spans."""
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
    question = "SELECT min(started_us), max(started_us) FROM tool_call_rows WHERE started_us > 0"
    if has_groups(connection):  # the ends of each group's stretch of the index
        first, last = (
            "(SELECT started_us FROM tool_call_rows INDEXED BY tool_calls_by_group "
            f"WHERE call_group IS g.key AND started_us > 0 ORDER BY started_us{end} LIMIT 1)"
            for end in ("", " DESC")
        )
        question = (
            f"SELECT min(found.first), max(found.last) FROM (SELECT {first} AS first, "
            f"{last} AS last FROM (SELECT key FROM call_groups UNION ALL SELECT NULL) g) found"
        )
    row = connection.execute(question).fetchone()
    return (row[0], row[1]) if row[0] is not None else (0, 0)


def has_groups(connection: sqlite3.Connection) -> bool:
    """Return whether the file keeps each call's group, beside an index of them."""
    row = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = 'tool_calls_by_group'"
    ).fetchone()
    return row is not None


def has_ungrouped(connection: sqlite3.Connection) -> bool:
    """Return whether an older version wrote calls that nobody has grouped yet."""
    row = connection.execute(
        "SELECT 1 FROM tool_call_rows INDEXED BY tool_calls_by_group "
        "WHERE call_group IS NULL LIMIT 1"
    ).fetchone()
    return row is not None


def _counted(
    connection: sqlite3.Connection, scope: Scope, buckets: Buckets, *, with_schemas: bool
) -> Iterator[Cell]:
    """Give cells; two may have the same name, where the schemas of their prompts are one."""
    shown: ShownSchemas | None = None
    for (tool, version, validator, model, actor, toolset), outcome, spans in _read(
        connection, scope, buckets
    ):
        schema = validator
        if schema is None and toolset is not None and with_schemas:
            from replay.metrics.shown import ShownSchemas

            shown = shown or ShownSchemas(connection)
            schema = shown.schema_of(toolset, tool)
        group = CallGroup(tool, version, schema, model, actor or "assistant")
        for bucket, count, durations in spans:
            if count:
                yield Cell(group, outcome or "unfinished", bucket, count, durations)


_Row = tuple[tuple[Any, ...], str | None, Spans]
"""Group columns, outcome, and what is counted in spans of time."""


def _read(connection: sqlite3.Connection, scope: Scope, buckets: Buckets) -> Iterator[_Row]:
    if has_groups(connection):
        yield from _by_index(connection, scope, buckets)
        if not has_ungrouped(connection):
            return
    yield from _by_row(connection, scope, buckets)


def _by_index(connection: sqlite3.Connection, scope: Scope, buckets: Buckets) -> Iterator[_Row]:
    """Count group by group: each is one stretch of the index, and so is each span of time in it.

    SQLite counts the next group in a thread of its own while this one is told.
    """
    groups = groups_of(connection, scope)
    traces = trace_keys(connection, scope)
    tasks = [partial(_of_group, connection, scope, buckets, row[0], traces) for row in groups]
    for row, spans in zip(groups, in_turn(connection, tasks), strict=True):
        yield row[1:7], row[7], spans


def _of_group(
    connection: sqlite3.Connection,
    scope: Scope,
    buckets: Buckets,
    group: int,
    traces: frozenset[Trace] | None,
) -> Spans:
    assert scope.until_us is not None
    bounds = {
        "start": buckets.start_us,
        "width": buckets.width_us,
        "count": buckets.count,
        "until": scope.until_us,
    }
    spans = read_spans(connection, group, bounds, traces)
    if buckets.has_undated:
        bounds = {"start": 0, "width": 1, "count": 1, "until": 1}
        undated = read_spans(connection, group, bounds, traces)
        spans += [(UNDATED, count, durations) for _, count, durations in undated]
    return spans


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
        f"iif(c.started_us = 0 AND ? > 0, {UNDATED}, (c.started_us - ?) / ?), "
        f"count(*), json_group_array({NANOSECONDS}) FILTER (WHERE c.duration_ms >= 0) "
        "FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE {without} AND {in_window} AND {in_traces} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8",
        [buckets.start_us, buckets.start_us, buckets.width_us, *moments, *values],
    )
    for row in rows:
        if scope.covers(row[0], row[1], row[3], row[4] or "assistant"):
            yield row[:6], row[6], [(row[7], row[8], orjson.loads(row[9]))]
