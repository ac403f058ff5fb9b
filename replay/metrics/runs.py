"""How traces went as a whole: their outcomes, what was asked again, and cold starts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, compress, groupby, pairwise
from typing import Final

from replay.metrics.intervals import Interval, rate_interval, z_of
from replay.metrics.percentiles import shown_ms
from replay.metrics.samples import Starts, read_starts
from replay.metrics.scope import Scope
from replay.store.selecting import IS_KNOWN

SUCCESS: Final = ("ok", "success*", "succeeded*", "completed", "done", "resolved", "reward=1.0*")
"""Outcomes of a trace that count as success; ``*`` globs, in any letters."""

COLD_AFTER_S: Final = 600
"""A call is cold where no call of its tool started in so many seconds before it."""


@dataclass(slots=True)
class Retries:
    """What happened after calls of one tool that did not end well."""

    tool: str
    not_ok_count: int = 0
    asked_again_count: int = 0
    """Of these: the same actor called the tool again later in the trace."""
    mended_count: int = 0
    """Of these: a later call ended well."""
    extra_attempt_count: int = 0
    """Attempts beyond the first inside calls, where the tool's own retries were recorded."""


@dataclass(frozen=True, slots=True)
class ColdStarts:
    """Calls of one tool after a pause, beside the others."""

    tool: str
    cold_count: int
    warm_count: int
    cold_p50_ms: float
    warm_p50_ms: float


@dataclass(slots=True)
class Endings:
    """How traces ended."""

    outcome_counts: Counter[str] = field(default_factory=Counter)
    """In the application's words, most frequent first."""
    unsaid_count: int = 0
    """Traces of which nobody said how they ended."""
    success: Interval | None = None
    """The part of those with an outcome that succeeded, with its bounds at 95 %; None: none has."""


def read_endings(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    success: Sequence[str] = SUCCESS,
) -> Endings:
    """Return how the traces that started in the scope's window ended."""
    scope = scope or Scope()
    in_window, moments = scope.moments("r.started_us")
    in_traces, values = scope.traces("r.key")
    found = Endings()
    for outcome, count in connection.execute(
        f"SELECT r.outcome, count(*) FROM trace_rows r "
        f"WHERE {in_window} AND {in_traces} AND {IS_KNOWN} "
        "GROUP BY 1 ORDER BY 2 DESC, 1",
        [*moments, *values],
    ):
        if outcome is None:
            found.unsaid_count = count
        else:
            found.outcome_counts[outcome] += count
    said = sum(found.outcome_counts.values())
    good = sum(count for name, count in found.outcome_counts.items() if _fits(name, success))
    if said:
        found.success = rate_interval(good, said, z_of(0.95))
    return found


def _fits(outcome: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(outcome.lower(), pattern.lower()) for pattern in patterns)


def read_retries(connection: sqlite3.Connection, scope: Scope | None = None) -> list[Retries]:
    """Return what became of calls that did not end well, most of them first."""
    scope = scope or Scope()
    found: dict[str, Retries] = {}
    in_window, moments = scope.moments("c.started_us")
    in_traces, values = scope.traces("c.trace")
    again = (
        "SELECT 1 FROM tool_call_rows n INDEXED BY tool_calls_by_trace "
        "WHERE n.trace = c.trace AND n.step_number > c.step_number AND n.tool = c.tool "
        "AND n.actor IS c.actor"
    )
    joined = (
        "LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer' "
        "LEFT JOIN model_settings s ON s.key = m.settings"
    )
    named = "c.tool_version, coalesce(s.response_model, s.model), coalesce(c.actor, 'assistant')"
    for tool, *told, is_again, is_mended in connection.execute(
        f"SELECT c.tool, {named}, EXISTS ({again}), EXISTS ({again} AND n.outcome = 'ok') "
        f"FROM tool_call_rows c INDEXED BY tool_calls_by_outcome {joined} "
        f"WHERE c.outcome <> 'ok' AND {in_window} AND {in_traces}",
        [*moments, *values],
    ):
        if not scope.covers(tool, *told):
            continue
        one = found.setdefault(tool, Retries(tool))
        one.not_ok_count += 1
        one.asked_again_count += is_again
        one.mended_count += is_mended
    for count, tool, *told in connection.execute(
        f"SELECT count(*), c.tool, {named} "
        f"FROM attempt_rows a JOIN tool_call_rows c ON c.id = a.call_id {joined} "
        f"WHERE a.attempt_number > 1 AND {in_window} AND {in_traces} GROUP BY 2, 3, 4, 5",
        [*moments, *values],
    ):
        if scope.covers(tool, *told):
            found.setdefault(tool, Retries(tool)).extra_attempt_count += count
    return sorted(found.values(), key=lambda one: (-one.not_ok_count, one.tool))


def read_cold_starts(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    cold_after_s: float = COLD_AFTER_S,
) -> list[ColdStarts]:
    """Return how long the first call after a pause took, beside the others: widest apart first.

    Nothing records that a process was new, so a pause stands for it: `COLD_AFTER_S` without a call
    of the tool, by whatever model and whether or not it is in the scope. The first call that was
    recorded at all is cold. Tools with fewer than one cold and one warm timed call are left out,
    and so are imported traces, whose calls have no times of their own.
    """
    scope = scope or Scope()
    before_us = int(cold_after_s * 1e6) + 1
    found = []
    starts = read_starts(connection, scope, before_us=before_us)
    for tool, of_tool in groupby(starts, key=lambda one: one.tool):
        cold, warm = _cold_and_warm(list(of_tool), cold_after_s * 1e6)
        halves = shown_ms(cold)[0], shown_ms(warm)[0]
        if halves[0] is not None and halves[1] is not None:
            found.append(ColdStarts(tool, len(cold), len(warm), halves[0], halves[1]))
    return sorted(found, key=lambda one: (one.warm_p50_ms - one.cold_p50_ms, one.tool))


def _cold_and_warm(calls: Sequence[Starts], pause_us: float) -> tuple[list[int], list[int]]:
    """Return the durations of a tool's cold calls that count, and of its warm ones."""
    started = sorted(chain.from_iterable(one.started_us for one in calls))
    # Of calls that started in the same moment after a pause one is cold: the first that is told.
    waiting = set(started[:1])
    waiting.update(at for before, at in pairwise(started) if at - before > pause_us)
    moments = frozenset(waiting)
    cold: list[int] = []
    warm: list[int] = []
    for one in calls:
        lasted = list(one.nanoseconds)
        places = range(len(lasted))
        for place in compress(places, map(moments.__contains__, one.started_us)):
            if one.started_us[place] in waiting:
                waiting.remove(one.started_us[place])
                cold += [took for took in (lasted[place],) if one.counts and took is not None]
                lasted[place] = None
        if one.counts:
            warm += [took for took in lasted if took is not None]
    return cold, warm
