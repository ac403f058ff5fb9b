"""The edited branches of a trace."""

from __future__ import annotations

from replay.records import Branch, ReplayRun
from replay.records.replays import WHAT_IF
from replay.store.selecting import run_key, trace_key
from tui.rows.both import without_values as texts_of
from tui.rows.database import Database


def trace_row(database: Database, trace_id: str) -> int:
    """Return the row of a trace.

    Raises:
        SelectionError: it is not there.
    """
    with database.reading() as connection:
        return trace_key(connection, trace_id)


def newest_branch(database: Database, trace_id: str, limit: int = 50) -> ReplayRun | None:
    """Return the newest branch of a trace, among the newest 50 what-ifs; None: there is none.

    One after the other is read: each has the values of all its calls, twice.
    """
    with database.reading() as connection:
        keys = connection.execute(
            f"SELECT key FROM replay_run_rows WHERE id GLOB '{WHAT_IF}*' "
            "ORDER BY started_us DESC, key DESC LIMIT ?",
            (limit,),
        ).fetchall()
        for (key,) in keys:
            run: ReplayRun = database.records.records("replay_run", "r.key = ?", [key])[0]
            if run.branch is not None and run.branch.trace_id == trace_id:
                return run
    return None


def branch_size(branch: Branch) -> int:
    """Return the characters of a branch's answers and edits: how long it takes to show one."""
    texts = [
        verdict.replayed.response or ""
        for step in branch.steps
        for verdict in (step.today, step.edited)
        if verdict.replayed is not None
    ]
    return max((len(text) for text in texts), default=0)


def without_values(branch: Branch) -> Branch:
    """Return a branch with its verdicts' texts only: payloads and results are megabytes more."""
    steps = [
        step.model_copy(
            update={
                "today": texts_of(step.today),
                "edited": texts_of(step.edited),
            }
        )
        for step in branch.steps
    ]
    return branch.model_copy(update={"steps": steps})


def read_branch(database: Database, run_id: str) -> Branch:
    """Return the branch of a what-if with everything that it has.

    Raises:
        SelectionError: it is not there any more.
    """
    with database.reading() as connection:
        key = run_key(connection, run_id)
        run: ReplayRun = database.records.records("replay_run", "r.key = ?", [key])[0]
    assert run.branch is not None
    return run.branch
