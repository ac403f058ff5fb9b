"""Metrics in Prometheus' text format, written at once for node_exporter's textfile collector."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from replay.errors import ReplayError
from replay.metrics import CallMetrics, Components, ModelMetrics

_QUANTILES = ("0.5", "0.95", "0.99")

_Labels = Mapping[str, str | int | None]
_Values = Iterable[tuple[str, _Labels, float]]
"""Suffix of the name, labels, value."""


def write_prometheus(
    path: Path,
    rows: Sequence[CallMetrics],
    models: Sequence[ModelMetrics] | None,
    components: Components | None,
) -> None:
    """Write the file whole or not at all: a reader never sees half of it.

    Raises:
        ReplayError: it cannot be written there.
    """
    text = prometheus_text(rows, models or (), components)
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ReplayError(
            f"'{path}' cannot be written: {error.strerror}.",
            hint="Give a file in a folder that exists and that you may write.",
        ) from error


def prometheus_text(
    rows: Sequence[CallMetrics],
    models: Sequence[ModelMetrics] = (),
    components: Components | None = None,
) -> str:
    """Return the text format, version 0.0.4: seconds and ratios, one family after the other.

    All are gauges and summaries over what the database holds: counts fall where traces are removed.
    """
    lines = [
        *_family("replay_tool_calls", "gauge", "Recorded tool calls by outcome.", _calls(rows)),
        *_family(
            "replay_tool_call_duration_seconds",
            "summary",
            "How long recorded tool calls took.",
            (
                one
                for row in rows
                for one in _summary(_labels(row), _durations(row), row.durations_ms)
            ),
        ),
        *_family("replay_model_calls", "gauge", "Recorded model calls.", _model_calls(models)),
        *_family(
            "replay_model_tokens", "gauge", "Tokens that providers reported.", _tokens(models)
        ),
        *_family(
            "replay_model_cost",
            "gauge",
            "What they cost by [tool.replay.prices].",
            (("", {"model": row.model}, row.cost) for row in models if row.cost is not None),
        ),
        *_family(
            "replay_component_duration_seconds",
            "summary",
            "Where the time of the newest calls went.",
            (
                one
                for row in (components.rows if components else ())
                for one in _summary(
                    {"component": row.component, "tool": row.tool},
                    (row.p50_ms, row.p95_ms, row.p99_ms),
                    row.durations_ms,
                )
            ),
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _family(name: str, kind: str, help_text: str, values: _Values) -> Iterator[str]:
    samples = [f"{name}{suffix}{_written(labels)} {value!r}" for suffix, labels, value in values]
    if samples:
        yield f"# HELP {name} {help_text}"
        yield f"# TYPE {name} {kind}"
        yield from samples


def _written(labels: _Labels) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels.items() if value is not None]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: str | int) -> str:
    text = str(value).encode("utf-8", "replace").decode()
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels(row: CallMetrics) -> dict[str, str | int | None]:
    return {f"{one}_us" if one == "time" else one: row.value(one) for one in row.by}


def _calls(rows: Sequence[CallMetrics]) -> _Values:
    for row in rows:
        for outcome, number in row.outcome_counts.items():
            yield "", {**_labels(row), "outcome": outcome}, number


def _durations(row: CallMetrics) -> tuple[float | None, ...]:
    return (row.p50_ms, row.p95_ms, row.p99_ms)


def _summary(
    labels: _Labels, percentiles: Sequence[float | None], durations_ms: Sequence[float]
) -> _Values:
    for quantile, value in zip(_QUANTILES, percentiles, strict=True):
        if value is not None:
            yield "", {**labels, "quantile": quantile}, value / 1000
    if durations_ms:
        yield "_sum", labels, sum(durations_ms) / 1000
        yield "_count", labels, len(durations_ms)


def _model_calls(models: Sequence[ModelMetrics]) -> _Values:
    for row in models:
        yield "", {"model": row.model, "outcome": "ok"}, row.call_count - row.failed_count
        yield "", {"model": row.model, "outcome": "failed"}, row.failed_count


def _tokens(models: Sequence[ModelMetrics]) -> _Values:
    for row in models:
        if row.counted_count:
            for kind in ("input", "output", "cached", "cache_written"):
                yield "", {"model": row.model, "kind": kind}, getattr(row.tokens, kind)
