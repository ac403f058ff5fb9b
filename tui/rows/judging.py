"""Traces that a replay run judged no call of, and those that it will judge none of."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from replay.records.replays import WHAT_IF
from replay.store.database import store_error
from replay.store.judging import SAYS_NOTHING
from tui.rows.database import Database


def judged_none_of(connection: sqlite3.Connection, run: int) -> sqlite3.Cursor:
    """Return the rows of the traces of which a run judged no call."""
    return connection.execute(
        "SELECT v.trace FROM call_verdict_rows v WHERE v.run = :run AND v.verdict <> 'same' "
        f"AND v.verdict IN {SAYS_NOTHING} GROUP BY v.trace HAVING count(*) = (SELECT count(*) "
        "FROM call_verdict_rows w WHERE w.run = :run AND w.trace = +v.trace)",
        {"run": run},
    )


@dataclass(frozen=True, slots=True)
class Strangers:
    """Traces that call tools, and none of those of a toolbox."""

    count: int
    of: int
    """All traces that were asked about and that call tools."""


def strangers(
    database: Database, toolbox: str, traces: Sequence[str], *, is_pinned: bool = False
) -> Strangers | None:
    """Return how many of ``traces`` have no tool of ``toolbox``, so that no call will be judged.

    None: no replay run tells what tools it has. Meant for a thread. ``traces``: ids; none: all, or
    with ``is_pinned`` those that are pinned.

    Raises:
        StoreError: the database cannot be read.
    """
    connection = database.reading_connection()
    try:
        tools = _tools_of(connection, toolbox)
        if tools is None:
            return None
        chosen = ""
        if is_pinned:
            chosen = "WHERE c.trace IN (SELECT p.trace FROM pin_rows p)"
        elif traces:
            chosen = (
                "WHERE c.trace IN (SELECT +t.key FROM trace_rows t WHERE t.id IN "
                "(SELECT value FROM json_each(:traces)))"
            )
        of, without = connection.execute(
            "SELECT count(*), coalesce(sum(known = 0), 0) FROM (SELECT max(c.tool IN (SELECT value "
            f"FROM json_each(:tools))) known FROM tool_call_rows c {chosen} GROUP BY c.trace)",
            {"tools": orjson.dumps(tools).decode(), "traces": orjson.dumps(list(traces)).decode()},
        ).fetchone()
        return Strangers(without, of)
    except sqlite3.Error as error:
        raise store_error(error, database.path) from error
    finally:
        connection.close()


def _tools_of(connection: sqlite3.Connection, toolbox: str) -> list[str] | None:
    """Return the tools that the newest run of a toolbox found in it; None: no run tells."""
    row = connection.execute(
        "SELECT content_text(coverage) FROM replay_run_rows WHERE toolbox = ? AND coverage IS NOT "
        f"NULL AND id NOT GLOB '{WHAT_IF}*' ORDER BY started_us DESC, key DESC LIMIT 1",
        (toolbox,),
    ).fetchone()
    told = orjson.loads(row[0]) if row is not None and row[0] else {}
    if not told.get("tool_count"):
        return None
    return [*told["calls"], *told["tools"]]
