"""The registry of tool schemas, counted anew from the rows: for old files, and for checking.

Both give what `schema_uses` keeps with every write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from replay.store.content_writing import ContentWriter
from replay.store.rows import RowWriter

_TOOLSETS: Final = "SELECT DISTINCT toolset FROM model_settings WHERE toolset IS NOT NULL"

_MODEL_CALLS: Final = """
WITH by_settings AS (
  SELECT settings, count(*) AS calls, min(started_us) AS first, max(started_us) AS last
  FROM model_call_rows GROUP BY settings
)
SELECT m.schema, sum(b.calls) AS calls, min(b.first) AS first, max(b.last) AS last
FROM by_settings b JOIN model_settings s ON s.key = b.settings
JOIN temp.toolset_schemas m ON m.toolset = s.toolset GROUP BY m.schema
"""

_VALIDATED: Final = """
SELECT s.key AS schema, min(c.started_us) AS first, max(c.started_us) AS last
FROM tool_call_rows c JOIN tool_schema_rows s ON s.id = c.schema_hash GROUP BY s.key
"""

_TRACES: Final = """
SELECT m.schema, c.trace FROM (
  SELECT DISTINCT s.toolset, m.trace FROM model_call_rows m
  JOIN model_settings s ON s.key = m.settings WHERE s.toolset IS NOT NULL
) c JOIN temp.toolset_schemas m ON m.toolset = c.toolset
UNION
SELECT s.key, c.trace FROM tool_call_rows c JOIN tool_schema_rows s ON s.id = c.schema_hash
"""

CALLS: Final = """
SELECT coalesce(shown.schema, 0) AS shown, coalesce(v.key, 0) AS validator, count(*) AS call_count
FROM tool_call_rows c
LEFT JOIN model_call_rows m ON m.key = c.model_call AND typeof(c.model_call) = 'integer'
LEFT JOIN model_settings s ON s.key = m.settings
LEFT JOIN temp.toolset_schemas shown
  ON shown.toolset = s.toolset AND shown.tool = c.tool AND shown.is_first
LEFT JOIN tool_schema_rows v ON v.id = c.schema_hash
WHERE shown.schema IS NOT NULL OR v.key IS NOT NULL
GROUP BY 1, 2
"""


_AT_ONCE_MAX: Final = 100_000
"""Calls of an older file up to which they are counted when it is opened: half a second."""


def count_now_or_later(connection: sqlite3.Connection) -> None:
    """Count the uses of an older file's schemas, or note that it is to be done.

    A recorder that opens a file of millions of calls must not wait half a minute for what only a
    person asks.
    """
    row = connection.execute(
        "SELECT total(record_count) FROM record_totals WHERE kind IN ('model_call', 'tool_call')"
    ).fetchone()
    if row[0] <= _AT_ONCE_MAX:
        recount(connection)
    else:
        connection.execute("INSERT INTO meta VALUES ('schemas_uncounted', ?)", (int(row[0]),))


def uncounted(connection: sqlite3.Connection) -> int:
    """Return how many calls are still to be counted; 0: all are."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'schemas_uncounted'").fetchone()
    return int(row[0]) if row else 0


def recount(connection: sqlite3.Connection) -> None:
    """Register every definition that a prompt holds and count all uses, in one's transaction.

    What no prompt holds any more and nothing was validated by goes.
    """
    contents = ContentWriter(connection)
    contents.begin()
    rows = RowWriter(connection, contents)
    connection.execute("DELETE FROM schema_traces")
    connection.execute("DELETE FROM schema_calls")
    connection.execute("UPDATE tool_schema_rows SET trace_count = 0, model_call_count = 0")
    connection.execute(
        "CREATE TEMP TABLE toolset_schemas (toolset INTEGER, tool TEXT, schema INTEGER, "
        "is_first INTEGER, PRIMARY KEY (toolset, schema)) WITHOUT ROWID"
    )
    try:
        _list_toolsets(connection, rows)
        rows.finish()
        contents.finish()
        _count(connection)
        remove_unused(connection)
        connection.execute("DELETE FROM meta WHERE name = 'schemas_uncounted'")
    finally:
        connection.execute("DROP TABLE temp.toolset_schemas")


def _list_toolsets(connection: sqlite3.Connection, rows: RowWriter) -> None:
    for (toolset,) in connection.execute(_TOOLSETS).fetchall():
        found = rows.schemas.toolset(toolset)
        connection.executemany(
            "INSERT INTO temp.toolset_schemas VALUES (?, ?, ?, ?)",
            [
                (toolset, tool, schema, schema == found.by_tool[tool])
                for tool, schema in _named(connection, found.schemas)
            ],
        )


def _named(connection: sqlite3.Connection, schemas: frozenset[int]) -> Iterator[tuple[str, int]]:
    for schema in schemas:
        row = connection.execute("SELECT tool FROM tool_schema_rows WHERE key = ?", (schema,))
        yield row.fetchone()[0], schema


def _count(connection: sqlite3.Connection) -> None:
    for counted, calls in ((_MODEL_CALLS, "u.calls"), (_VALIDATED, "0")):
        connection.execute(
            f"UPDATE tool_schema_rows SET model_call_count = model_call_count + {calls}, "
            "first_seen_us = min(u.first, coalesce(first_seen_us, u.first)), "
            "last_seen_us = max(u.last, coalesce(last_seen_us, u.last)) "
            f"FROM ({counted}) u WHERE u.schema = tool_schema_rows.key"
        )
    connection.execute(f"INSERT INTO schema_traces {_TRACES}")
    connection.execute(f"INSERT INTO schema_calls {CALLS}")
    connection.execute(
        "UPDATE tool_schema_rows SET trace_count = u.traces FROM ("
        "SELECT schema, count(*) AS traces FROM schema_traces GROUP BY schema) u "
        "WHERE u.schema = tool_schema_rows.key"
    )


def remove_unused(connection: sqlite3.Connection) -> None:
    """Remove definitions that no prompt holds any more and nothing was validated by."""
    removed = connection.execute(
        "DELETE FROM tool_schema_rows WHERE model_call_count = 0 AND dialect <> 'pydantic' "
        "AND extra IS NULL AND key NOT IN (SELECT validator FROM schema_calls)"
    ).rowcount
    connection.execute(
        "UPDATE record_totals SET record_count = record_count - ? WHERE kind = 'tool_schema'",
        (removed,),
    )
