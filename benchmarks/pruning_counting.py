"""What went, counted in SQL of the benchmark's own; and the floor: SQLite's DELETE and VACUUM."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.pruning_database import FOREVER_SQL, OWN_SQL, SPARED_SQL
from replay.store import Store

_COUNTED: Final = {
    "trace_count": "main.trace_rows WHERE key",
    "model_call_count": "main.model_call_rows WHERE trace",
    "tool_call_count": "main.tool_call_rows WHERE trace",
    "verdict_count": "main.call_verdict_rows WHERE trace",
}
"""By what `replay prune --json` calls it."""
_LIVE: Final = "SELECT key FROM left_db.trace_rows WHERE id GLOB 'live-*'"


@contextmanager
def both(original: Path, path: Path) -> Iterator[sqlite3.Connection]:
    """Give the database as it was, with that which is left attached as ``left_db``."""
    connection = sqlite3.connect(original)
    connection.execute("ATTACH ? AS left_db", (str(path),))
    try:
        yield connection
    finally:
        connection.close()


def differences(
    original: Path,
    path: Path,
    told: dict[str, Any],
    due: str | None,
    *,
    live_count: int,
    spared: str = SPARED_SQL,
) -> list[str]:
    """Return where what was told, what was due, and what is there do not fit together.

    ``due``: a query for the keys of the traces that were; None: whatever went was.
    """
    wrong = []
    with both(original, path) as connection:
        for statement in (
            "CREATE TEMP TABLE gone AS SELECT key FROM main.trace_rows "
            "WHERE id NOT IN (SELECT id FROM left_db.trace_rows)",
            "CREATE TEMP TABLE kept AS SELECT key FROM main.trace_rows "
            "WHERE id IN (SELECT id FROM left_db.trace_rows)",
            f"CREATE TEMP TABLE spared AS {spared}",
        ):
            connection.execute(statement)
        if due is not None:
            connection.execute(f"CREATE TEMP TABLE due AS {due}")
            too_many = _one(
                connection,
                "SELECT count(*) FROM temp.gone WHERE key NOT IN (SELECT key FROM temp.due)",
            )
            too_few = _one(
                connection,
                "SELECT count(*) FROM temp.kept WHERE key IN (SELECT key FROM temp.due) "
                "AND key NOT IN (SELECT key FROM temp.spared)",
            )
            if too_many or too_few:
                wrong.append(f"{too_many:,} traces went and were not due, {too_few:,} stayed")
        spared_gone = _one(
            connection,
            "SELECT count(*) FROM temp.gone WHERE key IN (SELECT key FROM temp.spared)",
        )
        if spared_gone:
            wrong.append(f"{spared_gone:,} held or pinned traces went")
        for name, table in _COUNTED.items():
            had = _one(connection, f"SELECT count(*) FROM {table} IN (SELECT key FROM temp.gone)")
            left = _one(
                connection,
                f"SELECT count(*) FROM {table.replace('main.', 'left_db.')} IN "
                "(SELECT key FROM temp.gone)",
            )
            if had - left != told[name] or left:
                wrong.append(f"{name} is {told[name]:,}, and {had:,} went; {left:,} are left")
        live = _one(
            connection, f"SELECT count(*) FROM left_db.tool_call_rows WHERE trace IN ({_LIVE})"
        )
        if live != live_count:
            wrong.append(f"{live_count:,} calls were recorded meanwhile, {live:,} are there")
    return wrong


def live_count(path: Path) -> int:
    """Return how many calls there are that were recorded meanwhile."""
    with both(path, path) as connection:
        return _one(
            connection, f"SELECT count(*) FROM left_db.tool_call_rows WHERE trace IN ({_LIVE})"
        )


def not_the_oldest(original: Path, path: Path) -> list[str]:
    """Say whether a trace went for its size that is newer than one that stayed."""
    with both(original, path) as connection:
        there = "IN (SELECT id FROM left_db.trace_rows)"
        newest, oldest = connection.execute(
            f"SELECT (SELECT max(started_us) FROM main.trace_rows WHERE id NOT {there} "
            f"AND key NOT IN ({OWN_SQL})), "
            f"(SELECT min(started_us) FROM main.trace_rows WHERE id {there} "
            f"AND key NOT IN ({SPARED_SQL}) AND key NOT IN ({FOREVER_SQL}))"
        ).fetchone()
    if newest is None:
        return ["no trace went"]
    return ["a trace went that is newer than one that is left"] if newest > oldest else []


def problems(path: Path) -> list[str]:
    """Return what `replay db check` finds."""
    with Store.open(path) as store:
        return [str(one) for one in store.check()]


def delete_and_vacuum(path: Path, until_us: int) -> None:
    """Remove what started before, with nothing but SQLite: counts and texts do not fit after."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TEMP TABLE going (key NOT NULL PRIMARY KEY)")
    connection.execute(
        "INSERT INTO temp.going SELECT key FROM trace_rows WHERE started_us < ?", (until_us,)
    )
    for table in ("tool_call_rows", "model_call_rows", "prompt_messages", "call_verdict_rows"):
        connection.execute(f"DELETE FROM {table} WHERE trace IN (SELECT key FROM temp.going)")
    connection.execute("DELETE FROM trace_rows WHERE key IN (SELECT key FROM temp.going)")
    connection.execute("COMMIT")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _one(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
