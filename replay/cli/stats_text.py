"""What `replay stats` prints: tables of calls, model calls and components."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from replay.cli import terminal
from replay.cli.stats_numbers import milliseconds, percent, span
from replay.cli.table import Column, table_lines
from replay.metrics import CallMetrics, Cells, Components, ModelMetrics
from replay.report.ink import count, wrap
from replay.report.sparkline import sparkline
from replay.store.times import iso_text

_TITLES: Final = {
    "tool": "TOOL",
    "version": "VERSION",
    "schema": "SCHEMA",
    "model": "MODEL",
    "actor": "ACTOR",
    "time": "FROM (UTC)",
}


def stats_lines(found: dict[str, Any], limit: int, width: int) -> list[str]:
    """Return the whole answer."""
    cells: Cells = found["cells"]
    total: CallMetrics = found["total"]
    lines = [*wrap(_head(total, cells), width, hang=""), ""] if total.call_count else []
    if total.call_count:
        lines += call_lines(found["rows"], total, limit, width)
        lines += _notes(total)
    if found["models"] is not None:
        lines += ["", *model_lines(found["models"], width)]
    if found["components"] is not None:
        lines += ["", *component_lines(found["components"], width)]
    if "quality" in found:
        from replay.cli.stats_quality import quality_lines

        lines += ["", *quality_lines(found["quality"], width)]
    return lines


def nothing_counted(database: Path) -> str:
    """Return why there is nothing, and what to do about it."""
    from replay.cli.traces import nothing_found
    from replay.records import Selection
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        if not store.traces(Selection(), limit=1):
            return nothing_found(store, database, Selection())
    named = terminal.typed(database)
    return (
        f"No call of {database} is counted so. Ask for more (--since, --tool, --model), or see "
        f"what there is:\n  replay list {named}"
    )


def _head(total: CallMetrics, cells: Cells) -> str:
    start, width = cells.buckets.start_us, cells.buckets.width_us
    end = max(start, start + width * cells.buckets.count - 1)
    first, last = (iso_text(one)[:19].replace("T", " ") for one in (start, end))
    if first[:10] != last[:10]:
        first, last = first[:10], last[:10]
    undated = total.call_count - sum(total.trend)
    beside = f", and {undated:,} without a time" if undated else ""
    said = f"{count(total.call_count, 'tool call')}, {first} to {last}{beside}"
    return said if width < 1000 else f"{said}; a mark of the trend is {span(width / 1e6)}"


def call_lines(
    rows: Sequence[CallMetrics], total: CallMetrics, limit: int, width: int
) -> list[str]:
    """Return the table of calls, all of them together last."""
    shown = list(rows[:limit])
    is_timed = total.timed_count > 0
    by = rows[0].by if rows else ()
    columns = [
        *(
            Column(_TITLES[one], flexible=True, width_min=10, left_out=0 if at == 0 else 1)
            for at, one in enumerate(by)
        ),
        *_columns(is_timed),
    ]
    shown_time = _told_apart(shown)
    cells = [[*_names(row, shown_time), *_cells(row, is_timed)] for row in shown]
    if len(rows) > 1:
        names = ["all", *[""] * (len(by) - 1)]
        cells.append([*names, *_cells(total, is_timed)])
    lines = table_lines(columns, cells, width=width)
    if len(rows) > limit:
        lines.append(f"The first {limit} of {len(rows):,} rows; more with --limit.")
    return lines


def _columns(is_timed: bool) -> list[Column]:
    timed = [Column("P50", right=True, left_out=2), Column("P95", right=True)]
    timed.append(Column("P99", right=True, left_out=6))
    return [
        Column("CALLS", right=True),
        Column("OK", right=True),
        Column("INVALID", right=True, left_out=3),
        Column("UNKNOWN", right=True, left_out=5),
        *(timed if is_timed else []),
        Column("TREND", left_out=4),
    ]


def _cells(row: CallMetrics, is_timed: bool) -> list[str]:
    timed = [milliseconds(one) for one in (row.p50_ms, row.p95_ms, row.p99_ms)]
    return [
        f"{row.call_count:,}",
        percent(row.ok_count, row.call_count, none="0%"),
        percent(row.invalid_count, row.call_count),
        percent(row.unknown_count, row.call_count),
        *(timed if is_timed else []),
        sparkline(row.trend, encoding=sys.stdout.encoding),
    ]


def _names(row: CallMetrics, shown_time: slice) -> list[str]:
    return [
        iso_text(value)[shown_time].replace("T", " ") if isinstance(value, int) else value or "-"
        for value in row.name
    ]


def _told_apart(rows: Sequence[CallMetrics]) -> slice:
    """Return what to show of times, so that no two look alike: within minutes no date."""
    times = [iso_text(at) for at in {at for row in rows for at in row.name if isinstance(at, int)}]
    shown = [slice(0, len("2026-11-26T12:33"))]
    if len({one[: len("2026-11-26")] for one in times}) == 1:
        start = len("2026-11-26T")
        shown += [slice(start, start + len(form)) for form in ("12:33:48", "12:33:48.123")]
    return next((one for one in shown if len({at[one] for at in times}) == len(times)), shown[-1])


def _notes(total: CallMetrics) -> list[str]:
    if not total.timed_count:
        return ["No call says how long it took: imported conversations do not."]
    if total.timed_count < total.call_count:
        untimed = total.call_count - total.timed_count
        return [f"Percentiles: of the calls that say how long they took; {untimed:,} do not."]
    return []


def model_lines(rows: Sequence[ModelMetrics], width: int) -> list[str]:
    """Return the table of model calls."""
    columns = [
        Column("MODEL CALLS OF", flexible=True, width_min=14),
        Column("CALLS", right=True),
        Column("FAILED", right=True, left_out=2),
        Column("P50", right=True, left_out=3),
        Column("P95", right=True, left_out=1),
        Column("TOKENS IN", right=True),
        Column("CACHED", right=True),
        Column("OUT", right=True),
        Column("COST", right=True),
    ]
    cells = [
        [
            row.model or "-",
            f"{row.call_count:,}",
            percent(row.failed_count, row.call_count),
            milliseconds(row.p50_ms),
            milliseconds(row.p95_ms),
            f"{row.tokens.input:,}" if row.counted_count else "-",
            percent(row.tokens.cached, row.tokens.input),
            f"{row.tokens.output:,}" if row.counted_count else "-",
            "-" if row.cost is None else f"{row.cost:,.2f}",
        ]
        for row in rows
    ]
    lines = table_lines(columns, cells, width=width)
    untold = sum(row.call_count - row.counted_count for row in rows)
    if untold:
        lines.append(f"Tokens: of the calls whose provider reported them; {untold:,} have none.")
    unpriced = [row.model or "-" for row in rows if row.cost is None and row.tokens.input]
    if unpriced:
        names = f"{', '.join(unpriced[:4])}{', ...' if len(unpriced) > 4 else ''}"
        lines += wrap(f"No price: {names}. [tool.replay.prices] has them.", width, hang="")
    return lines


def component_lines(found: Components, width: int) -> list[str]:
    """Return the table of components."""
    columns = [
        Column("COMPONENT"),
        Column("TOOL", flexible=True, width_min=10),
        Column("CALLS", right=True),
        Column("P50", right=True),
        Column("P95", right=True),
        Column("P99", right=True, left_out=1),
        Column("TOTAL", right=True),
    ]
    cells = [
        [
            row.component,
            row.tool or "all",
            f"{row.call_count:,}",
            *(milliseconds(one) for one in (row.p50_ms, row.p95_ms, row.p99_ms)),
            milliseconds(row.total_ms),
        ]
        for row in found.rows
    ]
    if not cells:
        return ["No call says where its time went: imported conversations do not."]
    lines = table_lines(columns, cells, width=width)
    if found.read_count < found.call_count:
        lines.append(
            f"Components: of the newest {found.read_count:,} of {found.call_count:,} tool calls."
        )
    return lines
