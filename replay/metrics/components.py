"""Where the time of calls goes, by component.

=========== ======================================================================================
component   what is measured
=========== ======================================================================================
model       a model call, from its request to its last byte
marshal     stages of a tool call: parsing the arguments, finding the tool, translating, sanitizing,
            and encoding the response
validate    stages: validating the arguments, and the permission to run
tool        the stage in which the tool runs, less the time that it waited for the network
network     what a tool call asked outside, from the first request to the last answer; questions
            that overlap count once
=========== ======================================================================================

Stages are kept of calls that ran in a toolbox. Of a call without them that says how long it took,
all of it is the tool's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from replay.metrics.cells import has_groups, has_ungrouped
from replay.metrics.percentiles import percentile
from replay.metrics.scope import Scope
from replay.metrics.stretches import groups_of, of_traces, read_traces, trace_keys
from replay.store.contents import ContentReader

COMPONENTS: Final = ("model", "marshal", "validate", "tool", "network")

CALLS_MAX: Final = 20_000
"""Stages and interactions are read call by call: about a second for so many."""

OF_STAGE: Final = {
    "parse": "marshal",
    "resolve": "marshal",
    "translate": "marshal",
    "sanitize": "marshal",
    "encode": "marshal",
    "validate": "validate",
    "authorize": "validate",
    "invoke": "tool",
}


@dataclass(frozen=True, slots=True)
class ComponentMetrics:
    """How long one component took, in the calls that have it."""

    component: str
    tool: str | None
    """None: all tools together; of ``model``: always."""
    call_count: int
    total_ms: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    durations_ms: tuple[float, ...]
    """Every one, ascending."""


@dataclass(frozen=True, slots=True)
class Components:
    """Metrics of components, and of how many calls they are."""

    rows: list[ComponentMetrics]
    """All tools together first, then each tool; components in their order."""
    read_count: int
    """Tool calls that were looked at: the newest ones."""
    call_count: int
    """Tool calls in the scope."""


def read_components(
    connection: sqlite3.Connection, scope: Scope | None = None, *, calls_max: int = CALLS_MAX
) -> Components:
    """Return how long each component took, of the newest ``calls_max`` calls of the scope."""
    scope = scope or Scope()
    found: dict[tuple[str | None, str], list[float]] = {}
    for duration in _model_durations(connection, scope, calls_max):
        found.setdefault((None, "model"), []).append(duration)
    calls = read_parts(connection, scope, calls_max)
    for call in calls:
        for component, duration in call.parts.items():
            found.setdefault((None, component), []).append(duration)
            found.setdefault((call.tool, component), []).append(duration)
    rows = [_metrics(tool, component, durations) for (tool, component), durations in found.items()]
    rows.sort(key=lambda row: (row.tool or "", COMPONENTS.index(row.component)))
    return Components(rows, len(calls), count_calls(connection, scope))


def _metrics(tool: str | None, component: str, durations: Iterable[float]) -> ComponentMetrics:
    ordered = tuple(sorted(durations))
    p50, p95, p99 = (percentile(ordered, part) for part in (0.5, 0.95, 0.99))
    return ComponentMetrics(component, tool, len(ordered), sum(ordered), p50, p95, p99, ordered)


def _model_durations(
    connection: sqlite3.Connection, scope: Scope, calls_max: int
) -> Iterable[float]:
    in_window, moments = scope.moments("m.started_us")
    in_traces, values = scope.traces("m.trace")
    rows = connection.execute(
        "SELECT m.duration_ms, coalesce(s.response_model, s.model) FROM model_call_rows m "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE m.duration_ms >= 0 AND {in_window} AND {in_traces} ORDER BY m.key DESC",
        [*moments, *values],
    )
    of_models = Scope(models=scope.models)
    fitting = (duration for duration, model in rows if of_models.covers("", None, model, ""))
    return list(islice(fitting, calls_max))


@dataclass(frozen=True, slots=True)
class CallParts:
    """One tool call, and how long its components took."""

    key: int
    """Of its row."""
    tool: str
    parts: dict[str, float]
    """Milliseconds, by component."""


def read_parts(connection: sqlite3.Connection, scope: Scope, calls_max: int) -> list[CallParts]:
    """Return how long the components of each of the newest ``calls_max`` calls took."""
    contents = ContentReader(connection)
    found: list[CallParts] = []
    for key, tool, stages, duration, *named in connection.execute(
        f"SELECT c.key, c.tool, c.stages, c.duration_ms, {_NAMED} {_from(scope)} "
        "ORDER BY c.key DESC",
        _values(scope),
    ):
        if len(found) == calls_max:
            break
        if not scope.covers(tool, *named):
            continue
        timings = contents.json(stages)
        parts = _by_component(timings or [])
        if not timings and duration is not None and duration >= 0:
            parts["tool"] = duration
        waited = network_ms(_exchanges(connection, contents, key))
        if waited is not None:
            parts["network"] = waited
            if "tool" in parts:
                parts["tool"] = max(0.0, parts["tool"] - waited)
        found.append(CallParts(key, tool, parts))
    return found


def _by_component(timings: Iterable[dict[str, Any]]) -> dict[str, float]:
    parts: dict[str, float] = {}
    for timing in timings:
        component = OF_STAGE.get(timing["stage"])
        if component is not None:
            parts[component] = parts.get(component, 0.0) + timing["duration_us"] / 1000
    return parts


def _exchanges(connection: sqlite3.Connection, contents: ContentReader, call: int) -> list[Any]:
    rows = connection.execute("SELECT exchange FROM interaction_rows WHERE tool_call = ?", (call,))
    return [contents.json(row[0]) for row in rows]


def network_ms(exchanges: Iterable[Any]) -> float | None:
    """Return how long questions to the outside took together; None: none says when it was asked.

    Two that overlap are waited for once.
    """
    spans = sorted(span for one in exchanges if (span := _span(one)) is not None)
    if not spans:
        return None
    total, until = 0.0, spans[0][0]
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _span(exchange: Any) -> tuple[float, float] | None:
    start, duration = exchange.get("offset_ms"), exchange.get("duration_ms")
    return None if start is None or duration is None else (start, start + duration)


def _from(scope: Scope) -> str:
    of_tools = f"c.tool IN ({', '.join('?' * len(scope.tools))})" if scope.tools else "1"
    in_window, _ = scope.moments("c.started_us")
    in_traces, _ = scope.traces("c.trace")
    return (
        "FROM tool_call_rows c "
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE {of_tools} AND {in_window} AND {in_traces}"
    )


_NAMED: Final = (
    "c.tool_version, coalesce(s.response_model, s.model), coalesce(c.actor, 'assistant')"
)
"""What a scope asks of a call beside its tool."""


def _values(scope: Scope) -> list[Any]:
    return [*scope.tools, *scope.moments("")[1], *scope.traces("")[1]]


def count_calls(connection: sqlite3.Connection, scope: Scope) -> int:
    """Return how many tool calls the scope has."""
    if has_groups(connection) and not has_ungrouped(connection):
        return _count_by_index(connection, scope)
    rows = connection.execute(
        f"SELECT count(*), c.tool, {_NAMED} {_from(scope)} GROUP BY 2, 3, 4, 5", _values(scope)
    )
    return sum(number for number, *named in rows if scope.covers(*named))


def _count_by_index(connection: sqlite3.Connection, scope: Scope) -> int:
    groups = [row[0] for row in groups_of(connection, scope)]
    traces = trace_keys(connection, scope)
    if traces is not None:
        columns = (read_traces(connection, group, scope) for group in groups)
        return sum(len(of_traces(one, traces)[0]) for one in columns)
    in_window, moments = scope.moments("c.started_us")
    counted = (
        "SELECT count(*) FROM tool_call_rows c INDEXED BY tool_calls_by_group "
        f"WHERE c.call_group = ? AND {in_window}"
    )
    return sum(connection.execute(counted, [group, *moments]).fetchone()[0] for group in groups)
