"""Is a model as often right as it is sure?

How sure it was of an output is the geometric mean of its tokens' probabilities, where the provider
was asked for log-probabilities (OpenAI: ``logprobs=True``). Whether it was right is what people
said of its calls; where nobody did, whether every call ended well, which says less: a wrong call
may be answered.

The expected calibration error (ECE) is the mean distance between sure and right over equal bins,
each counted by its outputs.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from replay.metrics.intervals import Interval, rate_interval, z_of
from replay.metrics.labels import Label
from replay.metrics.scope import Scope
from replay.store.contents import ContentReader

BIN_COUNT: Final = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Outputs that the model was about equally sure of."""

    low: float
    high: float
    output_count: int
    sure: float
    """Mean confidence."""
    right: Interval
    """The part that was right, with its bounds at 95 %."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The reliability table of one model."""

    model: str | None
    bins: list[Bin]
    """Those that have outputs, least sure first."""
    output_count: int
    labelled_count: int
    """Outputs that people judged; of the others it counts whether every call ended well."""
    error: float
    """The expected calibration error, 0 to 1."""


def read_calibration(
    connection: sqlite3.Connection,
    labels: Mapping[tuple[int, int], Label],
    scope: Scope | None = None,
) -> list[Calibration]:
    """Return the calibration of each model whose outputs asked for calls and have probabilities."""
    scope = scope or Scope()
    in_window, moments = scope.moments("m.started_us")
    in_traces, values = scope.traces("m.trace")
    contents = ContentReader(connection)
    found: dict[str | None, list[tuple[float, bool, bool]]] = {}
    for key, trace, step, model, attributes in connection.execute(
        "SELECT m.key, m.trace, m.step_number, coalesce(s.response_model, s.model), m.attributes "
        "FROM model_call_rows m LEFT JOIN model_settings s ON s.key = m.settings "
        f"WHERE m.attributes IS NOT NULL AND {in_window} AND {in_traces}",
        [*moments, *values],
    ):
        if not Scope(models=scope.models).covers("", None, model, ""):
            continue
        told = contents.json(attributes)
        sure = confidence(told)
        if sure is None:
            continue
        judged = _judged(connection, labels, trace, key, step)
        if judged is not None:
            found.setdefault(model, []).append((sure, *judged))
    return [
        _calibration(model, judged)
        for model, judged in sorted(found.items(), key=lambda one: (-len(one[1]), one[0] or ""))
    ]


def confidence(attributes: Any) -> float | None:
    """Return how sure a model was of an output, 0 to 1; None: no probabilities were recorded."""
    said = attributes.get("token_logprobs") if isinstance(attributes, dict) else None
    if not isinstance(said, list) or not said:
        return None
    return math.exp(min(0.0, math.fsum(said) / len(said)))


def _judged(
    connection: sqlite3.Connection,
    labels: Mapping[tuple[int, int], Label],
    trace: int,
    key: int,
    step: int,
) -> tuple[bool, bool] | None:
    """Return whether an output was right, and whether a person said so; None: it asked nothing."""
    if (trace, step) in labels:
        return labels[trace, step].is_right, True
    calls = connection.execute(
        "SELECT step_number, outcome FROM tool_call_rows WHERE trace = ? AND model_call = ?",
        (trace, key),
    ).fetchall()
    said = [labels[trace, number].is_right for number, _ in calls if (trace, number) in labels]
    if said:
        return all(said), True
    return (all(outcome == "ok" for _, outcome in calls), False) if calls else None


def _calibration(model: str | None, judged: Sequence[tuple[float, bool, bool]]) -> Calibration:
    bins: list[list[tuple[float, bool, bool]]] = [[] for _ in range(BIN_COUNT)]
    for one in judged:
        bins[min(BIN_COUNT - 1, int(one[0] * BIN_COUNT))].append(one)
    filled = [_bin(number, ones) for number, ones in enumerate(bins) if ones]
    error = math.fsum(one.output_count * abs(one.sure - one.right.value) for one in filled)
    labelled = sum(by_person for _, _, by_person in judged)
    return Calibration(model, filled, len(judged), labelled, error / len(judged))


def _bin(number: int, ones: Sequence[tuple[float, bool, bool]]) -> Bin:
    right = sum(is_right for _, is_right, _ in ones)
    return Bin(
        number / BIN_COUNT,
        (number + 1) / BIN_COUNT,
        len(ones),
        math.fsum(sure for sure, _, _ in ones) / len(ones),
        rate_interval(right, len(ones), z_of(0.95)),
    )
