"""The edited branches of a trace, newest first."""

from __future__ import annotations

from replay.records import ReplayRun
from replay.records.replays import WHAT_IF
from replay.store.selecting import trace_key
from tui.rows.database import Database


def trace_row(database: Database, trace_id: str) -> int:
    """Return the row of a trace.

    Raises:
        SelectionError: it is not there.
    """
    with database.reading() as connection:
        return trace_key(connection, trace_id)


def branches_of(database: Database, trace_id: str, limit: int = 50) -> list[ReplayRun]:
    """Return the branches of a trace, newest first; those of the newest 50 what-ifs."""
    with database.reading():
        found: list[ReplayRun] = database.records.records(
            "replay_run",
            f"r.id GLOB '{WHAT_IF}*'",
            [],
            f"r.started_us DESC, r.key DESC LIMIT {int(limit)}",
        )
    return [run for run in found if run.branch is not None and run.branch.trace_id == trace_id]
