"""Model calls as columns, some thousand rows at a time: there is no index of what is asked of them.

SQLite makes one text of JSON of each column, as in `replay.metrics.stretches`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Any, Final

import orjson

from replay.metrics.scope import Scope
from replay.metrics.stretches import in_turn, trace_keys

_ROWS: Final = 10_000
"""Keys that are read together: enough to be fast, and few enough to need no memory."""

_COLUMNS: Final = (
    "json_group_array(m.settings)",
    "'[' || group_concat(coalesce(m.usage, 'null')) || ']'",
    "json_group_array(m.output IS NULL OR m.error IS NOT NULL)",
    "json_group_array("
    "CASE WHEN m.duration_ms >= 0 THEN CAST(m.duration_ms * 1e6 + 0.5 AS INTEGER) END)",
    "json_group_array(CAST(m.first_chunk_ms * 1e6 + 0.5 AS INTEGER))",
)


@dataclass(slots=True)
class Asked:
    """Columns of some model calls, in one order."""

    settings: list[int | None]
    """The row of ``model_settings``."""
    usages: list[dict[str, Any] | int | None]
    """What the provider reported; a number: the key of the content that says it."""
    failed: list[int]
    """1: the call gave no output, or an error."""
    durations_ns: list[int | None]
    first_chunks_ns: list[int | None]


def read_asked(
    connection: sqlite3.Connection,
    scope: Scope,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Asked]:
    """Give the model calls in the window and the traces of a scope, whatever their model."""
    row = connection.execute("SELECT min(key), max(key) FROM model_call_rows").fetchone()
    if row[0] is None:
        return
    traces = trace_keys(connection, scope)
    columns = [*_COLUMNS, *([] if traces is None else ["json_group_array(m.trace)"])]
    starts = range(row[0], row[1] + 1, _ROWS)
    tasks = [partial(_read, connection, scope, columns, start) for start in starts]
    for number, (*lists, of) in enumerate(in_turn(connection, tasks), 1):
        tell(min(number * _ROWS, row[1] + 1 - row[0]), row[1] + 1 - row[0])
        if traces is not None:
            counts = list(map(traces.__contains__, of))
            lists = [list(compress(column, counts)) for column in lists]
        yield Asked(*lists)


def _read(
    connection: sqlite3.Connection, scope: Scope, columns: list[str], start: int
) -> list[list[Any]]:
    """Return columns of calls by their keys, and an empty one or their traces last."""
    in_window, moments = scope.moments("m.started_us")
    row = connection.execute(
        f"SELECT {', '.join(columns)} FROM model_call_rows m "
        f"WHERE m.key >= ? AND m.key < ? AND {in_window}",
        [start, start + _ROWS, *moments],
    ).fetchone()
    lists = [orjson.loads(text or "[]") for text in row]
    return lists if len(lists) > len(_COLUMNS) else [*lists, []]
