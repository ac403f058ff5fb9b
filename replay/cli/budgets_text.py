"""What `replay budgets` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from replay.cli.stats_numbers import milliseconds, percent
from replay.cli.table import Column, table_lines
from replay.metrics.budgets import BudgetResult
from replay.metrics.what_if import WhatIf
from replay.report.ink import count, wrap

_TRACES_SHOWN: Final = 10


def budget_lines(
    results: Sequence[BudgetResult], broken: Sequence[BudgetResult], width: int
) -> list[str]:
    """Return a line for each bound, and the slowest steps of those that are broken."""
    columns = [
        Column("BUDGET", flexible=True, width_min=12),
        Column("MEASURE"),
        Column("BOUND", right=True),
        Column("IS", right=True),
        Column("95% INTERVAL", right=True, left_out=2),
        Column("CALLS", right=True),
        Column("OVER", right=True, left_out=1),
        Column("SO"),
    ]
    cells = [
        [
            one.name,
            one.measure,
            milliseconds(one.bound_ms),
            milliseconds(one.value_ms),
            _interval(one),
            f"{one.observed_count:,}",
            f"{one.over_count:,}" if one.over_count else "-",
            _so(one, broken),
        ]
        for one in results
    ]
    lines = table_lines(columns, cells, width=width)
    read = max((one.read_count or 0 for one in results), default=0)
    if read:
        lines.append(f"Components: of the newest {read:,} tool calls.")
    for one in broken:
        lines += ["", f"{one.name} {one.measure}: the slowest of {one.over_count:,} over the bound"]
        lines += [
            f"  {milliseconds(step.duration_ms):>9}  {step.trace_id}"
            + ("" if step.step_number is None else f" step {step.step_number}")
            for step in one.slowest
        ]
    return lines


def _interval(one: BudgetResult) -> str:
    if one.value_ms is None or one.measure == "max":
        return "-"
    ends = (one.interval.low, one.interval.high)
    low, high = ("…" if math.isinf(end) else milliseconds(end) for end in ends)
    return f"{low} to {high}"


def _so(one: BudgetResult, broken: Sequence[BudgetResult]) -> str:
    if one.value_ms is None:
        return "nothing measured"
    if one in broken:
        return "broken" if one.is_beyond_noise else "broken, maybe noise"
    return "over, maybe noise" if one.is_broken else "held"


def what_if_lines(found: WhatIf, width: int) -> list[str]:
    """Return what could have been saved, in all and in the traces where it is most."""
    if not found.traces:
        return wrap(
            f"What if: no trace with tool calls says how long all its steps took, of "
            f"{count(found.read_count, 'trace')}. Imported conversations do not.",
            width,
            hang="",
        )
    recorded = found.total("recorded_ms")
    at_once = recorded - found.total("at_once_ms")
    early = recorded - found.total("started_early_ms")
    said = [
        f"What if: {count(len(found.traces), 'trace')} took {milliseconds(recorded)} in their "
        "steps. ",
        f"Running the calls of each model output at once would have saved {milliseconds(at_once)} "
        f"({percent(at_once, recorded, none='nothing')}). ",
        "Starting each call as soon as its values are there would have saved at most "
        f"{milliseconds(early)} ({percent(early, recorded, none='nothing')}): a bound, with "
        "guesses that are always right.",
    ]
    lines = wrap("".join(said), width, hang="")
    if found.read_count < found.trace_count:
        lines.append(
            f"Of the newest {found.read_count:,} of {found.trace_count:,} traces; more with "
            "--traces."
        )
    if found.untimed_count:
        lines.append(f"Left out: {count(found.untimed_count, 'trace')} with steps without times.")
    return [*lines, "", *_trace_lines(found, width)]


def _trace_lines(found: WhatIf, width: int) -> list[str]:
    columns = [
        Column("TRACE", flexible=True, width_min=16),
        Column("STEPS TOOK", right=True),
        Column("AT ONCE", right=True),
        Column("EARLY, AT BEST", right=True),
        Column("CRITICAL STEPS", flexible=True, width_min=12),
    ]
    cells = [
        [
            one.trace_id,
            milliseconds(one.recorded_ms),
            milliseconds(one.at_once_ms),
            milliseconds(one.started_early_ms),
            " ".join(str(step) for step in one.critical_steps),
        ]
        for one in found.traces[:_TRACES_SHOWN]
    ]
    lines = table_lines(columns, cells, width=width)
    if len(found.traces) > _TRACES_SHOWN:
        lines.append(f"The first {_TRACES_SHOWN} of {len(found.traces):,}; --json has all.")
    return lines


def budgets_json(
    results: Sequence[BudgetResult], broken: Sequence[BudgetResult], saved: WhatIf | None
) -> dict[str, Any]:
    """Return all of it as plain JSON; an unbounded end is null."""
    rows = []
    for one in results:
        ends = (one.interval.low, one.interval.high)
        interval = [end if math.isfinite(end) else None for end in ends]
        rows.append({**asdict(one), "interval": interval, "is_broken": one in broken})
    return {"budgets": rows, "what_if": None if saved is None else asdict(saved)}
