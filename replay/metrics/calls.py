"""Metrics of tool calls: counts, outcomes and durations per tool, version, schema, model and time.

`read_calls` is the whole of it for most; who shows the same calls in several ways reads the cells
once (`replay.metrics.cells.read_cells`) and rolls them up as often as wanted.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal, TypeAlias

from replay.metrics.cells import UNDATED, Cell, Cells, read_cells
from replay.metrics.percentiles import SHOWN, percentile, shown_ms
from replay.metrics.scope import Scope
from replay.metrics.stretches import ascending_ms

Dimension: TypeAlias = Literal["tool", "version", "schema", "model", "actor", "time"]

DIMENSIONS: Final[tuple[Dimension, ...]] = (
    "tool",
    "version",
    "schema",
    "model",
    "actor",
    "time",
)

INVALID: Final = ("bad_json", "invalid_arguments")
"""Outcomes of arguments that are no JSON object, or that the tool's schema rejected."""

UNKNOWN: Final = "unknown_tool"

Name: TypeAlias = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """What is counted of the calls that share the dimensions of ``name``."""

    by: tuple[Dimension, ...]
    name: Name
    """The value in each dimension of ``by``; of ``time``: when its bucket starts, microseconds."""
    call_count: int
    outcome_counts: dict[str, int]
    """By outcome, the most frequent first."""
    timed_count: int
    """Calls whose recording says how long they took: the percentiles are of these."""
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    trend: tuple[int, ...]
    """Calls in each bucket of time; those without a time are in none."""
    not_ok_trend: tuple[int, ...]
    """Of these, calls that did not end well."""
    durations_ms: Sequence[float]
    """Every recorded duration, ascending; not to be changed. Empty where they were not wanted."""

    @property
    def ok_count(self) -> int:
        """Calls that were answered with a success."""
        return self.outcome_counts.get("ok", 0)

    @property
    def invalid_count(self) -> int:
        """Calls whose arguments were no JSON object, or did not pass the tool's gate."""
        return sum(self.outcome_counts.get(outcome, 0) for outcome in INVALID)

    @property
    def unknown_count(self) -> int:
        """Calls of tools that do not exist."""
        return self.outcome_counts.get(UNKNOWN, 0)

    def value(self, dimension: Dimension) -> str | int | None:
        """Return what these calls have in common; None: not recorded, or not in ``by``."""
        return self.name[self.by.index(dimension)] if dimension in self.by else None


def read_calls(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    by: Sequence[Dimension] = ("tool",),
    bucket_count: int = 24,
) -> list[CallMetrics]:
    """Return the metrics of the calls in ``scope``, by these dimensions: most calls first.

    ``connection`` is only read (`replay.store.database.connect_reading` makes one).
    """
    cells = read_cells(
        connection, scope or Scope(), bucket_count=bucket_count, with_schemas="schema" in by
    )
    return rolled_up(cells, by)


def rolled_up(
    cells: Cells, by: Sequence[Dimension] = ("tool",), *, with_durations: bool = True
) -> list[CallMetrics]:
    """Return cells that were read before as metrics by these dimensions: most calls first.

    With ``time`` in ``by``, rows are ordered by the others, then by time. Without
    ``with_durations`` nothing is sorted that the percentiles do without, and rows have none.
    """
    found: dict[Name, list[Cell]] = {}
    for cell in cells.cells:
        found.setdefault(_name(cell, cells, by), []).append(cell)
    rows = [
        _metrics(tuple(by), name, ones, cells.buckets.count, with_durations=with_durations)
        for name, ones in found.items()
    ]
    if "time" in by:
        at = list(by).index("time")
        return sorted(
            rows, key=lambda row: _ordered((*row.name[:at], *row.name[at + 1 :], row.name[at]))
        )
    return sorted(rows, key=lambda row: (-row.call_count, _ordered(row.name)))


def totals(cells: Cells) -> CallMetrics:
    """Return the metrics of all calls together; it has no durations."""
    return _metrics((), (), cells.cells, cells.buckets.count, with_durations=False)


def _name(cell: Cell, cells: Cells, by: Sequence[Dimension]) -> Name:
    group = cell.group
    values: dict[Dimension, str | int | None] = {
        "tool": group.tool,
        "version": group.tool_version,
        "schema": group.schema,
        "model": group.model,
        "actor": group.actor,
        "time": None
        if cell.bucket == UNDATED
        else cells.buckets.start_us + cell.bucket * cells.buckets.width_us,
    }
    return tuple(values[dimension] for dimension in by)


def _metrics(
    by: tuple[Dimension, ...],
    name: Name,
    cells: Sequence[Cell],
    bucket_count: int,
    *,
    with_durations: bool,
) -> CallMetrics:
    outcomes: Counter[str] = Counter()
    trend, not_ok = [0] * bucket_count, [0] * bucket_count
    for cell in cells:
        outcomes[cell.outcome] += cell.call_count
        if cell.bucket == UNDATED:
            continue
        trend[cell.bucket] += cell.call_count
        if cell.outcome != "ok":
            not_ok[cell.bucket] += cell.call_count
    stretches = [cell.durations_ns for cell in cells]
    durations_ms = ascending_ms(stretches) if with_durations else ()
    p50, p95, p99 = (
        [percentile(durations_ms, part) for part in SHOWN]
        if with_durations
        else shown_ms(_together(stretches))
    )
    return CallMetrics(
        by,
        name,
        sum(outcomes.values()),
        dict(outcomes.most_common()),
        sum(map(len, stretches)),
        p50,
        p95,
        p99,
        tuple(trend),
        tuple(not_ok),
        durations_ms,
    )


def _together(stretches: Sequence[Sequence[int]]) -> Sequence[int]:
    """Return all of them; where they are arrays, as one: a million numbers are 40 MB as objects."""
    if not all(isinstance(one, array) for one in stretches):
        return list(chain.from_iterable(stretches))
    found = array("q")
    for one in stretches:
        found.extend(one)
    return found


def _ordered(name: Name) -> tuple[tuple[bool, str | int], ...]:
    """Return a name that can be compared: what is not known comes last."""
    return tuple((value is None, 0 if value is None else value) for value in name)
