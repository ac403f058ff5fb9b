"""Replay runs, their findings and verdicts."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from replay.records import CallVerdict, Finding, Interaction, ReplayRun, ToolCall
from replay.store.selecting import run_key
from tui.rows.approvals import marked
from tui.rows.database import Database


@dataclass(frozen=True, slots=True)
class FoundCall:
    """One call of a finding: where it is."""

    tool_call: int
    trace_id: str
    step_number: int


@dataclass(frozen=True, slots=True)
class RunFindings:
    """One replay run with what it found."""

    run: ReplayRun
    run_key: int
    findings: list[Finding]
    """With those marked that are approved now."""


def read_runs(database: Database) -> list[ReplayRun]:
    """Return the replay runs, newest first."""
    with database.reading():
        runs: list[ReplayRun] = database.records.records(
            "replay_run", "1", [], "r.started_us DESC, r.key DESC"
        )
    return runs


def read_findings(database: Database, run_id: str) -> RunFindings:
    """Return the findings of a run, those with most first divergences first.

    Raises:
        SelectionError: there is no such run.
    """
    with database.reading() as connection:
        key = run_key(connection, run_id)
        run = database.records.records("replay_run", "r.key = ?", [key])[0]
        findings: list[Finding] = database.records.records(
            "finding",
            "r.run = ?",
            [key],
            "r.first_divergence_count DESC, r.call_count DESC, r.signature",
        )
        return RunFindings(run, key, marked(database.records, findings))


def read_found_calls(database: Database, found: RunFindings, finding: Finding) -> list[FoundCall]:
    """Return the calls of a finding, its example first."""
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT v.tool_call, t.id, v.step_number, c.id FROM call_verdict_rows v "
            "JOIN trace_rows t ON t.key = v.trace JOIN tool_call_rows c ON c.key = v.tool_call "
            "WHERE v.run = ? AND v.signature = ? ORDER BY t.started_us, t.id, v.step_number",
            (found.run_key, finding.signature),
        ).fetchall()
    rows.sort(key=lambda row: row[3] != finding.example_tool_call_id)
    return [FoundCall(row[0], row[1], row[2]) for row in rows]


def read_found_call(
    database: Database, found: RunFindings, finding: Finding, call: FoundCall
) -> tuple[CallVerdict, ToolCall, list[Interaction]]:
    """Return the verdict of one call of ``finding``, and the call as it was recorded."""
    with database.reading() as connection:
        verdict = _one(
            connection,
            database.records.records(
                "call_verdict", "r.run = ? AND r.tool_call = ?", [found.run_key, call.tool_call]
            ),
        )
        recorded = _one(
            connection, database.records.records("tool_call", "r.key = ?", [call.tool_call])
        )
        interactions = database.records.records(
            "interaction", "r.tool_call = ?", [call.tool_call], "r.interaction_index"
        )
    verdict = verdict.model_copy(update={"approved": finding.approved})
    return verdict, recorded, interactions


def _one(connection: sqlite3.Connection, records: list[Any]) -> Any:
    if not records:
        raise sqlite3.DatabaseError("a row that was there a moment ago is gone")
    return records[0]
