"""One transcript: its steps as light rows, and what is known of one step when it is looked at."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any, Literal

from replay.records import (
    Attempt,
    CallVerdict,
    Feedback,
    Interaction,
    ModelCall,
    ReplayRun,
    ToolCall,
    ToolSchema,
    Trace,
)
from replay.store.selecting import trace_key
from tui.rows.approvals import run_approvals
from tui.rows.database import Database


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the list of steps."""

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


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What the newest replay run says of one tool call, in short."""

    verdict: str
    conditional: bool
    approved: bool

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
    """The newest replay run that judged it, or the one asked for."""
    run_key: int | None
    verdicts: dict[int, StepVerdict]
    """By the row of the tool call."""
    feedback: list[Feedback] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StepDetail:
    """Everything known of one step."""

    row: StepRow
    model_call: ModelCall | None
    """The step itself, or the model call that asked for this tool call."""
    before: int
    """How many messages of the prompt the model call before it had already."""
    tool_call: ToolCall | None
    interactions: list[Interaction]
    attempts: list[Attempt]
    schema: ToolSchema | None
    verdict: CallVerdict | None


def read_steps(database: Database, trace_id: str, run_id: str | None = None) -> StepList:
    """Return the transcript ``trace_id`` (or its unique prefix) as rows.

    ``run_id``: the replay run whose verdicts to show; None: the newest that has any.

    Raises:
        SelectionError: there is no such trace, or several.
        StoreError: the database cannot be read.
    """
    with database.reading() as connection:
        key = trace_key(connection, trace_id)
        trace: Trace = database.records.records("trace", "r.key = ?", [key])[0]
        steps = _model_rows(connection, key) + _tool_rows(connection, key)
        steps.sort(key=lambda step: (step.number, step.kind))
        run_key = _run_of(connection, key, run_id)
        run: ReplayRun | None = None
        if run_key is not None:
            run = database.records.records("replay_run", "r.key = ?", [run_key])[0]
        feedback = database.records.records("feedback", "r.trace = ?", [key], "r.created_us, r.id")
        verdicts = _verdicts(connection, database, key, run_key)
    return StepList(key, trace, _with_siblings(steps), run, run_key, verdicts, feedback)


def read_detail(database: Database, steps: StepList, row: StepRow) -> StepDetail:
    """Return everything known of the step ``row``."""
    with database.reading() as connection:
        records = database.records
        model_key = row.key if row.kind == "model" else row.model_call
        model_calls = records.records("model_call", "r.key = ?", [model_key]) if model_key else []
        tool_call: ToolCall | None = None
        interactions: list[Interaction] = []
        schema: ToolSchema | None = None
        verdict: CallVerdict | None = None
        if row.kind == "tool":
            tool_call = records.records("tool_call", "r.key = ?", [row.key])[0]
            interactions = records.records(
                "interaction", "r.tool_call = ?", [row.key], "r.interaction_index"
            )
            schema = _schema(database, tool_call)
            verdict = _verdict(database, steps, row)
        return StepDetail(
            row=row,
            model_call=_first(model_calls),
            before=_messages_before(connection, steps.key, model_calls),
            tool_call=tool_call,
            interactions=interactions,
            attempts=records.records("attempt", "r.call_id = ?", [row.id], "r.attempt_number"),
            schema=schema,
            verdict=verdict,
        )


def _model_rows(connection: sqlite3.Connection, key: int) -> list[StepRow]:
    rows = connection.execute(
        "SELECT r.key, r.id, r.step_number, coalesce(s.response_model, s.model), r.duration_ms, "
        "r.error IS NOT NULL, r.output IS NOT NULL FROM model_call_rows r "
        "LEFT JOIN model_settings s ON s.key = r.settings WHERE r.trace = ?",
        (key,),
    )
    return [
        StepRow(
            kind="model",
            key=row,
            id=id_,
            number=number,
            name=model or "model",
            outcome="failed" if failed else "ok" if answered else "unfinished",
            duration_ms=duration,
            actor="assistant",
            model_call=None,
        )
        for row, id_, number, model, duration, failed, answered in rows
    ]


def _tool_rows(connection: sqlite3.Connection, key: int) -> list[StepRow]:
    rows = connection.execute(
        "SELECT key, id, step_number, tool, outcome, duration_ms, actor, model_call, tool_version "
        "FROM tool_call_rows WHERE trace = ?",
        (key,),
    )
    return [
        StepRow(
            kind="tool",
            key=row,
            id=id_,
            number=number,
            name=tool,
            outcome=outcome or "unfinished",
            duration_ms=duration,
            actor=actor or "assistant",
            model_call=model_call if isinstance(model_call, int) else None,
            version=version,
        )
        for row, id_, number, tool, outcome, duration, actor, model_call, version in rows
    ]


def _with_siblings(steps: list[StepRow]) -> list[StepRow]:
    """Say of each tool call how many the same model output asked for, and of the model which."""
    asked: dict[int, list[str]] = {}
    for step in steps:
        if step.model_call is not None:
            asked.setdefault(step.model_call, []).append(step.name)
    return [_related(step, asked) for step in steps]


def _related(step: StepRow, asked: dict[int, list[str]]) -> StepRow:
    from dataclasses import replace

    if step.kind == "model":
        names = asked.get(step.key, [])
        return replace(step, said=", ".join(names)) if names else step
    siblings = len(asked.get(step.model_call, ())) if step.model_call is not None else 1
    return replace(step, siblings=siblings) if siblings > 1 else step


def _run_of(connection: sqlite3.Connection, trace: int, run_id: str | None) -> int | None:
    wanted = "AND u.id = ? " if run_id is not None else ""
    row = connection.execute(
        "SELECT u.key FROM replay_run_rows u WHERE EXISTS (SELECT 1 FROM call_verdict_rows v "
        f"WHERE v.run = +u.key AND v.trace = ?) {wanted}"
        "ORDER BY u.started_us DESC, u.key DESC LIMIT 1",
        (trace,) if run_id is None else (trace, run_id),
    ).fetchone()
    return None if row is None else int(row[0])


def _verdicts(
    connection: sqlite3.Connection, database: Database, trace: int, run: int | None
) -> dict[int, StepVerdict]:
    if run is None:
        return {}
    approvals = run_approvals(connection, database.records, run)
    rows = connection.execute(
        "SELECT tool_call, verdict, coalesce(conditional, 0), signature, coalesce(approved, 0) "
        "FROM call_verdict_rows WHERE run = ? AND trace = ?",
        (run, trace),
    )
    return {
        call: StepVerdict(
            verdict, bool(conditional), approvals.holds(signature, was_approved=bool(approved))
        )
        for call, verdict, conditional, signature, approved in rows
        if isinstance(call, int)
    }


def _verdict(database: Database, steps: StepList, row: StepRow) -> CallVerdict | None:
    found: CallVerdict | None = _first(
        database.records.records(
            "call_verdict", "r.run = ? AND r.tool_call = ?", [steps.run_key, row.key]
        )
    )
    said = steps.verdicts.get(row.key)
    return found.model_copy(update={"approved": said.approved}) if found and said else found


def _schema(database: Database, call: ToolCall) -> ToolSchema | None:
    if call.schema_hash is None:
        return None
    found: ToolSchema | None = _first(
        database.records.records("tool_schema", "r.id = ?", [call.schema_hash])
    )
    return found


def _messages_before(
    connection: sqlite3.Connection, trace: int, model_calls: list[ModelCall]
) -> int:
    """Return how many messages the model call before this one had, from its spans."""
    if not model_calls:
        return 0
    row = connection.execute(
        "SELECT (SELECT sum((span.value ->> 1) - (span.value ->> 0) + 1) FROM "
        "json_each(r.prompt) span) FROM model_call_rows r WHERE r.trace = ? "
        "AND r.step_number < ? ORDER BY r.step_number DESC LIMIT 1",
        (trace, model_calls[0].step_number),
    ).fetchone()
    before = int(row[0] or 0) if row else 0
    return before if before <= len(model_calls[0].messages) else 0


def _first(records: list[Any]) -> Any:
    return records[0] if records else None
