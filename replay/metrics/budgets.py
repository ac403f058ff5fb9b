"""Latency budgets: what was promised, what was measured, and which steps broke it.

A budget is of a tool (``*`` globs), of a component of all tools, of both (``search:network``), or
of whole traces. The name decides: ``trace`` and the components are reserved words.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from heapq import nlargest
from itertools import islice
from typing import Final, Literal, TypeAlias

from replay.metrics.components import CALLS_MAX, COMPONENTS, CallParts, read_parts
from replay.metrics.intervals import Interval, percentile_interval, z_of
from replay.metrics.merging import merged
from replay.metrics.scope import Scope

EXAMPLES_MAX: Final = 5

MEASURES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Kind: TypeAlias = Literal["tool", "component", "model", "trace"]


_Table: TypeAlias = Literal["tool_call_rows", "model_call_rows", "trace_rows"]

_Duration: TypeAlias = tuple[float, int]
"""Milliseconds, and the key of the row that took so long."""

_AT_ONCE: Final = 32_768
"""Durations that are looked at together: a million of them as objects would be 150 MB."""


@dataclass(frozen=True, slots=True)
class _Observed:
    """What a budget is held against."""

    table: _Table
    durations_ms: Sequence[float]
    """All of them, ascending."""
    slowest: list[_Duration]
    """At most `EXAMPLES_MAX`, the slowest first."""

    @classmethod
    def of(cls, table: _Table, durations: Iterable[_Duration]) -> _Observed:
        """Return what durations of rows of a table come to."""
        stretches: list[array[float]] = []
        slowest: list[_Duration] = []
        rest = iter(durations)
        while some := list(islice(rest, _AT_ONCE)):
            stretches.append(array("d", sorted(duration for duration, _ in some)))
            slowest = nlargest(EXAMPLES_MAX, [*slowest, *some])
        return cls(table, merged(stretches), slowest)


@dataclass(frozen=True, slots=True)
class Violation:
    """A step (or a whole trace) that took longer than its budget's bound."""

    trace_id: str
    step_number: int | None
    """None: the whole trace."""
    duration_ms: float


@dataclass(frozen=True, slots=True)
class BudgetResult:
    """One bound of one budget, against what was recorded."""

    name: str
    measure: str
    """``p50``, ``p95``, ``p99`` or ``max``."""
    bound_ms: float
    value_ms: float | None
    """None: there is nothing to measure."""
    interval: Interval
    """What the true value lies within, at 95 %; of ``max`` only itself."""
    observed_count: int
    over_count: int
    """Steps that took longer than the bound; some may, but of ``max`` none."""
    slowest: list[Violation]
    """The slowest of these, at most five."""
    read_count: int | None
    """Where only the newest calls were looked at: how many."""

    @property
    def is_broken(self) -> bool:
        """Whether what was measured lies above the bound."""
        return self.value_ms is not None and self.value_ms > self.bound_ms

    @property
    def is_beyond_noise(self) -> bool:
        """Whether so few calls could not lie above it by chance."""
        return self.is_broken and self.interval.low > self.bound_ms


def check_budgets(
    connection: sqlite3.Connection,
    budgets: Mapping[str, Mapping[str, float]],
    scope: Scope | None = None,
) -> list[BudgetResult]:
    """Hold each bound (``{"search": {"p95": 800}}``, milliseconds) against the recorded calls.

    Components are read from the newest calls alone (`components.CALLS_MAX`); tools and models from
    all of the scope.
    """
    scope = scope or Scope()
    parts: list[CallParts] | None = None
    results = []
    for name, bounds in budgets.items():
        tool, component = split_name(name)
        read_count = None
        if component == "trace":
            found = _traces(connection, scope)
        elif component == "model":
            found = _model_calls(connection, scope)
        elif component is None:
            found = _tool_calls(connection, scope, tool)
        else:
            if parts is None:
                parts = read_parts(connection, scope, CALLS_MAX)
            read_count = len(parts) if len(parts) == CALLS_MAX else None
            of_component = (
                (one.parts[component], one.key)
                for one in parts
                if component in one.parts and fnmatchcase(one.tool, tool)
            )
            found = _Observed.of("tool_call_rows", of_component)
        results += [
            _result(connection, name, measure, bound, found, read_count)
            for measure, bound in bounds.items()
        ]
    return results


def split_name(name: str) -> tuple[str, str | None]:
    """Return the tool pattern and the component that a budget's name says; None: it says none.

    ``search:network`` is the network of one tool; a tool that is called like a component is
    written ``tool:NAME``.
    """
    if name in COMPONENTS or name == "trace":
        return "*", name
    before, colon, after = name.rpartition(":")
    if colon and after in COMPONENTS and after != "model":
        return before, after
    return (after, None) if colon and before == "tool" else (name, None)


def _result(
    connection: sqlite3.Connection,
    name: str,
    measure: str,
    bound: float,
    found: _Observed,
    read_count: int | None,
) -> BudgetResult:
    durations = found.durations_ms
    part = MEASURES[measure]
    interval = percentile_interval(durations, part, z_of(0.95))
    if measure == "max" and durations:
        interval = Interval(durations[-1], durations[-1], durations[-1])
    return BudgetResult(
        name,
        measure,
        bound,
        interval.value if durations else None,
        interval,
        len(durations),
        len(durations) - bisect_right(durations, bound),
        [_violation(connection, found.table, one) for one in found.slowest if one[0] > bound],
        read_count,
    )


def _violation(connection: sqlite3.Connection, table: _Table, one: _Duration) -> Violation:
    duration, key = one
    if table == "trace_rows":
        row = connection.execute("SELECT id, NULL FROM trace_rows WHERE key = ?", (key,)).fetchone()
    else:
        row = connection.execute(
            f"SELECT t.id, r.step_number FROM {table} r JOIN trace_rows t ON t.key = r.trace "
            "WHERE r.key = ?",
            (key,),
        ).fetchone()
    return Violation(row[0], row[1], duration)


def _tool_calls(connection: sqlite3.Connection, scope: Scope, tool: str) -> _Observed:
    from replay.metrics.samples import read_timed

    wanted = replace(scope, tools=())
    return _Observed.of(
        "tool_call_rows",
        (
            (duration, key)
            for name, key, duration in read_timed(connection, wanted)
            if fnmatchcase(name, tool) and (not scope.tools or name in scope.tools)
        ),
    )


def _model_calls(connection: sqlite3.Connection, scope: Scope) -> _Observed:
    in_window, moments = scope.moments("m.started_us")
    in_traces, values = scope.traces("m.trace")
    rows = connection.execute(
        "SELECT m.duration_ms, m.key, coalesce(s.response_model, s.model) FROM model_call_rows m "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE m.duration_ms >= 0 AND {in_window} AND {in_traces}",
        [*moments, *values],
    )
    of_models = Scope(models=scope.models)
    return _Observed.of(
        "model_call_rows",
        ((duration, key) for duration, key, model in rows if of_models.covers("", None, model, "")),
    )


def _traces(connection: sqlite3.Connection, scope: Scope) -> _Observed:
    in_window, moments = scope.moments("t.started_us")
    in_traces, values = scope.traces("t.key")
    rows = connection.execute(
        "SELECT (t.ended_us - t.started_us) / 1000.0, t.key FROM trace_rows t "
        f"WHERE t.ended_us >= t.started_us AND {in_window} AND {in_traces}",
        [*moments, *values],
    )
    return _Observed.of("trace_rows", rows)
