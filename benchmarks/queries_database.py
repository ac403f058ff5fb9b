"""A database of millions of calls in about a minute: a few recorded traces, copied row by row.

The templates are written through the store, as a recorder writes them, and replayed runs are
stored for them. SQLite then copies their rows, each copy with ids, keys and times of its own. The
copies refer to the contents of their templates: a database has as many rows and index entries as
a recorded one, and fewer texts.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from benchmarks.recording_workload import STARTED_AT, events
from replay.records import CallVerdict, Cause, Finding, ReplayRun, ToolSchema, Verdict
from replay.store import Store

TEMPLATES: Final = 100
RARE_WORD: Final = "zanzibar"
"""In the responses of one template."""

_APPS: Final = ("shop", "travel", "support")
_SHIFT_US: Final = 3_600_000_000
_COPIED: Final = {
    "trace_rows": "",
    "model_call_rows": "trace_rows",
    "tool_call_rows": "trace_rows",
    "prompt_messages": "trace_rows",
    "trace_models": "trace_rows",
    "schema_traces": "trace_rows",
    "call_verdict_rows": "trace_rows",
}
"""Tables to copy, parents first."""
_KEYS_OF: Final = {
    "trace": "trace_rows",
    "model_call": "model_call_rows",
    "tool_call": "tool_call_rows",
}


def build(path: Path, call_count: int) -> int:
    """Make a database of about ``call_count`` tool calls; return how many there are."""
    templates = _record(path)
    copies = max(0, round(call_count / templates) - 1)
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-524288"):
        connection.execute(f"PRAGMA {pragma}")
    if copies:
        _copy(connection, copies)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    return templates * (copies + 1)


def _record(path: Path) -> int:
    with Store.open(path, "create") as store:
        store.append_all([_schema(number) for number in range(8)])
        calls = []
        for number, event in enumerate(events(TEMPLATES)):
            fields = dict(event.fields)
            if event.kind == "trace":
                trace, fields["app"] = fields["id"], _APPS[number % len(_APPS)]
                is_rare = not calls
            if event.kind == "model_call":
                fields["response_model"] = f"gpt-x-2026-{1 + number % 12:02}-01"
            if event.kind == "tool_call":
                fields["schema_hash"] = f"schema-of-{fields['tool']}"
                if is_rare:
                    fields["response"] = f"{RARE_WORD} {fields['response']}"
                    fields["result"] = None
                calls.append((trace, fields))
            store.append_fields(event.kind, fields)
        store.append(_run("run-1"))
        store.append(_run("run-2"))
        store.append_all(_verdicts(calls))
        store.append_all(_findings(calls))
    return len(calls)


def _schema(number: int) -> ToolSchema:
    """What validates the calls of one tool; what models are shown of it comes with the prompts."""
    tool = f"tool_{number}"
    return ToolSchema(
        id=f"schema-of-{tool}", tool=tool, tool_version="1", dialect="pydantic", definition={}
    )


def _run(run_id: str) -> ReplayRun:
    return ReplayRun(id=run_id, started_at=STARTED_AT, toolbox="tools:toolbox", status="finished")


def _verdicts(calls: list[tuple[str, dict[str, object]]]) -> list[CallVerdict]:
    return [
        CallVerdict(
            run_id=run_id,
            trace_id=trace,
            tool_call_id=str(fields["id"]),
            step_number=int(str(fields["step_number"])),
            tool=str(fields["tool"]),
            model="gpt-x",
            verdict=Verdict.RESPONSE_CHANGED if number % 50 == 0 else Verdict.SAME,
            cause=Cause.CODE if number % 50 == 0 else None,
            signature=f"signature-{number % 20:02}" if number % 50 == 0 else None,
        )
        for run_id in ("run-1", "run-2")
        for number, (trace, fields) in enumerate(calls)
    ]


def _findings(calls: list[tuple[str, dict[str, object]]]) -> list[Finding]:
    found = {}
    for run_id in ("run-1", "run-2"):
        for number in range(0, len(calls), 50):
            trace, fields = calls[number]
            signature = f"signature-{number % 20:02}"
            found[run_id, signature] = Finding(
                run_id=run_id,
                signature=signature,
                tool=str(fields["tool"]),
                verdict=Verdict.RESPONSE_CHANGED,
                cause=Cause.CODE,
                title="`price` is now `price_eur`",
                call_count=1,
                first_divergence_count=1,
                trace_count=1,
                tool_call_total=len(calls),
                example_tool_call_id=str(fields["id"]),
                example_trace_id=trace,
                example_step_number=1,
            )
    return list(found.values())


def _copy(connection: sqlite3.Connection, copies: int) -> None:
    """Copy every row of every trace so many times; indexes are made anew at the end."""
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    connection.execute("BEGIN")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    sizes = {
        table: connection.execute(f"SELECT max(key) FROM {table}").fetchone()[0]
        for table in _COPIED
        if table.endswith("_rows")
    }
    for table in _COPIED:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        chosen = ", ".join(_copied(table, column, sizes) for column in columns)
        connection.execute(
            f"INSERT INTO {table} WITH RECURSIVE copy(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {copies}) "
            f"SELECT {chosen} FROM copy CROSS JOIN (SELECT * FROM {table}) r"
        )
    times = copies + 1
    connection.execute(f"UPDATE tool_totals SET call_count = call_count * {times}")
    connection.execute(f"UPDATE schema_calls SET call_count = call_count * {times}")
    connection.execute(
        f"UPDATE tool_schema_rows SET trace_count = trace_count * {times}, "
        f"model_call_count = model_call_count * {times}"
    )
    connection.execute(
        f"UPDATE record_totals SET record_count = record_count * {times} "
        "WHERE kind IN ('trace', 'model_call', 'tool_call', 'call_verdict')"
    )
    for _, statement in indexes:
        connection.execute(statement)
    connection.execute("COMMIT")


def _copied(table: str, column: str, sizes: dict[str, int]) -> str:
    """Return the expression for a column of the ``n``-th copy of a row ``r``."""
    if column == "key":
        return f"r.key + copy.n * {sizes[table]}"
    if column == "id":
        return "r.id || printf('%06x', copy.n)"
    if column in ("started_us", "ended_us"):
        return f"r.{column} + copy.n * {_SHIFT_US}"
    if column in _KEYS_OF:
        return f"r.{column} + copy.n * {sizes[_KEYS_OF[column]]}"
    return f"r.{column}"
