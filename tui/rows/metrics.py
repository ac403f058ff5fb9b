"""Calls counted and timed for the screen: read once for a period, in every grouping that it has."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from replay.config import load_config
from replay.metrics import (
    Buckets,
    CallMetrics,
    Components,
    Dimension,
    Scope,
    read_cells,
    read_components,
    rolled_up,
    totals,
)
from replay.metrics.budgets import BudgetResult, check_budgets, split_name
from replay.metrics.calls import Name
from replay.metrics.cells import Cells, first_and_last
from replay.metrics.invented import MadeUp, read_made_up, shown_examples
from replay.metrics.labels import Accuracy, accuracy, read_labels
from replay.store.contents import ContentReader
from replay.store.times import iso_text
from tui.rows.database import Database
from tui.rows.histograms import Bin, histogram

BUCKETS: Final = 24
PERIODS: Final[tuple[tuple[str, timedelta | None], ...]] = (
    ("all that was recorded", None),
    ("the last 30 days", timedelta(days=30)),
    ("the last 7 days", timedelta(days=7)),
    ("the last day", timedelta(days=1)),
)
"""Ends are the newest recorded call's: of last year's recordings these are last year's days."""
_By: TypeAlias = tuple[Dimension, ...]
GROUPINGS: Final[tuple[_By, ...]] = (
    ("model", "tool"),
    ("tool",),
    ("model",),
    ("tool", "version"),
)
ORDERS: Final = ("calls", "not ok", "p95")
_STEPS: Final = 200_000
"""Of SQLite's machine, between two looks whether somebody still waits."""
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was read of a period; not every single duration: a million would be megabytes."""

    groups: Mapping[_By, Sequence[CallMetrics]]
    """The rows of each grouping."""
    bins: Mapping[tuple[_By, Name], Sequence[Bin]]
    """The durations of each row, counted."""
    buckets: Buckets
    components: Components
    total: CallMetrics
    budgets: Sequence[BudgetResult]
    """The bounds of ``[tool.replay.budgets]``, each against what was recorded."""
    scope: Scope
    since: str | None
    """Where the period begins, as a filter says it; None: with the first call."""

    def rows(self, by: Sequence[Dimension], order: str) -> list[CallMetrics]:
        """Return the rows by these dimensions, in one of `ORDERS`."""
        rows = list(self.groups[tuple(by)])
        if order == "not ok":
            rows.sort(key=lambda row: -(row.call_count - row.ok_count))
        elif order == "p95":
            rows.sort(key=lambda row: -(row.p95_ms or 0.0))
        return rows

    def bins_of(self, row: CallMetrics) -> Sequence[Bin]:
        """Return how often calls of a row took how long; empty: none says how long it took."""
        return self.bins[row.by, row.name]


def read_measured(
    database: Database, period: timedelta | None, is_over: Callable[[], bool]
) -> Measured:
    """Count the calls of a period that ends with the newest one. Meant for a thread of its own.

    Raises:
        sqlite3.Error: the database cannot be read, or ``is_over`` said that nobody waits any more.
    """
    with _scanning(database, is_over) as connection:
        scope, since = Scope(), None
        if period is not None:
            _, last = first_and_last(connection)
            start = last - period // _MICROSECOND
            scope, since = replace(scope, since_us=start), iso_text(start)[:16]
        cells = read_cells(
            connection, scope, bucket_count=BUCKETS, with_schemas=False, is_compact=True
        )
        groups, bins, total = _counted(cells)
        buckets = cells.buckets
        del cells
        components = _of_percentiles(read_components(connection, scope))
        promised = {name: budget.bounds for name, budget in load_config().budgets.items()}
        budgets = check_budgets(connection, promised, scope)
        return Measured(groups, bins, buckets, components, total, budgets, scope, since)


def _counted(
    cells: Cells,
) -> tuple[dict[_By, list[CallMetrics]], dict[tuple[_By, Name], list[Bin]], CallMetrics]:
    """Return the rows of each grouping, their bins, and the total: one grouping at a time."""
    groups: dict[_By, list[CallMetrics]] = {}
    bins: dict[tuple[_By, Name], list[Bin]] = {}
    for by in GROUPINGS:
        rows = rolled_up(cells, by)
        bins |= {(by, row.name): histogram(row.durations_ms) for row in rows}
        groups[by] = [_without_durations(row) for row in rows]
    return groups, bins, totals(cells)


def _without_durations(row: CallMetrics) -> CallMetrics:
    return replace(row, durations_ms=())


def _of_percentiles(components: Components) -> Components:
    return replace(components, rows=[replace(row, durations_ms=()) for row in components.rows])


@dataclass(frozen=True, slots=True)
class Judged:
    """What was wrong with calls that may well have ended well."""

    made_up: MadeUp
    accuracy: Sequence[Accuracy]
    """By tool: how often people who labelled calls found them right."""


def read_judged(database: Database, scope: Scope, is_over: Callable[[], bool]) -> Judged:
    """Look through the newest traces and the labels. Meant for a thread of its own.

    Raises:
        sqlite3.Error: the database cannot be read, or ``is_over`` said that nobody waits any more.
    """
    with _scanning(database, is_over) as connection:
        made_up = read_made_up(connection, scope, is_over=is_over)
        if database.places is not None:
            from replay.hiding import HidingReader

            hides = HidingReader(connection, ContentReader(connection), database.places)
            shown_examples(made_up, hides.given)
        return Judged(made_up, accuracy(read_labels(connection, scope)))


@contextmanager
def _scanning(database: Database, is_over: Callable[[], bool]) -> Iterator[sqlite3.Connection]:
    """One view of the database, until ``is_over`` says that nobody waits any more."""
    with database.scanning() as connection:
        connection.set_progress_handler(is_over, _STEPS)
        connection.execute("BEGIN")
        yield connection


def budgets_of(budgets: Sequence[BudgetResult], tool: str | None) -> list[BudgetResult]:
    """Return the budgets that are of a tool; None: all of them."""
    if tool is None:
        return list(budgets)
    return [
        one
        for one in budgets
        if (named := split_name(one.name))[1] not in ("trace", "model")
        and fnmatchcase(tool, named[0])
    ]


def filter_of(row: CallMetrics, since: str | None) -> str:
    """Return the filter that shows the traces with calls of a row."""
    pairs = [
        f"{name}:{shlex.quote(str(value))}"
        for name in ("tool", "model", "version")
        if (value := row.value(name)) is not None
    ]
    return " ".join([*pairs, *([f"since:{since}"] if since else [])])
