"""The steps of a transcript as light rows: ten thousand of them are read while a key is pressed."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple


class StepRow(NamedTuple):
    """One line of the list of steps; a tuple, which is made in a third of a data class's time."""

    kind: Literal["model", "tool"]
    key: int
    id: str
    number: int
    name: str
    """The tool, or the model version that answered."""
    outcome: str
    """A tool call's outcome; ``ok``, ``failed`` or ``unfinished`` for a model call."""
    duration_ms: float | None
    actor: str
    model_call: int | None
    """For a tool call: the row of the model call that asked for it."""
    siblings: int = 1
    """Tool calls of the same model output, this one included."""
    said: str = ""
    """For a model call: the tools it asked for; filled from the steps themselves."""
    version: str | None = None
    """For a tool call: the version of its tool."""

    @property
    def is_error(self) -> bool:
        """Whether it did not end well."""
        return self.outcome != "ok"


def step_rows(connection: sqlite3.Connection, trace: int) -> list[StepRow]:
    """Return the steps of the trace in row ``trace``, in their order."""
    tools = connection.execute(
        "SELECT 'tool', key, id, step_number, tool, coalesce(outcome, 'unfinished'), duration_ms, "
        "coalesce(actor, 'assistant'), "
        "CASE typeof(model_call) WHEN 'integer' THEN model_call END, tool_version "
        "FROM tool_call_rows WHERE trace = ? ORDER BY step_number",
        (trace,),
    ).fetchall()
    asked: dict[int, list[str]] = {}
    for row in tools:
        if row[8] is not None:
            asked.setdefault(row[8], []).append(row[4])
    models = connection.execute(
        "SELECT 'model', r.key, r.id, r.step_number, "
        "coalesce(s.response_model, s.model, 'model'), "
        "CASE WHEN r.error IS NOT NULL THEN 'failed' WHEN r.output IS NOT NULL THEN 'ok' "
        "ELSE 'unfinished' END, r.duration_ms, 'assistant', NULL "
        "FROM model_call_rows r LEFT JOIN model_settings s ON s.key = r.settings "
        "WHERE r.trace = ? ORDER BY r.step_number",
        (trace,),
    ).fetchall()
    steps = [StepRow._make((*row, 1, ", ".join(asked.get(row[1], ())), None)) for row in models]
    steps += [
        StepRow._make((*row[:9], 1 if row[8] is None else len(asked[row[8]]), "", row[9]))
        for row in tools
    ]
    steps.sort(key=lambda step: (step[3], step[0]))
    return steps


def steps_version(connection: sqlite3.Connection, trace: int) -> tuple[object, ...]:
    """Return what is another when a step came, ended, or was judged; cheaper than the steps."""
    counts = [
        connection.execute(statement, (trace,)).fetchone()
        for statement in (
            "SELECT ended_us, outcome FROM trace_rows WHERE key = ?",
            "SELECT count(*), count(output), count(error), total(duration_ms) "
            "FROM model_call_rows WHERE trace = ?",
            "SELECT count(*), count(outcome), total(duration_ms) "
            "FROM tool_call_rows WHERE trace = ?",
            "SELECT count(*), max(created_us) FROM feedback_rows WHERE trace = ?",
        )
    ]
    runs = connection.execute(
        "SELECT count(*), max(started_us), count(ended_us) FROM replay_run_rows"
    ).fetchone()
    approvals = connection.execute(
        "SELECT count(*), max(approved_us) FROM approval_rows"
    ).fetchone()
    return (*counts, runs, approvals)
