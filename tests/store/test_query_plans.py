"""At five million calls a list must not look at all of them: no question scans a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.records import ModelCall, Outcome, Selection, ToolCall, Trace
from replay.store import Store, selecting

NOON = "2026-11-21T12:00:00.000000Z"

QUESTIONS: dict[str, Callable[[Store], object]] = {
    "newest traces": lambda store: store.traces(),
    "next page": lambda store: store.traces(after="t1"),
    "one app": lambda store: store.traces(Selection(apps=["a"])),
    "a tool": lambda store: store.traces(Selection(tools=["f"])),
    "failed calls of a tool": lambda store: store.traces(
        Selection(tools=["f"], outcomes=[Outcome.FAILED])
    ),
    "a model": lambda store: store.traces(Selection(models=["gpt*"])),
    "a transcript": lambda store: store.transcript("t1"),
    "a call": lambda store: store.tool_call("c1"),
    "newest calls": lambda store: store.tool_calls(),
    "newest failures": lambda store: store.tool_calls(Selection(outcomes=[Outcome.FAILED])),
    "the tools of traces": lambda store: store.tools_by_trace(["t1", "t2"]),
    "tools": lambda store: store.tools(),
    "schemas": lambda store: store.schema_registry(),
    "schemas of a tool": lambda store: store.schema_registry(tools=["f"]),
    "a schema's traces": lambda store: store.schema_traces(store.schema_registry().schemas[0].id),
    "models": lambda store: store.models(),
    "counts": lambda store: store.counts(),
    "the calls of a trace by SQL": lambda store: store.query(
        "SELECT tool FROM tool_calls WHERE trace_id = 't1'"
    ),
}

WALKS = (
    "SCAN r USING INDEX traces_by_start",  # from the newest on, until the page is full
    "SCAN r USING COVERING INDEX traces_by_start",
    "SCAN trace_rows USING COVERING INDEX",
    "SCAN tool_totals",  # one row per tool, version and outcome
    "SCAN record_totals",
    "SCAN r USING INDEX tool_schemas_by_tool",  # one row per schema
    "SCAN c USING INDEX schema_calls_by_validator",  # one row per pair of shown and validator
    "SCAN CONSTANT ROW",
    "SCAN span VIRTUAL TABLE",
    "SCAN (subquery",
)

NEWEST_CALLS = "SELECT c.key FROM tool_call_rows c"
"""Walks from the last stored call on, by its own key, until the page is full."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    path = tmp_path / "traces.db"
    with Store.open(path, "create") as writing:
        for number in range(3):
            writing.append(Trace(id=f"t{number}", app="a", started_at=NOON))
            writing.append(
                ModelCall(
                    id=f"m{number}",
                    trace_id=f"t{number}",
                    step_number=2,
                    api="messages",
                    model="gpt-x",
                    tools=[{"name": "f", "input_schema": {}}],
                    started_at=NOON,
                )
            )
            writing.append(
                ToolCall(
                    id=f"c{number}",
                    trace_id=f"t{number}",
                    step_number=1,
                    tool="f",
                    arguments="{}",
                    outcome=Outcome.FAILED if number else Outcome.OK,
                    started_at=NOON,
                )
            )
    return Store.open(path)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("bounds", [(20_000, 2_000), (20_000, -1), (-1, -1)])
def test_no_question_scans_a_table(
    store: Store, question: str, bounds: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, bound in zip(("FEW", "HANDFUL"), bounds, strict=True):
        monkeypatch.setattr(selecting, name, bound)
    asked: list[str] = []
    with store:
        connection = store._read_connection()
        connection.set_trace_callback(asked.append)
        QUESTIONS[question](store)
        connection.set_trace_callback(None)
        plans = [(sql, line) for sql in asked for line in _plan(connection, sql)]

    scans = [(line, sql) for sql, line in plans if line.startswith("SCAN")]
    assert plans
    unexpected = [
        (line, sql)
        for line, sql in scans
        if not line.startswith(WALKS) and not (line == "SCAN c" and sql.startswith(NEWEST_CALLS))
    ]
    assert unexpected == []


def _plan(connection: sqlite3.Connection, sql: str) -> list[str]:
    if not sql.startswith("SELECT"):
        return []
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
