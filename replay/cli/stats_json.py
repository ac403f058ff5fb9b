"""What `replay stats --json` prints."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import Any

from replay.metrics import CallMetrics, Cells
from replay.store.times import iso_text


def stats_json(found: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was counted as plain JSON."""
    cells: Cells = found["cells"]
    buckets = cells.buckets
    return {
        "from": iso_text(buckets.start_us),
        "bucket_s": buckets.width_us / 1e6,
        "bucket_count": buckets.count,
        "total": call_json(found["total"]),
        "rows": [call_json(row) for row in found["rows"]],
        "models": None if found["models"] is None else [_plain(row) for row in found["models"]],
        "components": None
        if found["components"] is None
        else {
            "read_count": found["components"].read_count,
            "call_count": found["components"].call_count,
            "rows": [_plain(row) for row in found["components"].rows],
        },
        **_quality(found),
    }


def _quality(found: dict[str, Any]) -> dict[str, Any]:
    if "quality" not in found:
        return {}
    from replay.cli.stats_quality import quality_json

    return {"quality": quality_json(found["quality"])}


def call_json(row: CallMetrics) -> dict[str, Any]:
    """Return one row of calls; its dimensions are keys of it."""
    names: dict[str, Any] = {}
    for dimension, value in zip(row.by, row.name, strict=True):
        names[dimension] = iso_text(value) if isinstance(value, int) else value
    return {
        **names,
        "call_count": row.call_count,
        "outcome_counts": row.outcome_counts,
        "invalid_count": row.invalid_count,
        "unknown_count": row.unknown_count,
        "timed_count": row.timed_count,
        "p50_ms": row.p50_ms,
        "p95_ms": row.p95_ms,
        "p99_ms": row.p99_ms,
        "trend": list(row.trend),
        "not_ok_trend": list(row.not_ok_trend),
    }


def _plain(row: Any) -> dict[str, Any]:
    """Return a row without its durations, which copying would take as long as reading them."""
    values = {one.name: getattr(row, one.name) for one in fields(row) if one.name != "durations_ms"}
    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in values.items()
    }
