"""Do the counts of the registry of tool schemas fit the rows that they count?"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import orjson

from replay.records.definitions import schema_id, shown_definitions
from replay.store.contents import ContentReader
from replay.store.problems import CHANGED, Problem
from replay.store.record_rows import UNREADABLE

Found = Iterator[tuple[str, Problem]]


def schema_counts(connection: sqlite3.Connection) -> Found:
    """Find schemas whose kept counts are other than what the rows say."""
    if not is_counted(connection):
        return
    names = dict(connection.execute("SELECT key, tool FROM tool_schema_rows"))
    shown = _Shown(connection)
    columns = connection.execute("SELECT key, trace_count, model_call_count FROM tool_schema_rows")
    rows = columns.fetchall()
    traces = dict(connection.execute("SELECT schema, count(*) FROM schema_traces GROUP BY schema"))
    for what, told, counted in (
        ("traces", {key: one for key, one, _ in rows}, shown.traces(connection)),
        ("listed traces", traces, shown.traces(connection)),
        ("model calls", {key: one for key, _, one in rows}, shown.model_calls(connection)),
        ("calls", _told_calls(connection), shown.calls(connection)),
    ):
        for key in sorted({*told, *counted}):
            stored, there = told.get(key, 0), counted.get(key, 0)
            if stored != there:
                said = (
                    f"{there:,} {what} of a schema of {names.get(key)} are there, {stored:,} were"
                )
                yield f"schema {what}", Problem(f"{said} counted", "tool_schemas", CHANGED)


def is_counted(connection: sqlite3.Connection) -> bool:
    """Say whether the file counts what schemas are used for: older ones do once they are asked."""
    rows = connection.execute(
        "SELECT name, value FROM meta WHERE name IN ('format', 'schemas_uncounted')"
    )
    said = dict(rows.fetchall())
    return int(said["format"]) >= 2 and "schemas_uncounted" not in said


def _told_calls(connection: sqlite3.Connection) -> Counter[int]:
    found: Counter[int] = Counter()
    for shown, validator, count in connection.execute("SELECT * FROM schema_calls"):
        for key in {shown, validator} - {0}:
            found[key] += count
    return found


class _Shown:
    """The schemas of each toolset, read from its definitions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._keys = dict(connection.execute("SELECT id, key FROM tool_schema_rows"))
        contents = ContentReader(connection)
        self._toolsets: dict[int, list[tuple[str, int]]] = {}
        for toolset, listed in connection.execute("SELECT key, contents FROM toolsets").fetchall():
            try:
                entries = [contents.json(key) for key in orjson.loads(listed)]
            except UNREADABLE:
                entries = []  # other parts of the check tell of it
            named = [one for entry in entries for one in shown_definitions(entry)]
            ids = [schema_id(one.tool, None, one.dialect, one.definition) for one in named]
            pairs = zip(named, ids, strict=True)
            self._toolsets[toolset] = [
                (one.tool, self._keys[identity])
                for one, identity in pairs
                if identity in self._keys
            ]

    def model_calls(self, connection: sqlite3.Connection) -> Counter[int]:
        found: Counter[int] = Counter()
        for toolset, count in connection.execute(
            "SELECT s.toolset, count(*) FROM model_call_rows m "
            "JOIN model_settings s ON s.key = m.settings GROUP BY s.toolset"
        ):
            for key in {key for _, key in self._toolsets.get(toolset, [])}:
                found[key] += count
        return found

    def traces(self, connection: sqlite3.Connection) -> Counter[int]:
        """Count trace by trace: all pairs of millions of traces are more than memory holds."""
        found: Counter[int] = Counter()
        rows = connection.execute(
            "SELECT DISTINCT m.trace, s.toolset, NULL FROM model_call_rows m "
            "JOIN model_settings s ON s.key = m.settings WHERE s.toolset IS NOT NULL "
            "UNION ALL SELECT DISTINCT trace, NULL, schema_hash FROM tool_call_rows "
            "WHERE schema_hash IS NOT NULL ORDER BY 1"
        )
        for _, of_trace in groupby(rows, key=itemgetter(0)):
            used: set[int] = set()
            for _, toolset, validator in of_trace:
                used |= {key for _, key in self._toolsets.get(toolset, [])}
                used.add(self._keys.get(validator, 0))
            found.update(used - {0})
        return found

    def calls(self, connection: sqlite3.Connection) -> Counter[int]:
        found: Counter[int] = Counter()
        for toolset, tool, validator, count in connection.execute(
            "SELECT s.toolset, c.tool, c.schema_hash, count(*) FROM tool_call_rows c "
            "LEFT JOIN model_call_rows m ON m.key = c.model_call "
            "AND typeof(c.model_call) = 'integer' "
            "LEFT JOIN model_settings s ON s.key = m.settings GROUP BY 1, 2, 3"
        ):
            of_tool = [key for name, key in self._toolsets.get(toolset, []) if name == tool]
            for key in {*of_tool[:1], self._keys.get(validator, 0)} - {0}:
                found[key] += count
        return found
