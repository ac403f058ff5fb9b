"""Latency budgets: what was promised, what was measured, and which steps broke it.

A budget is of a tool (``*`` globs), of a component of all tools, of both (``search:network``), or
of whole traces. The name decides: ``trace`` and the components are reserved words.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from heapq import nlargest
from typing import Final, Literal, TypeAlias

from replay.metrics.components import CALLS_MAX, COMPONENTS, CallParts, read_parts
from replay.metrics.intervals import Interval, percentile_interval, z_of
from replay.metrics.merging import ascending
from replay.metrics.scope import Scope

EXAMPLES_MAX: Final = 5

MEASURES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Kind: TypeAlias = Literal["tool", "component", "model", "trace"]


Table: TypeAlias = Literal["tool_call_rows", "model_call_rows", "trace_rows"]


@dataclass(frozen=True, slots=True)
class Observed:
    """Durations that a budget is held against, and the rows that have them."""

    table: Table
    keys: Sequence[int]
    durations_ms: Sequence[float]
    """In the order of ``keys``."""

    def slowest(self, bound_ms: float) -> list[tuple[float, int]]:
        """Return duration and row of what took longest of all, where it took longer."""
        longest = nlargest(EXAMPLES_MAX, zip(self.durations_ms, self.keys, strict=True))
        return [one for one in longest if one[0] > bound_ms]


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
            found = _component(parts, tool, component)
        ordered = ascending(found.durations_ms)
        for measure, bound in bounds.items():
            slowest = [_violation(connection, found, *one) for one in found.slowest(bound)]
            results.append(_result(name, measure, bound, ordered, slowest, read_count))
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
    name: str,
    measure: str,
    bound: float,
    ordered: Sequence[float],
    slowest: list[Violation],
    read_count: int | None,
) -> BudgetResult:
    interval = percentile_interval(ordered, MEASURES[measure], z_of(0.95))
    if measure == "max" and ordered:
        interval = Interval(ordered[-1], ordered[-1], ordered[-1])
    return BudgetResult(
        name,
        measure,
        bound,
        interval.value if ordered else None,
        interval,
        len(ordered),
        len(ordered) - bisect_right(ordered, bound),
        slowest,
        read_count,
    )


def _violation(
    connection: sqlite3.Connection, found: Observed, duration_ms: float, key: int
) -> Violation:
    if found.table == "trace_rows":
        row = connection.execute("SELECT id, NULL FROM trace_rows WHERE key = ?", (key,)).fetchone()
    else:
        row = connection.execute(
            f"SELECT t.id, r.step_number FROM {found.table} r JOIN trace_rows t ON t.key = r.trace "
            "WHERE r.key = ?",
            (key,),
        ).fetchone()
    return Violation(row[0], row[1], duration_ms)


def _component(parts: Sequence[CallParts], tool: str, component: str) -> Observed:
    found = [one for one in parts if component in one.parts and fnmatchcase(one.tool, tool)]
    return Observed(
        "tool_call_rows", [one.key for one in found], [one.parts[component] for one in found]
    )


def _tool_calls(connection: sqlite3.Connection, scope: Scope, tool: str) -> Observed:
    from replay.metrics.samples import read_timed

    def is_wanted(name: str) -> bool:
        return fnmatchcase(name, tool)

    return Observed("tool_call_rows", *read_timed(connection, scope, is_wanted))


def _model_calls(connection: sqlite3.Connection, scope: Scope) -> Observed:
    in_window, moments = scope.moments("m.started_us")
    in_traces, values = scope.traces("m.trace")
    rows = connection.execute(
        "SELECT m.duration_ms, m.key, coalesce(s.response_model, s.model) FROM model_call_rows m "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE m.duration_ms >= 0 AND {in_window} AND {in_traces}",
        [*moments, *values],
    )
    of_models = Scope(models=scope.models)
    found = [
        (key, duration) for duration, key, model in rows if of_models.covers("", None, model, "")
    ]
    return Observed("model_call_rows", [key for key, _ in found], [took for _, took in found])


def _traces(connection: sqlite3.Connection, scope: Scope) -> Observed:
    in_window, moments = scope.moments("t.started_us")
    in_traces, values = scope.traces("t.key")
    rows = connection.execute(
        "SELECT (t.ended_us - t.started_us) / 1000.0, t.key FROM trace_rows t "
        f"WHERE t.ended_us >= t.started_us AND {in_window} AND {in_traces}",
        [*moments, *values],
    )
    found = rows.fetchall()
    return Observed("trace_rows", [key for _, key in found], [took for took, _ in found])
