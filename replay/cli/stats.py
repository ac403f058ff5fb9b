"""`replay stats`: calls counted, timed and compared."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import hide, reveal_option
from replay.cli.stats_scope import (
    complete_dimensions,
    narrowed,
    read_dimensions,
    read_side,
    read_span,
    scope_of,
    scope_options,
    windows,
)
from replay.errors import ExitCode

if TYPE_CHECKING:
    import sqlite3

    from replay.metrics import Dimension, ModelMetrics, Scope
    from replay.metrics.comparing import Compared
    from replay.metrics.invented import MadeUp

LISTED_MAX = 40
TRACES_MAX = 200
"""`replay.metrics.invented.TRACES_MAX`: some seconds, where prompts are long."""
BUCKETS_NARROW, BUCKETS_WIDE = 12, 24
"""Marks of a trend, below 100 columns and from there on."""


@click.command(
    short_help="Count, time and compare recorded calls.",
    epilog=examples(
        "replay stats traces.db",
        "replay stats traces.db --by tool,model --since 30d",
        "replay stats traces.db --models --components",
        "replay stats traces.db --compare model:gpt-4.1 model:gpt-5",
        "replay stats traces.db --compare-window 7d --exit-code",
        "replay stats traces.db --prometheus /var/lib/node_exporter/replay.prom",
    ),
)
@database_and()
@scope_options
@click.option(
    "--by",
    callback=read_dimensions,
    shell_complete=complete_dimensions,
    metavar="DIM,...",
    help="What is counted apart: tool, version, schema, model, actor, time. Default: tool.",
)
@click.option("--models", "with_models", is_flag=True, help="Model calls too: tokens, cost, cache.")
@click.option(
    "--components",
    "with_components",
    is_flag=True,
    help="Where the time goes: model, marshal, validate, tool, network.",
)
@click.option(
    "--quality",
    "with_quality",
    is_flag=True,
    help="What models made up, whether they were right and as sure as right, retries, cold starts.",
)
@click.option(
    "--traces",
    "traces_max",
    type=click.IntRange(min=1),
    default=TRACES_MAX,
    metavar="COUNT",
    help="With --quality: look for made-up arguments in so many traces, the newest. "
    f"Default: {TRACES_MAX}.",
)
@click.option(
    "--success",
    multiple=True,
    metavar="OUTCOME",
    help="With --quality: an outcome of a trace that is a success; `*` stands for anything. "
    "Default: ok, success, succeeded, completed, done, resolved, reward=1.0.",
)
@click.option(
    "--compare",
    "sides",
    nargs=2,
    metavar="A B",
    help="Compare two sides: model:NAME, version:VERSION, app:NAME or code:REVISION each.",
)
@click.option(
    "--compare-window",
    "span",
    callback=read_span,
    metavar="SPAN",
    help="Compare the newest 7d (12h, 2w, ...) with the same before them.",
)
@click.option(
    "--exit-code",
    "tells_by_code",
    is_flag=True,
    help="With a comparison: end with 2 where something is worse beyond noise, with 3 where the "
    "sides of --compare have nothing in common.",
)
@click.option(
    "--prometheus",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all of it for Prometheus, as node_exporter's textfile collector reads it.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LISTED_MAX,
    metavar="COUNT",
    help=f"At most this many rows of the table. Default: {LISTED_MAX}.",
)
@reveal_option
@json_option
def stats(
    database: Path,
    wanted: dict[str, Any],
    by: Sequence[str],
    with_models: bool,
    with_components: bool,
    with_quality: bool,
    traces_max: int,
    success: tuple[str, ...],
    sides: tuple[str, str] | None,
    span: timedelta | None,
    tells_by_code: bool,
    prometheus: Path | None,
    limit: int,
    reveal: bool,
    as_json: bool,
) -> int:
    """Count the calls of DATABASE: how many, how they ended, how long they took, and the trend.

    Percentiles are exact. A comparison says "worse" or "better" only where noise does not explain
    it, all that is compared taken together.
    """
    is_compared = _check(sides, span, tells_by_code=tells_by_code)
    if prometheus is not None and (is_compared or "time" in by):
        raise click.UsageError("--prometheus writes what there is now: no comparison, no time.")
    from replay.metrics.connection import reading
    from replay.store.settled import settle_calls

    settle_calls(database)
    with reading(database) as connection, _uncollected():
        scope = scope_of(connection, wanted)
        if is_compared:
            return _compare(
                connection, scope, by, sides, span, as_json=as_json, tells_by_code=tells_by_code
            )
        found = _read(
            connection,
            scope,
            by,
            with_models=with_models or prometheus is not None,
            with_components=with_components or prometheus is not None,
            with_durations=prometheus is not None,
        )
        if with_quality:
            from replay.cli.stats_quality import read_quality

            found["quality"] = read_quality(
                connection, scope, traces_max=traces_max, success=success
            )
            _hide_examples(database, found["quality"]["made_up"], reveal=reveal)
    _tell(found, database, limit, prometheus, as_json=as_json)
    return ExitCode.OK


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the collector rest: a million small objects come and go, and none refers to another."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.enable()


def _hide_examples(database: Path, made_up: MadeUp, *, reveal: bool) -> None:
    from replay.metrics.invented import shown_examples
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        hides = hide(store, reveal=reveal)
        if hides is not None:
            store.record_reader(lambda _: shown_examples(made_up, hides.given))


def _check(sides: tuple[str, str] | None, span: timedelta | None, *, tells_by_code: bool) -> bool:
    """Return whether something is to be compared.

    Raises:
        click.UsageError: the options contradict each other.
    """
    if sides and span is not None:
        raise click.UsageError("--compare and --compare-window are two questions; ask one.")
    if tells_by_code and not sides and span is None:
        raise click.UsageError("--exit-code tells of a comparison: --compare or --compare-window.")
    return bool(sides) or span is not None


def _read(
    connection: sqlite3.Connection,
    scope: Scope,
    by: Sequence[str],
    *,
    with_models: bool,
    with_components: bool,
    with_durations: bool,
) -> dict[str, Any]:
    from replay.metrics import read_cells, read_components, rolled_up, totals

    buckets = BUCKETS_WIDE if terminal.width() >= 100 else BUCKETS_NARROW
    cells = read_cells(connection, scope, bucket_count=buckets, with_schemas="schema" in by)
    dimensions = cast("Sequence[Dimension]", by)  # read_dimensions let them pass
    rows = rolled_up(cells, dimensions, with_durations=with_durations)
    return {
        "cells": cells,
        "total": totals(cells),
        "rows": rows,
        "models": _models(connection, scope) if with_models else None,
        "components": read_components(connection, scope) if with_components else None,
    }


def _models(connection: sqlite3.Connection, scope: Scope) -> list[ModelMetrics]:
    from replay.cli.progress import Progress
    from replay.config import load_config
    from replay.metrics import Price, read_models

    prices = {name: Price(**dict(price)) for name, price in load_config().prices.items()}
    with Progress("model calls") as progress:
        return read_models(connection, scope, prices=prices, tell=progress.update)


def _tell(
    found: dict[str, Any],
    database: Path,
    limit: int,
    prometheus: Path | None,
    *,
    as_json: bool,
) -> None:
    if prometheus is not None:
        from replay.report.prometheus import write_prometheus

        write_prometheus(prometheus, found["rows"], found["models"], found["components"])
        terminal.say(f"Wrote {prometheus}.")
        return
    if as_json:
        from replay.cli.stats_json import stats_json

        terminal.emit_json(stats_json(found))
        return
    from replay.cli.stats_text import nothing_counted, stats_lines

    if not found["total"].call_count and not found["models"]:
        terminal.say(nothing_counted(database))
        return
    terminal.emit("\n".join(stats_lines(found, limit, terminal.width())))


def _compare(
    connection: sqlite3.Connection,
    scope: Scope,
    by: Sequence[str],
    sides: tuple[str, str] | None,
    span: timedelta | None,
    *,
    as_json: bool,
    tells_by_code: bool,
) -> int:
    from replay.metrics.cells import first_and_last
    from replay.metrics.comparing import compare
    from replay.metrics.samples import read_sides

    if sides:
        scopes = tuple(narrowed(scope, read_side(side)) for side in sides)
    else:
        assert span is not None
        scopes = windows(scope, span, first_and_last(connection)[1])
    names = [one for one in by if one in ("tool", "version", "model")] or ["tool"]
    before, after = read_sides(connection, scopes, names)
    found = compare(before, after)
    _tell_compared(found, scopes, sides, as_json=as_json)
    if not tells_by_code:
        return ExitCode.OK
    if sides and not found.rows:  # a typo must not pass a gate; a first week may
        return ExitCode.COULD_NOT_RUN
    return ExitCode.NEEDS_A_PERSON if found.worse else ExitCode.OK


def _tell_compared(
    found: Compared, scopes: Sequence[Scope], sides: tuple[str, str] | None, *, as_json: bool
) -> None:
    from replay.cli.stats_comparison import comparison_json, comparison_lines, side_words

    words = list(sides) if sides else [side_words(scope) for scope in scopes]
    if as_json:
        terminal.emit_json(comparison_json(found, words))
    else:
        terminal.emit("\n".join(comparison_lines(found, words, terminal.width())))
