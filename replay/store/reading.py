"""The questions that the command line and the terminal UI ask of a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from replay.errors import SelectionError, StoreError
from replay.records import (
    Attempt,
    Feedback,
    Interaction,
    ModelCall,
    Pin,
    Selection,
    ToolCall,
    Trace,
    Transcript,
)
from replay.records.sensitive import SHAPE_TEXT
from replay.store.audit import Entry, read_entries
from replay.store.captured import CapturedCall, CapturedReader
from replay.store.cassettes import StoredCassette, read_cassettes
from replay.store.holds import Hold, read_holds
from replay.store.json_text import decode
from replay.store.reading_runs import RunReading
from replay.store.reading_schemas import SchemaReading
from replay.store.reading_sql import SqlReading
from replay.store.record_rows import RecordReader
from replay.store.sampling import Chosen, chosen
from replay.store.schemas import read_trace_keys
from replay.store.selecting import (
    IS_KNOWN,
    call_conditions,
    distinct_models,
    nearest_id,
    selected_traces,
    trace_conditions,
    trace_key,
)
from replay.store.times import iso_text


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One line of a list of traces."""

    id: str
    app: str | None
    started_at: str
    ended_at: str | None
    outcome: str | None
    source: str
    model: str | None
    """The model version that answered last, or None."""
    model_call_count: int
    tool_call_count: int
    outcome_counts: dict[str, int]
    """Tool calls by outcome."""
    first_user_text: str | None
    """The first words of the user, on one line, at most 200 characters."""

    @property
    def step_count(self) -> int:
        """Model calls and tool calls."""
        return self.model_call_count + self.tool_call_count


@dataclass(frozen=True, slots=True)
class ToolCount:
    """How often one version of a tool was called."""

    tool: str
    tool_version: str | None
    call_count: int
    outcome_counts: dict[str, int]


