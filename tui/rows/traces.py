"""The list of traces: its order as an array of row keys, its rows in blocks read by key.

The keys of a million traces are 8 MB, found in a thread, first page first; a block of rows is read
when it is shown. So opening, paging and jumping to the end cost the same at every size.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import orjson

from replay.records.codes import UNJUDGED
from replay.records.replays import WHAT_IF
from replay.store.database import store_error
from replay.store.record_rows import RecordReader
from replay.store.times import iso_text
from tui.rows.approvals import RUNS_MAX, approved_pairs, run_approvals
from tui.rows.database import Database
from tui.rows.filters import TraceFilter
from tui.rows.sorting import TODAY, TraceSort
from tui.rows.unmet import unmet_words
from tui.rows.verdict_order import worst_first

BLOCK_SIZE: Final = 256
BLOCKS_MAX: Final = 64
_CHUNK: Final = 65_536
"""Newest replay runs that a block of traces looks for its verdicts in; 0.3 ms each, at worst."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One line of the list of traces."""

    key: int
    id: str
    app: str | None
    started_at: str
    ended: bool
    outcome: str | None
    source: str
    model: str | None
    model_call_count: int
    tool_call_count: int
    outcome_counts: dict[str, int]
    asked: str | None
    """The first words of the user."""
    verdicts: dict[str, int] = field(default_factory=dict)
    """Calls by verdict in the newest replay run that judged this trace; empty: none did. Approved
    ones count as ``approved``."""

    @property
    def failed_count(self) -> int:
        """Tool calls that did not end well."""
        return sum(count for name, count in self.outcome_counts.items() if name != "ok")

    @property
    def is_live(self) -> bool:
        """Recorded, and not ended: it runs now, or its process died."""
        return self.source == "recorded" and not self.ended


class TraceList:
    """The traces that a filter selects, in one order."""

    def __init__(
        self, database: Database, wanted: TraceFilter, sort: TraceSort | None = None
    ) -> None:
        """Empty until `find` ran. ``sort``: None: the newest first."""
        self.database = database
        self.wanted = wanted
        self.sort = sort or TraceSort()
        self.keys: array[int] = array("q")
        self.is_complete = False
        self._blocks: OrderedDict[int, list[TraceLine]] = OrderedDict()
        self._finder: sqlite3.Connection | None = None
        self.unmet = ""
        """What the filter names though no trace has it, where that is why nothing is found."""
        self.is_stopped = False
        """Ended before everything was found: by Esc, or for another list."""

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, on_progress: Callable[[], None] | None = None) -> None:
        """Find the order of all rows; ``on_progress`` after the first page and then now and then.

        Meant for a thread: `stop` ends it from another one.

        Raises:
            StoreError: the database cannot be read.
        """
        connection = self.database.reading_connection()
        self._finder = connection
        size = BLOCK_SIZE
        try:
            is_by_today = self.sort.name == TODAY
            asks = bool(self.wanted.verdicts) or is_by_today
            approved = approved_pairs(self.database) if asks else None
            conditions = self.wanted.conditions(connection, approved)
            cursor = connection.execute(
                f"SELECT r.key FROM trace_rows r WHERE {conditions.sql} "
                f"ORDER BY {self.sort.sql(conditions)}",
                conditions.values,
            )
            if self.wanted:
                size = 16  # a filter shows what it has while it goes on looking
            while not self.is_stopped and (rows := cursor.fetchmany(size)):
                self.keys.extend(row[0] for row in rows)
                size = min(size * 4, _CHUNK)
                if on_progress is not None and not is_by_today:
                    on_progress()
            if is_by_today:
                self._sort_by_today(connection, approved)
            if not self.keys and not self.is_stopped:
                self.unmet = unmet_words(connection, self.wanted.selection)
            self.is_complete = not self.is_stopped
        except sqlite3.Error as error:
            if not self.is_stopped:
                raise store_error(error, self.database.path) from error
        finally:
            self._finder = None
            connection.close()

    def _sort_by_today(self, connection: sqlite3.Connection, approved: str | None) -> None:
        self.keys = worst_first(
            connection,
            self.keys,
            approved,
            is_reversed=self.sort.is_reversed,
            is_over=lambda: self.is_stopped,
        )

    def stop(self) -> None:
        """End a `find` that runs in another thread."""
        self.is_stopped = True
        finder = self._finder
        if finder is not None:
            finder.interrupt()

    def line(self, index: int) -> TraceLine | None:
        """Return the row at ``index``; None: there is none, or it is gone from the database."""
        number, offset = divmod(index, BLOCK_SIZE)
        block = self._blocks.get(number)
        if block is None or (offset >= len(block) and index < len(self.keys)):
            block = self._blocks[number] = self._read(number)
            if len(self._blocks) > BLOCKS_MAX:
                self._blocks.popitem(last=False)
        return block[offset] if offset < len(block) else None

    def index_of(self, key: int, *, near: int = 0) -> int | None:
        """Return where the row of ``key`` is, looking around ``near`` first."""
        around = self.keys[max(0, near - 512) : near + 512]
        try:
            return max(0, near - 512) + around.index(key)
        except ValueError:
            pass
        try:
            return self.keys.index(key)
        except ValueError:
            return None

    def _read(self, number: int) -> list[TraceLine]:
        keys = self.keys[number * BLOCK_SIZE : (number + 1) * BLOCK_SIZE]
        if not keys:
            return []
        marks = ", ".join("?" * len(keys))
        with self.database.reading() as connection:
            verdicts = verdict_counts(connection, self.database.records, list(keys))
            rows = connection.execute(
                "SELECT key, id, app, started_us, ended_us, outcome, source, model, "
                "model_call_count, tool_call_count, outcome_counts, first_user_text "
                f"FROM trace_rows WHERE key IN ({marks})",
                list(keys),
            ).fetchall()
            asked = self.database.records.asked
            rows = [(*row[:-1], asked(row[1], row[-1])) for row in rows]
        lines = {row[0]: _line(row, verdicts.get(row[0], {})) for row in rows}
        return [lines[key] for key in keys if key in lines]


