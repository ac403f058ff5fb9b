"""One transcript: its steps as light rows, and what is known of one step when it is looked at."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import NamedTuple

from replay.records import Feedback, ReplayRun, Trace
from replay.store.judging import judging_run_sql
from replay.store.selecting import trace_key
from tui.rows.approvals import run_approvals
from tui.rows.database import Database
from tui.rows.details import StepDetail
from tui.rows.step_rows import StepRow, step_rows, steps_version

__all__ = [
    "StepDetail",
    "StepList",
    "StepRow",
    "StepVerdict",
    "has_changed",
    "read_detail",
    "read_steps",
]


class StepVerdict(NamedTuple):
    """What the newest replay run says of one tool call, in short."""

    verdict: str
    conditional: bool
    approved: bool
    cause: str | None = None
    error_type: str | None = None
    """Of today's error, as the finding has it: a tool that is gone is a cause of its own."""

    @property
    def is_divergence(self) -> bool:
        """Whether a person stepping through differences stops here."""
        return self.verdict not in ("same", "equivalent") and not self.approved


@dataclass(frozen=True, slots=True)
class StepList:
    """A whole transcript as rows."""

    key: int
    trace: Trace
    steps: list[StepRow]
    run: ReplayRun | None
    """Whose verdicts they are: the one asked for, or as `tui.rows.judging` says it."""
    run_key: int | None
    verdicts: dict[int, StepVerdict]
    """By the row of the tool call."""
    feedback: list[Feedback] = field(default_factory=list)
    version: tuple[object, ...] = ()
    """What `has_changed` compares."""
    has_durations: bool = True
    """Whether any step says how long it took: imported ones often do not."""


def read_steps(database: Database, trace_id: str, run_id: str | None = None) -> StepList:
    """Return the transcript ``trace_id`` (or its unique prefix) as rows.

    ``run_id``: the replay run whose verdicts to show; None: the newest that judged any call.

    Raises:
        SelectionError: there is no such trace, or several.
        StoreError: the database cannot be read.
    """
    with database.reading() as connection:
        key = trace_key(connection, trace_id)
        trace: Trace = database.records.records("trace", "r.key = ?", [key])[0]
        version = steps_version(connection, key)
        steps = step_rows(connection, key)
        run_key = _run_of(connection, key, run_id)
        run: ReplayRun | None = None
        if run_key is not None:
            run = database.records.records("replay_run", "r.key = ?", [run_key])[0]
        feedback = database.records.records("feedback", "r.trace = ?", [key], "r.created_us, r.id")
        verdicts = _verdicts(connection, database, key, run_key)
    timed = any(step.duration_ms is not None for step in steps)
    return StepList(key, trace, steps, run, run_key, verdicts, feedback, version, timed)


def read_detail(database: Database, steps: StepList, row: StepRow) -> StepDetail:
    """Return what is known of the step ``row``: its facts now, everything else when asked for.

    Raises:
        StoreError: the database cannot be read.
    """
    return StepDetail(database, steps, row)


def has_changed(database: Database, steps: StepList) -> bool:
    """Say whether something came to a transcript since it was read; cheaper than reading it.

    Raises:
        StoreError: the database cannot be read.
    """
    with database.reading() as connection:
        return steps_version(connection, steps.key) != steps.version


def _run_of(connection: sqlite3.Connection, trace: int, run_id: str | None) -> int | None:
    if run_id is None:
        row = connection.execute(f"SELECT {judging_run_sql(':trace')}", {"trace": trace}).fetchone()
    else:
        row = connection.execute(
            "SELECT u.key FROM replay_run_rows u WHERE u.id = ? AND EXISTS (SELECT 1 FROM "
            "call_verdict_rows v WHERE v.run = +u.key AND v.trace = ?)",
            (run_id, trace),
        ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _verdicts(
    connection: sqlite3.Connection, database: Database, trace: int, run: int | None
) -> dict[int, StepVerdict]:
    if run is None:
        return {}
    approvals = run_approvals(connection, database.records, run)
    error_types = dict(
        connection.execute("SELECT signature, error_type FROM finding_rows WHERE run = ?", (run,))
    )
    rows = connection.execute(
        "SELECT tool_call, verdict, coalesce(conditional, 0), signature, coalesce(approved, 0), "
        "cause FROM call_verdict_rows WHERE run = ? AND trace = ?",
        (run, trace),
    )
    return {
        call: StepVerdict(
            verdict,
            bool(conditional),
            approvals.holds(signature, was_approved=bool(approved)),
            cause,
            error_types.get(signature),
        )
        for call, verdict, conditional, signature, approved, cause in rows
        if isinstance(call, int)
    }
