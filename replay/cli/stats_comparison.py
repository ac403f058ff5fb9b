"""What `replay stats --compare` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from replay.cli.stats_numbers import milliseconds
from replay.cli.table import Column, table_lines
from replay.metrics import Scope
from replay.metrics.comparing import ALPHA, Compared, Comparison
from replay.metrics.intervals import Interval
from replay.report.ink import count, wrap
from replay.store.times import iso_text


def side_words(scope: Scope) -> str:
    """Return a window as words: ``2026-11-18 09:00 to 2026-11-25 09:00``."""
    assert scope.since_us is not None
    assert scope.until_us is not None
    ends = [iso_text(one)[:16].replace("T", " ") for one in (scope.since_us, scope.until_us)]
    return " to ".join(ends)


def comparison_lines(found: Compared, sides: Sequence[str], width: int) -> list[str]:
    """Return the answer: what is worse or better beyond noise, and the table of all."""
    lines = [f"before  {sides[0]}", f"after   {sides[1]}", ""]
    if not found.rows:
        return [*lines, *_nothing(found, sides, width)]
    columns = [
        Column("TOOL", flexible=True, width_min=12),
        Column("MEASURE"),
        Column("BEFORE", right=True),
        Column("AFTER", right=True),
        Column("CHANGE, 95% INTERVAL", right=True, left_out=1),
        Column("CALLS", right=True, left_out=3),
        Column("P", right=True, left_out=2),
        Column("SO"),
    ]
    lines += table_lines(columns, [_cells(row) for row in found.rows], width=width)
    lines += ["", *wrap(_summary(found), width, hang="")]
    for said, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            listed = ", ".join(" ".join(one or "-" for one in name) for name in names[:8])
            lines.append(f"Only {said}: {listed}{', ...' if len(names) > 8 else ''}")
    return lines


def _nothing(found: Compared, sides: Sequence[str], width: int) -> list[str]:
    empty = [
        side
        for side, only in zip(sides, (found.only_after, found.only_before), strict=True)
        if only or not (found.only_before or found.only_after)
    ]
    said = f"Nothing to compare: no calls, or none of the same tool, in {' and in '.join(empty)}."
    return wrap(said, width, hang="")


def _summary(found: Compared) -> str:
    worse = len(found.worse)
    better = sum(row.judgement == "better" for row in found.rows)
    what = f"{count(worse, 'thing')} worse" if worse else "Nothing worse"
    rest = f", {better:,} better" if better else ""
    return (
        f"{what}{rest}, of {len(found.rows)} compared. Worse or better is what stands when all of "
        f"them are taken together: noise alone says so once in {round(1 / ALPHA)} comparisons like "
        "this one, at most. Calls of one trace that are alike count less."
    )


def _cells(row: Comparison) -> list[str]:
    name = " ".join(one or "-" for one in row.name)
    calls = f"{row.before_count:,} → {row.after_count:,}"
    p = "<0.001" if row.p_value < 0.001 else f"{row.p_value:.3f}"
    so = {"no change shown": "-", "too few calls": "too few calls"}.get(
        row.judgement, row.judgement
    )
    values = [_value(row, row.before), _value(row, row.after)]
    return [name, row.measure, *values, _change(row), calls, p, so]


def _value(row: Comparison, interval: Interval) -> str:
    return f"{interval.value:.1%}" if row.is_rate else milliseconds(interval.value)


def _change(row: Comparison) -> str:
    between = row.difference
    parts = [_signed(row, one) for one in (between.value, between.low, between.high)]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"


def _signed(row: Comparison, value: float) -> str:
    if math.isinf(value):
        return "…"
    sign = "+" if value >= 0 else "-"
    said = f"{abs(value):.1%}" if row.is_rate else milliseconds(abs(value))
    return f"{sign}{said}"


def comparison_json(found: Compared, sides: Sequence[str]) -> dict[str, Any]:
    """Return the comparison as plain JSON; an unbounded end is null."""
    return {
        "before": sides[0],
        "after": sides[1],
        "alpha": ALPHA,
        "rows": [
            {
                "name": list(row.name),
                "measure": row.measure,
                "before_count": row.before_count,
                "after_count": row.after_count,
                "before": _plain(row.before),
                "after": _plain(row.after),
                "difference": _plain(row.difference),
                "p_value": row.p_value,
                "design_effect": row.design_effect,
                "judgement": row.judgement,
            }
            for row in found.rows
        ],
        "only_before": [list(name) for name in found.only_before],
        "only_after": [list(name) for name in found.only_after],
    }


def _plain(interval: Interval) -> list[float | None]:
    ends = (interval.value, interval.low, interval.high)
    return [one if math.isfinite(one) else None for one in ends]
