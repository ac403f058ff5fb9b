"""Who refers to which content: for removing what nobody does, and for checking."""

from __future__ import annotations

import sqlite3

import orjson

from replay.store.contents import REFERENCE, ContentReader
from replay.store.database import format_of
from replay.store.layout import layouts_of


def reference_queries(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return where contents are referred to, and the query that yields the keys."""
    queries = [
        ("prompt_messages.content", "SELECT content AS key FROM prompt_messages"),
        (
            "toolsets.contents",
            "SELECT t.value AS key FROM toolsets, json_each(toolsets.contents) t",
        ),
    ]
    for layout in layouts_of(format_of(connection)):
        names = [(c.name, c.shared) for c in layout.columns if c.form in ("text", "json")]
        for name, shared in [*names, ("extra", False)]:
            table = "model_settings" if shared else layout.table
            # 0 and -1 stand for "as the arguments" and "as the response".
            queries.append(
                (
                    f"{table}.{name}",
                    f"SELECT {name} AS key FROM {table} "
                    f"WHERE typeof({name}) = 'integer' AND {name} > 0",
                )
            )
    return queries


def keep_referenced(connection: sqlite3.Connection, contents: ContentReader) -> int:
    """Remove the contents that nothing refers to; return how many."""
    # Who frees contents meanwhile stops: what it saw of them is not true any more.
    connection.execute("DELETE FROM meta WHERE name = 'freeing'")
    connection.execute("CREATE TEMP TABLE kept (key INTEGER PRIMARY KEY)")
    try:
        for _, query in reference_queries(connection):
            connection.execute(f"INSERT OR IGNORE INTO temp.kept {query}")
        split = connection.execute(
            "SELECT key FROM contents WHERE form = 'split' AND key IN (SELECT key FROM temp.kept)"
        ).fetchall()
        for (key,) in split:
            connection.executemany(
                "INSERT OR IGNORE INTO temp.kept VALUES (?)",
                [(part,) for part in references_in(contents.body(key)[1])],
            )
        removed = connection.execute(
            "DELETE FROM contents WHERE key NOT IN (SELECT key FROM temp.kept)"
        ).rowcount
        if removed:
            connection.execute(
                "DELETE FROM content_hashes WHERE content NOT IN (SELECT key FROM temp.kept)"
            )
    finally:
        connection.execute("DROP TABLE temp.kept")
    return removed


def references_in(split_body: bytes) -> list[int]:
    """Return the keys of the texts that a split content stands on."""
    found: list[int] = []
    waiting = [orjson.loads(split_body)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if len(value) == 1 and REFERENCE in value:
                found.append(value[REFERENCE])
            else:
                waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found
