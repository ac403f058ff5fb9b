"""What `replay stats --quality` prints: what models made up, and whether they were right."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

from replay.cli.progress import Progress
from replay.cli.stats_numbers import milliseconds, percent
from replay.cli.table import Column, table_lines
from replay.metrics import Scope
from replay.metrics.calibration import Calibration, read_calibration
from replay.metrics.invented import MadeUp, read_made_up
from replay.metrics.labels import Accuracy, accuracy, read_labels
from replay.metrics.runs import (
    ColdStarts,
    Endings,
    Retries,
    read_cold_starts,
    read_endings,
    read_retries,
)
from replay.report.ink import count, cut, wrap

_ROWS_MAX: Final = 20


def read_quality(
    connection: sqlite3.Connection, scope: Scope, *, traces_max: int, success: Sequence[str]
) -> dict[str, Any]:
    """Read all of it, and tell a terminal how far that is: prompts are long."""
    labels = read_labels(connection, scope)
    with Progress("traces") as progress:
        made_up = read_made_up(connection, scope, traces_max=traces_max, tell=progress.update)
    return {
        "made_up": made_up,
        "accuracy": accuracy(labels),
        "calibration": read_calibration(connection, labels, scope),
        "retries": read_retries(connection, scope),
        "cold_starts": read_cold_starts(connection, scope),
        "endings": read_endings(connection, scope, **({"success": success} if success else {})),
    }


def quality_json(found: dict[str, Any]) -> dict[str, Any]:
    """Return all of it as plain JSON."""
    told: dict[str, Any] = _plain(found)
    return told


def _plain(value: Any) -> Any:
    """Return dataclasses as objects: `asdict` makes a Counter of a Counter's items."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def quality_lines(found: dict[str, Any], width: int) -> list[str]:
    """Return all of it as tables; what is not recorded is said in one line."""
    return [
        *_ending_lines(found["endings"], width),
        "",
        *_made_up_lines(found["made_up"], width),
        "",
        *_accuracy_lines(found["accuracy"], width),
        "",
        *_calibration_lines(found["calibration"], width),
        "",
        *_retry_lines(found["retries"], width),
        "",
        *_cold_lines(found["cold_starts"], width),
    ]


def _ending_lines(found: Endings, width: int) -> list[str]:
    if found.success is None:
        return ["No trace says how it ended: `recorder.trace()` can (docs/recording.md)."]
    said = sum(found.outcome_counts.values())
    bounds = f"{found.success.low:.1%} to {found.success.high:.1%}"
    words = ", ".join(f"{name} {number:,}" for name, number in found.outcome_counts.most_common(6))
    rest = f" {count(found.unsaid_count, 'trace')} say nothing." if found.unsaid_count else ""
    return wrap(
        f"Success: {found.success.value:.1%} [{bounds}] of {count(said, 'trace')} with an outcome: "
        f"{words}.{rest}",
        width,
        hang="",
    )


def _made_up_lines(found: MadeUp, width: int) -> list[str]:
    if not found.calls:
        return ["No call is known with the prompt that its model saw."]
    columns = [
        Column("MADE UP BY MODELS", flexible=True, width_min=14),
        Column("CALLS", right=True),
        Column("INVENTED VALUES", right=True),
        Column("NOT AS SHOWN", right=True),
        Column("NOT SHOWN", right=True, left_out=1),
    ]
    cells = [
        [
            one.tool,
            f"{one.call_count:,}",
            percent(one.invented_count, one.call_count),
            percent(one.misfit_count, one.shown_count),
            f"{one.not_shown_count:,}" if one.not_shown_count else "-",
        ]
        for one in found.calls[:_ROWS_MAX]
    ]
    lines = table_lines(columns, cells, width=width)
    if len(found.calls) > _ROWS_MAX:
        lines.append(f"The first {_ROWS_MAX} of {len(found.calls):,} tools; --json has all.")
    if found.read_count < found.trace_count:
        lines.append(
            f"Of the newest {found.read_count:,} of {found.trace_count:,} traces; more with "
            "--traces."
        )
    return [*lines, *_argument_lines(found, width)]


