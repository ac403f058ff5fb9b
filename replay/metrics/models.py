"""Metrics of model calls: how many, how long, how many tokens, and what they cost."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from replay.metrics.percentiles import percentile
from replay.metrics.scope import Scope
from replay.metrics.usage import Tokens, tokens_of
from replay.store.contents import ContentReader


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, in whatever currency the user counts in."""

    input: float
    output: float
    cached: float | None = None
    """Read from the prompt cache; None: as much as any input."""
    cache_written: float | None = None
    """Written to it; None: as much as any input."""

    def of(self, tokens: Tokens) -> float:
        """Return what ``tokens`` cost."""
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.cache_written is None else self.cache_written
        fresh = tokens.input - tokens.cached - tokens.cache_written
        parts = (fresh * self.input, tokens.output * self.output)
        return (sum(parts) + tokens.cached * cached + tokens.cache_written * written) / 1e6


@dataclass(frozen=True, slots=True)
class ModelMetrics:
    """What is counted of one model's calls."""

    model: str | None
    """The model that answered, else the one that was asked."""
    call_count: int
    failed_count: int
    """Calls that gave no output, or an error."""
    counted_count: int
    """Calls whose tokens the provider reported: the tokens, cache hits and cost are of these."""
    tokens: Tokens
    cache_hit_count: int
    """Of the counted ones: calls that read part of their prompt from the provider's cache."""
    cost: float | None
    """None: no price is set for this model."""
    timed_count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    first_chunk_p50_ms: float | None
    """Of streamed calls: the time to the first chunk."""
    durations_ms: tuple[float, ...] = ()


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    failed: int = 0
    counted: int = 0
    cache_hits: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    durations: list[float] = field(default_factory=list)
    first_chunks: list[float] = field(default_factory=list)


def read_models(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    prices: Mapping[str, Price] | None = None,
) -> list[ModelMetrics]:
    """Return the metrics of each model's calls, most calls first.

    Reads what the provider reported of each call: some seconds for a million of them. ``prices``
    are by model, ``*`` globs; the first that fits counts. Tools and versions of ``scope`` say
    nothing here.
    """
    scope = scope or Scope()
    in_window, moments = scope.moments("m.started_us")
    in_traces, values = scope.traces("m.trace")
    contents = ContentReader(connection)
    sums: dict[str | None, _Sums] = {}
    for model, usage, duration, first_chunk, is_failed in connection.execute(
        "SELECT coalesce(s.response_model, s.model), m.usage, m.duration_ms, m.first_chunk_ms, "
        "m.output IS NULL OR m.error IS NOT NULL "
        "FROM model_call_rows m LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE {in_window} AND {in_traces}",
        [*moments, *values],
    ):
        if scope.models and not any(fnmatchcase(model or "", name) for name in scope.models):
            continue
        one = sums.setdefault(model, _Sums())
        one.calls += 1
        one.failed += is_failed
        if duration is not None and duration >= 0:
            one.durations.append(duration)
        if first_chunk is not None:
            one.first_chunks.append(first_chunk)
        if usage is not None:
            _add_usage(one, contents.json(usage))
    rows = [_metrics(model, one, _price(model, prices or {})) for model, one in sums.items()]
    return sorted(rows, key=lambda row: (-row.call_count, row.model or ""))


def _add_usage(sums: _Sums, usage: Any) -> None:
    tokens = tokens_of(usage)
    if tokens is not None:
        sums.counted += 1
        sums.cache_hits += tokens.cached > 0
        sums.tokens += tokens


def _price(model: str | None, prices: Mapping[str, Price]) -> Price | None:
    fitting = (price for name, price in prices.items() if fnmatchcase(model or "", name))
    return next(fitting, None)


def _metrics(model: str | None, sums: _Sums, price: Price | None) -> ModelMetrics:
    durations = sorted(sums.durations)
    return ModelMetrics(
        model=model,
        call_count=sums.calls,
        failed_count=sums.failed,
        counted_count=sums.counted,
        tokens=sums.tokens,
        cache_hit_count=sums.cache_hits,
        cost=None if price is None else price.of(sums.tokens),
        timed_count=len(durations),
        p50_ms=percentile(durations, 0.5),
        p95_ms=percentile(durations, 0.95),
        p99_ms=percentile(durations, 0.99),
        first_chunk_p50_ms=percentile(sorted(sums.first_chunks), 0.5),
        durations_ms=tuple(durations),
    )
