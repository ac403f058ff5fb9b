"""Metrics of model calls: how many, how long, how many tokens, and what they cost."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import compress
from typing import Any

from replay.metrics.asked import Asked, read_asked
from replay.metrics.percentiles import shown_ms
from replay.metrics.scope import Scope
from replay.metrics.usage import Tokens
from replay.metrics.usage_sums import Used, used_by
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
    total_ms: float = 0.0
    """All durations together."""


@dataclass(slots=True)
class _Sums:
    """What is counted of the calls with the same settings, or of the same model."""

    calls: int = 0
    failed: int = 0
    used: Used = field(default_factory=Used)
    durations_ns: list[int] = field(default_factory=list)
    first_chunks_ns: list[int] = field(default_factory=list)

    def add(self, other: _Sums) -> None:
        self.calls += other.calls
        self.failed += other.failed
        self.used += other.used
        self.durations_ns += other.durations_ns
        self.first_chunks_ns += other.first_chunks_ns


def read_models(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    prices: Mapping[str, Price] | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[ModelMetrics]:
    """Return the metrics of each model's calls, most calls first.

    Reads what the provider reported of each call: a second for a million of them, and some where
    that is long, so that it stands apart from their rows. ``prices`` are by model, ``*`` globs; the
    first that fits counts. Tools and versions of ``scope`` say nothing here. ``tell`` is told how
    many of how many calls were looked at.
    """
    scope = scope or Scope()
    by_settings: defaultdict[int | None, _Sums] = defaultdict(_Sums)
    contents = ContentReader(connection)
    for columns in read_asked(connection, scope, tell):
        _add_up(columns, contents, by_settings)
    named = dict(
        connection.execute("SELECT key, coalesce(response_model, model) FROM model_settings")
    )
    sums: defaultdict[str | None, _Sums] = defaultdict(_Sums)
    for settings, one in by_settings.items():
        model = named.get(settings)
        if not scope.models or any(fnmatchcase(model or "", name) for name in scope.models):
            sums[model].add(one)
    rows = [_metrics(model, one, _price(model, prices or {})) for model, one in sums.items()]
    return sorted(rows, key=lambda row: (-row.call_count, row.model or ""))


def _add_up(columns: Asked, contents: ContentReader, sums: defaultdict[int | None, _Sums]) -> None:
    for settings, count in Counter(columns.settings).items():
        sums[settings].calls += count
    for settings, count in Counter(compress(columns.settings, columns.failed)).items():
        sums[settings].failed += count
    for settings, lasted in zip(columns.settings, columns.durations_ns, strict=True):
        if lasted is not None:
            sums[settings].durations_ns.append(lasted)
    chunks_ns = columns.first_chunks_ns if any(columns.first_chunks_ns) else ()
    for settings, waited in zip(columns.settings, chunks_ns, strict=False):
        if waited is not None:
            sums[settings].first_chunks_ns.append(waited)
    alike: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for settings, usage in zip(columns.settings, columns.usages, strict=True):
        said = contents.json(usage) if type(usage) is int else usage
        if type(said) is dict:
            alike[settings, *said].append(said)
    for name, usages in alike.items():
        sums[name[0]].used += used_by(usages)


def _price(model: str | None, prices: Mapping[str, Price]) -> Price | None:
    fitting = (price for name, price in prices.items() if fnmatchcase(model or "", name))
    return next(fitting, None)


def _metrics(model: str | None, sums: _Sums, price: Price | None) -> ModelMetrics:
    p50, p95, p99 = shown_ms(sums.durations_ns)
    tokens = sums.used.tokens
    return ModelMetrics(
        model=model,
        call_count=sums.calls,
        failed_count=sums.failed,
        counted_count=sums.used.counted_count,
        tokens=tokens,
        cache_hit_count=sums.used.cache_hit_count,
        cost=None if price is None else price.of(tokens),
        timed_count=len(sums.durations_ns),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        first_chunk_p50_ms=shown_ms(sums.first_chunks_ns)[0],
        total_ms=sum(sums.durations_ns) / 1e6,
    )