def _argument_lines(found: MadeUp, width: int) -> list[str]:
    if not found.arguments:
        return []
    columns = [
        Column("ARGUMENT", flexible=True, width_min=34),
        Column("VALUES", right=True, left_out=2),
        Column("INVENTED", right=True),
        Column("SUCH AS", flexible=True, width_min=12),
        Column("IN", flexible=True, width_min=8, left_out=1),
    ]
    cells = []
    for one in found.arguments[:_ROWS_MAX]:
        trace, step, value = one.examples[0]
        cells.append(
            [
                f"{one.tool}: {one.path}",
                f"{one.value_count:,}",
                f"{one.invented_count:,}",
                cut(json.dumps(value, ensure_ascii=False), 30),
                f"{trace} {step}",
            ]
        )
    return ["", *table_lines(columns, cells, width=width)]


def _accuracy_lines(rows: Sequence[Accuracy], width: int) -> list[str]:
    if not rows:
        return wrap(
            "No call is labelled: `replay feedback --correction` says what should have been "
            "called, --rating good that it is right.",
            width,
            hang="",
        )
    columns = [
        Column("LABELLED CALLS OF", flexible=True, width_min=14),
        Column("LABELS", right=True),
        Column("RIGHT TOOL", right=True),
        Column("ALL RIGHT", right=True),
        Column("SHOULD HAVE BEEN", flexible=True, width_min=14),
    ]
    cells = [
        [
            one.tool,
            f"{one.labelled_count:,}",
            percent(one.right_tool_count, one.labelled_count, none="0%"),
            percent(one.right_count, one.labelled_count, none="0%"),
            ", ".join(f"{name} {number}" for name, number in one.instead.most_common(3)) or "-",
        ]
        for one in rows[:_ROWS_MAX]
    ]
    return table_lines(columns, cells, width=width)


def _calibration_lines(rows: Sequence[Calibration], width: int) -> list[str]:
    if not rows:
        return wrap(
            "No log-probabilities are recorded: ask the provider for them (OpenAI: logprobs=True) "
            "to see whether a model is as often right as it is sure.",
            width,
            hang="",
        )
    lines: list[str] = []
    columns = [Column("SURE"), Column("OUTPUTS", right=True), Column("MEAN", right=True)]
    columns += [Column("RIGHT", right=True), Column("95% INTERVAL", right=True)]
    for one in rows:
        lines += wrap(
            f"{one.model or '-'}: expected calibration error {one.error:.3f}, of "
            f"{count(one.output_count, 'output')}, {one.labelled_count:,} judged by people",
            width,
            hang="",
        )
        cells = [
            [
                f"{each.low:.1f} to {each.high:.1f}",
                f"{each.output_count:,}",
                f"{each.sure:.3f}",
                f"{each.right.value:.3f}",
                f"{each.right.low:.3f} to {each.right.high:.3f}",
            ]
            for each in one.bins
        ]
        lines += table_lines(columns, cells, width=width)
    return lines


def _retry_lines(rows: Sequence[Retries], width: int) -> list[str]:
    if not rows:
        return ["Every call ended well: nothing was asked again."]
    columns = [
        Column("AFTER CALLS NOT OK OF", flexible=True, width_min=14),
        Column("NOT OK", right=True),
        Column("ASKED AGAIN", right=True),
        Column("MENDED", right=True),
        Column("TOOL'S OWN RETRIES", right=True, left_out=1),
    ]
    cells = [
        [
            one.tool,
            f"{one.not_ok_count:,}",
            percent(one.asked_again_count, one.not_ok_count),
            percent(one.mended_count, one.not_ok_count),
            f"{one.extra_attempt_count:,}" if one.extra_attempt_count else "-",
        ]
        for one in rows[:_ROWS_MAX]
    ]
    return table_lines(columns, cells, width=width)


def _cold_lines(rows: Sequence[ColdStarts], width: int) -> list[str]:
    if not rows:
        return ["No cold starts: no timed call came after ten minutes without one of its tool."]
    columns = [
        Column("COLD STARTS OF", flexible=True, width_min=14),
        Column("COLD", right=True),
        Column("P50", right=True),
        Column("WARM", right=True),
        Column("P50", right=True),
    ]
    cells = [
        [
            one.tool,
            f"{one.cold_count:,}",
            milliseconds(one.cold_p50_ms),
            f"{one.warm_count:,}",
            milliseconds(one.warm_p50_ms),
        ]
        for one in rows[:_ROWS_MAX]
    ]
    lines = table_lines(columns, cells, width=width)
    return [*lines, "Cold: no call of the tool started in the ten minutes before."]