class Reading(SchemaReading, RunReading, SqlReading):
    """The reading half of `replay.store.Store`."""

    # -- traces and calls -------------------------------------------------------------------------

    def trace_ids(self, selection: Selection | None = None) -> list[str]:
        """Return the ids of the selected traces, by start, then id.

        With a limit they are the newest ones, still oldest first; with a sample, only those in it.
        """
        return self.chosen(selection).trace_ids

    def trace_ids_named(self) -> list[str]:
        """Return the ids of all traces, and of those that are not stored but have feedback."""
        with self._snapshot() as connection:
            rows = connection.execute("SELECT id FROM trace_rows ORDER BY started_us, id")
            return [one for (one,) in rows]

    def feedback_of_no_trace(self) -> list[tuple[str, int]]:
        """Return the ids of traces that are not stored (yet), with how much feedback names each."""
        with self._snapshot() as connection:
            rows = connection.execute(
                "SELECT r.id, count(*) FROM feedback_rows f JOIN trace_rows r ON r.key = f.trace "
                f"WHERE NOT {IS_KNOWN} GROUP BY r.id ORDER BY r.id"
            )
            return [(one, count) for one, count in rows]

    def chosen(self, selection: Selection | None = None) -> Chosen:
        """Return the ids of the selected traces, as `trace_ids`, and how a sample was chosen."""
        selection = selection or Selection()
        if selection.sample is not None:
            with self._snapshot() as connection:
                return chosen(connection, selection, selection.sample)
        with self._snapshot() as connection:
            query, values, order = _trace_query(connection, selection, "r.id, r.started_us")
            query += order
            if selection.limit is not None:
                query += f" LIMIT {int(selection.limit)}"
            rows = connection.execute(query, values).fetchall()
        return Chosen([row[0] for row in reversed(rows)])

    def tools_by_trace(self, trace_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the tools that each of these traces called, sorted; traces without calls lack."""
        found: dict[str, list[str]] = {}
        with self._snapshot() as connection:
            for start in range(0, len(trace_ids), _AT_ONCE):
                part = trace_ids[start : start + _AT_ONCE]
                for trace_id, tool in connection.execute(
                    "SELECT DISTINCT r.id, c.tool FROM trace_rows r JOIN tool_call_rows c "
                    "INDEXED BY tool_calls_by_trace ON c.trace = +r.key "
                    f"WHERE r.id IN ({', '.join('?' * len(part))}) ORDER BY r.id, c.tool",
                    part,
                ):
                    found.setdefault(trace_id, []).append(tool)
        return found

    def traces(
        self,
        selection: Selection | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
    ) -> list[TraceRow]:
        """Return a page of the selected traces, newest first; ``after`` is the last id before."""
        selection = selection or Selection()
        with self._snapshot() as connection:
            query, values, order = _trace_query(connection, selection, _TRACE_ROW)
            if after is not None:
                query += (
                    " AND (r.started_us, r.id) < "
                    "(SELECT started_us, id FROM trace_rows WHERE key = ?)"
                )
                values.append(trace_key(connection, after))
            query += f"{order} LIMIT {int(limit)}"
            return self._trace_rows(connection.execute(query, values))

    def transcript(self, trace_id: str, *, prompts: bool = True) -> Transcript:
        """Return a whole trace; ``trace_id`` may be a unique prefix.

        Prompts of one transcript share their message values: read them, do not change them.
        ``prompts=False`` is what a replay reads, at a tenth of the cost: of model calls their
        names only, of tool calls that have a response no results, stages and attributes; no
        attempts, no feedback, no pins.

        Raises:
            SelectionError: no trace, or several, have that id.
        """
        with self._snapshot() as connection:
            key = trace_key(connection, trace_id)
            records = self._record_reader()
            trace: Trace = records.records("trace", "r.key = ?", [key])[0]
            if not prompts:
                return _without_prompts(records, key, trace)
            steps: list[ModelCall | ToolCall] = [
                *records.records("model_call", "r.trace = ?", [key]),
                *records.records("tool_call", "r.trace = ?", [key]),
            ]
            steps.sort(key=lambda step: step.step_number)
            interactions = _interactions(records, key)
            attempts: list[Attempt] = records.records(
                "attempt",
                "r.call_id IN (SELECT c.id FROM tool_call_rows c WHERE c.trace = ? "
                "UNION ALL SELECT m.id FROM model_call_rows m WHERE m.trace = ?)",
                [key, key],
                "r.attempt_number",
            )
            feedback: list[Feedback] = records.records(
                "feedback", "r.trace = ?", [key], "r.created_us, r.id"
            )
            pins: list[Pin] = records.records("pin", "r.trace = ?", [key], "r.step_number")
        return Transcript(
            trace=trace,
            steps=steps,
            interactions=_grouped(interactions, "tool_call_id"),
            attempts=_grouped(attempts, "call_id"),
            feedback=feedback,
            pins=pins,
        )

    def pins(self) -> list[Pin]:
        """Return all pins, oldest first."""
        with self._snapshot():
            found: list[Pin] = self._record_reader().records("pin", "1", [], "r.pinned_us, r.id")
            return found

    def holds(self) -> list[Hold]:
        """Return the traces that are held, those that are longest first."""
        with self._snapshot() as connection:
            return read_holds(connection)

    def audit_entries(self, limit: int | None = None) -> list[Entry]:
        """Return who read, exported or removed what, the newest first."""
        with self._snapshot() as connection:
            return read_entries(connection, limit)

    def tool_call(self, tool_call_id: str) -> ToolCall:
        """Return one tool call.

        Raises:
            SelectionError: there is none of that id.
        """
        with self._snapshot() as connection:
            found: list[ToolCall] = self._record_reader().records(
                "tool_call", "r.id = ?", [tool_call_id]
            )
            if not found:
                raise SelectionError(
                    f"There is no tool call {tool_call_id!r}.",
                    nearest=nearest_id(connection, "tool_call_rows", tool_call_id),
                )
            return found[0]

    def tool_calls(
        self, selection: Selection | None = None, *, after: str | None = None, limit: int = 100
    ) -> list[ToolCall]:
        """Return a page of the selected tool calls, the last stored first.

        ``after`` is the last id of the page before.
        """
        selection = selection or Selection()
        with self._snapshot() as connection:
            on_call = call_conditions(connection, selection)
            on_trace = trace_conditions(connection, selection)
            if on_trace.texts:
                on_call.add(
                    f"EXISTS (SELECT 1 FROM trace_rows r WHERE r.key = c.trace AND {on_trace.sql})",
                    *on_trace.values,
                )
            if after is not None:
                on_call.add("c.key < (SELECT key FROM tool_call_rows WHERE id = ?)", after)
            keys = connection.execute(
                f"SELECT c.key FROM tool_call_rows c WHERE {on_call.sql} "
                f"ORDER BY {'+' if on_call.is_rare else ''}c.key DESC LIMIT {int(limit)}",
                on_call.values,
            ).fetchall()
            marks = ", ".join("?" * len(keys))
            found: list[ToolCall] = self._record_reader().records(
                "tool_call",
                f"r.key IN ({marks})",
                [row[0] for row in keys],
                "r.key DESC",
            )
            return found

    def cassettes(
        self, selection: Selection | None = None, *, with_empty: bool = False
    ) -> list[StoredCassette]:
        """Return the cassettes of the selected calls: by start of their trace, its id, and step.

        With a limit they are those of the newest traces that have any. ``with_empty``: calls that
        asked nothing, too.
        """
        with self._snapshot() as connection:
            return read_cassettes(
                connection,
                self._record_reader(),
                selection or Selection(),
                with_empty=with_empty,
            )

    def captured_calls(self, selection: Selection | None = None) -> Iterator[CapturedCall]:
        """Return what the selected calls gave their tools, in the order they were stored.

        Not those of which only the shape is stored: what they gave is not known. Reads a page at a
        time, whatever their number; calls that are stored meanwhile come too.
        """
        reader: CapturedReader | None = None
        calls: list[CapturedCall] = []
        key = 0
        while reader is None or calls:
            with self._snapshot() as connection:
                if reader is None or reader.connection is not connection:
                    reader = self._captured_reader(connection, selection)
                calls, key = reader.page(key)
            yield from (one for one in calls if not one.arguments.startswith(SHAPE_TEXT))

    def captured_call_count(self, selection: Selection | None = None) -> int:
        """Return how many calls `captured_calls` gives."""
        with self._snapshot() as connection:
            return self._captured_reader(connection, selection).count()

    def _captured_reader(
        self, connection: sqlite3.Connection, selection: Selection | None
    ) -> CapturedReader:
        assert self._contents is not None
        return CapturedReader(connection, self._contents, selection or Selection())

    def schema_traces(self, schema_id: str, *, limit: int = 10) -> list[TraceRow]:
        """Return traces that used a schema, those stored last first.

        Raises:
            SelectionError: there is no such schema.
        """
        self._count_schemas()
        with self._snapshot() as connection:
            keys = read_trace_keys(connection, schema_id, limit)
            marks = ", ".join("?" * len(keys))
            rows = connection.execute(
                f"SELECT {_TRACE_ROW} FROM trace_rows r WHERE r.key IN ({marks}) "
                "ORDER BY r.key DESC",
                keys,
            )
            return self._trace_rows(rows)

    def _trace_rows(self, rows: Iterable[tuple[Any, ...]]) -> list[TraceRow]:
        found = [_trace_row(row) for row in rows]
        asked = self._record_reader().asked
        return [replace(row, first_user_text=asked(row.id, row.first_user_text)) for row in found]

    def models(self) -> list[str]:
        """Return every model name that was asked for or answered, sorted."""
        with self._snapshot() as connection:
            return distinct_models(connection)

    def tools(self) -> list[ToolCount]:
        """Return how often each version of each tool was called, by tool and version."""
        counts: dict[tuple[str, str], dict[str, int]] = {}
        with self._snapshot() as connection:
            for tool, version, outcome, count in connection.execute(
                "SELECT tool, tool_version, outcome, call_count FROM tool_totals "
                "WHERE call_count > 0 ORDER BY tool, tool_version, outcome"
            ):
                counts.setdefault((tool, version), {})[outcome] = count
        return [
            ToolCount(tool, version or None, sum(outcomes.values()), outcomes)
            for (tool, version), outcomes in counts.items()
        ]

    def counts(self) -> dict[str, int]:
        """Return how many records of each kind there are."""
        with self._snapshot() as connection:
            rows = connection.execute("SELECT kind, record_count FROM record_totals").fetchall()
        return dict(rows)


_AT_ONCE = 500
"""Ids named in one statement."""

_TRACE_ROW = (
    "r.id, r.app, r.started_us, r.ended_us, r.outcome, r.source, r.model, "
    "r.model_call_count, r.tool_call_count, r.outcome_counts, r.first_user_text"
)


def _trace_query(
    connection: sqlite3.Connection, selection: Selection, columns: str
) -> tuple[str, list[Any], str]:
    """Return the query without its end, its values, and its order: newest first."""
    found = selected_traces(connection, selection)
    order = f" ORDER BY {found.newest_first}"
    return f"SELECT {columns} FROM trace_rows r WHERE {found.sql}", found.values, order


def _trace_row(row: tuple[Any, ...]) -> TraceRow:
    return TraceRow(
        id=row[0],
        app=row[1],
        started_at=iso_text(row[2]),
        ended_at=None if row[3] is None else iso_text(row[3]),
        outcome=row[4],
        source=row[5] or "recorded",
        model=row[6],
        model_call_count=row[7],
        tool_call_count=row[8],
        outcome_counts=_counts(row[0], row[9]),
        first_user_text=row[10],
    )


def _counts(trace_id: str, text: str) -> dict[str, int]:
    try:
        counts: dict[str, int] = decode(text)
    except ValueError as error:
        raise StoreError(
            f"The trace {trace_id!r} cannot be read: its outcome_counts is {text!r:.80}: {error}.",
            hint="The file was changed outside replay. `replay db check` lists all that is wrong.",
        ) from error
    return counts


def _without_prompts(records: RecordReader, key: int, trace: Trace) -> Transcript:
    calls: list[ToolCall] = records.records(
        "tool_call", "r.trace = ?", [key], left_out=_NOT_REPLAYED
    )
    if any(call.response is None for call in calls):  # its result says what it answered
        whole = records.records("tool_call", "r.trace = ? AND r.response IS NULL", [key])
        by_id = {call.id: call for call in whole}
        calls = [by_id.get(call.id, call) for call in calls]
    steps: list[ModelCall | ToolCall] = [*records.model_call_names(key, trace.id), *calls]
    steps.sort(key=lambda step: step.step_number)
    interactions = _grouped(_interactions(records, key), "tool_call_id")
    return Transcript(trace=trace, steps=steps, interactions=interactions)


def _interactions(records: RecordReader, key: int) -> list[Interaction]:
    calls = "(SELECT +c.key FROM tool_call_rows c WHERE c.trace = ?)"
    return records.records("interaction", f"r.tool_call IN {calls}", [key], "r.interaction_index")


_NOT_REPLAYED = frozenset(("result", "stages", "bound_by", "attributes"))
"""Fields of a tool call that a replay does not read."""


def _grouped(records: list[Any], name: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for record in records:
        groups.setdefault(getattr(record, name), []).append(record)
    return groups