def trace_count(database: Database) -> int:
    """Return how many traces the database has."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT record_count FROM record_totals WHERE kind = 'trace'"
        ).fetchone()
    return int(row[0]) if row else 0


def row_of(database: Database, trace_id: str | None) -> int | None:
    """Return the row of the trace with this whole id; None: there is none."""
    if trace_id is None:
        return None
    with database.reading() as connection:
        row = connection.execute("SELECT key FROM trace_rows WHERE id = ?", (trace_id,)).fetchone()
    return int(row[0]) if row else None


def call_count(database: Database) -> int:
    """Return how many tool calls the database has."""
    with database.reading() as connection:
        row = connection.execute(
            "SELECT record_count FROM record_totals WHERE kind = 'tool_call'"
        ).fetchone()
    return int(row[0]) if row else 0


def _line(row: tuple[object, ...], verdicts: dict[str, int]) -> TraceLine:
    key, id_, app, started, ended, outcome, source, model, models, tools, counts, asked = row
    return TraceLine(
        key=key,  # type: ignore[arg-type]  # the columns' types are the store's
        id=id_,  # type: ignore[arg-type]
        app=app,  # type: ignore[arg-type]
        started_at=iso_text(started),  # type: ignore[arg-type]
        ended=ended is not None,
        outcome=outcome,  # type: ignore[arg-type]
        source=source or "recorded",  # type: ignore[arg-type]
        model=model,  # type: ignore[arg-type]
        model_call_count=models,  # type: ignore[arg-type]
        tool_call_count=tools,  # type: ignore[arg-type]
        outcome_counts=orjson.loads(counts),  # type: ignore[arg-type]
        asked=asked,  # type: ignore[arg-type]
        verdicts=verdicts,
    )


def verdict_counts(
    connection: sqlite3.Connection, records: RecordReader, keys: list[int]
) -> dict[int, dict[str, int]]:
    """Count the verdicts of each trace in the newest run that judged it, else in the newest."""
    found: dict[int, dict[str, int]] = {}
    unjudged: dict[int, dict[str, int]] = {}
    runs = connection.execute(
        f"SELECT key FROM replay_run_rows WHERE id NOT GLOB '{WHAT_IF}*' "
        "ORDER BY started_us DESC, key DESC LIMIT ?",
        (RUNS_MAX,),
    ).fetchall()
    for (run,) in runs:
        left = [key for key in keys if key not in found]
        if not left:
            break
        counts, judged = _counts_in(connection, records, run, left)
        found |= {trace: counts[trace] for trace in judged}
        unjudged = {one: counts[one] for one in counts.keys() - judged} | unjudged
    return unjudged | found


def _counts_in(
    connection: sqlite3.Connection, records: RecordReader, run: int, traces: list[int]
) -> tuple[dict[int, dict[str, int]], set[int]]:
    """Count the verdicts that a run has of each of ``traces``; second: those it judged."""
    found: dict[int, dict[str, int]] = {}
    judged: set[int] = set()
    marks = ", ".join("?" * len(traces))
    rows = connection.execute(
        "SELECT trace, verdict, signature, coalesce(approved, 0), count(*) "
        f"FROM call_verdict_rows WHERE run = ? AND trace IN ({marks}) GROUP BY 1, 2, 3, 4",
        [run, *traces],
    ).fetchall()
    approvals = run_approvals(connection, records, run) if rows else None
    for trace, verdict, signature, approved, count in rows:
        assert approvals is not None
        said = verdict
        if approvals.holds(signature, was_approved=bool(approved)):
            said = "approved"
        counts = found.setdefault(trace, {})
        counts[said] = counts.get(said, 0) + count
        if verdict not in UNJUDGED:
            judged.add(trace)
    return found, judged
