"""`replay list` and `replay show`: what is recorded."""

from __future__ import annotations

from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import opened_to_show, reveal_option
from replay.cli.selection import selection_options, selection_words
from replay.cli.where import fitting_steps, fitting_traces, where_option
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.cli.table import Column
    from replay.records import ModelCall, Selection, ToolCall, ToolSchema, Transcript
    from replay.stepping.conditions import Condition
    from replay.store import Store, TraceRow

LISTED_MAX = 50
"""Without ``--limit``: a screen or two, and an answer at once from any database."""


@click.command(
    "list",
    short_help="List the traces of a database.",
    epilog=examples(
        "replay list traces.db",
        "replay list traces.db --tool issue_refund --outcome failed --since 7d",
        "replay list traces.db --json --limit 1000 | jq '.[].id'",
    ),
)
@database_and()
@selection_options
@where_option("Only traces with a step for which this holds: `payload.total > 1000`.")
@reveal_option
@json_option
def list_command(
    database: Path,
    selection: Selection,
    condition: Condition | None,
    reveal: bool,
    as_json: bool,
) -> int:
    """List the traces of DATABASE, newest first: the newest 50, or as many as --limit says."""
    from dataclasses import asdict

    wanted = selection.limit or LISTED_MAX
    with opened_to_show(database, reveal=reveal) as store:
        if condition is None:
            rows = store.traces(selection, limit=wanted + 1)
            steps: dict[str, list[int]] = {}
        else:
            found = list(islice(fitting_traces(store, selection, condition), wanted + 1))
            rows, steps = [row for row, _ in found], {row.id: one for row, one in found}
        if as_json:
            terminal.emit_json(
                [
                    asdict(row) | ({} if condition is None else {"steps": steps[row.id]})
                    for row in rows[:wanted]
                ]
            )
        elif rows:
            _emit_rows(rows[:wanted], steps)
        elif condition is None:
            terminal.say(nothing_found(store, database, selection))
        else:
            terminal.say(f"No step of these traces fits {condition.text!r}.")
    if len(rows) > wanted and selection.limit is None:
        terminal.say(f"The newest {wanted}; more with --limit.")
    return ExitCode.OK


@click.command(
    short_help="Show one trace, or one step of it.",
    epilog=examples(
        "replay show traces.db t660c71da6be",
        "replay show traces.db t660c71da6be --step 3",
        "replay show traces.db t660c71da6be --where \"outcome != 'ok' or payload.total > 1000\"",
        "replay show traces.db t660c71da6be --json",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only this step, with everything that is known of it.",
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["curl", "pytest", "json"]),
    help="Print the step to be pasted elsewhere: what it asked over HTTP as curl commands, or a "
    "test that today's tools answer as was recorded.",
)
@where_option("Only the steps for which this holds: `payload.total > 1000`.")
@reveal_option
@json_option
def show(
    database: Path,
    trace: str,
    step_number: int | None,
    form: str | None,
    condition: Condition | None,
    reveal: bool,
    as_json: bool,
) -> int:
    """Show TRACE step by step: what the model said, what the tools were asked, what they told.

    TRACE is an id or the unique beginning of one. Long texts are cut; --step shows all of them.
    """
    from replay.cli.transcripts import some_step_lines, step_lines, transcript_lines

    with opened_to_show(database, reveal=reveal) as store:
        transcript = store.transcript(trace)
        schema = None if step_number is None else _schema_of(store, transcript, step_number)
        steps = None if condition is None else fitting_steps(store, transcript, condition)
    if step_number is None:
        if form is not None:
            raise click.UsageError(f"--as {form} is of one step: name it with --step.")
        if as_json and steps is not None:
            terminal.emit_json([step.model_dump(mode="json") for step in steps])
        elif as_json:
            terminal.emit_json(transcript.model_dump(mode="json"))
        elif condition is not None and not steps:
            terminal.say(f"No step of trace {transcript.trace.id} fits {condition.text!r}.")
        else:
            width = terminal.width()
            lines = (
                transcript_lines(transcript, width=width)
                if steps is None
                else some_step_lines(transcript, steps, width=width)
            )
            terminal.emit("\n".join(lines))
        return ExitCode.OK
    step = step_of(transcript, step_number)
    if form in ("curl", "pytest"):
        from replay.cli.copies import step_as

        terminal.emit(step_as(form, transcript, step, database=database))
    elif as_json or form == "json":
        terminal.emit_json(step.model_dump(mode="json"))
    else:
        width = terminal.width()
        terminal.emit("\n".join(step_lines(transcript, step, width=width, schema=schema)))
    return ExitCode.OK


def _schema_of(store: Store, transcript: Transcript, step_number: int) -> ToolSchema | None:
    """Return the schema that validated a tool call; None: it is none, or nobody recorded it."""
    from replay.errors import SelectionError

    step = step_of(transcript, step_number)
    if step.kind != "tool_call" or step.schema_hash is None:
        return None
    try:
        return store.tool_schema(step.schema_hash)
    except SelectionError:
        return None


def nothing_found(store: Store, database: Path, selection: Selection) -> str:
    """Return why no trace was found, and what to do about it."""
    if not store.counts().get("trace"):
        named = terminal.typed(database)
        return (
            f"{database} holds no traces yet. Fill it:\n"
            f"  replay record --db {named} -- python agent.py\n"
            f"  replay import {named} transcripts.jsonl\n"
            "or look at one that is filled:\n"
            "  replay demo"
        )
    lines = [f"No trace fits {selection_words(selection)}."]
    if selection.tools:
        names = sorted({row.tool for row in store.tools()})
        lines.append(f"Tools in {database}: {_some(names)}.")
    if selection.models:
        lines.append(f"Models in {database}: {_some(store.models())}.")
    return "\n".join(lines)


def _some(names: list[str], shown_max: int = 12) -> str:
    more = f" and {len(names) - shown_max:,} more" if len(names) > shown_max else ""
    return ", ".join(names[:shown_max]) + more


def _emit_rows(rows: list[TraceRow], steps: dict[str, list[int]]) -> None:
    from replay.cli.table import Column, table_lines

    columns, cells = trace_table(rows)
    if steps:
        columns.insert(1, Column("STEPS"))
        for found, line in zip(rows, cells, strict=True):
            line.insert(1, _some([str(number) for number in steps[found.id]], 5))
    for row, name in zip(cells, shown_ids([row.id for row in rows], terminal.width()), strict=True):
        row[0] = name
    terminal.emit("\n".join(table_lines(columns, cells, width=terminal.width())))


_ID_SHARE = 5
"""A longer id than this part of the line is shown by its beginning, which commands accept."""
_SPARE = 4


def shown_ids(ids: list[str], width: int) -> list[str]:
    """Return ``ids`` as a line of ``width`` columns shows them: whole, or beginnings that differ.

    A beginning has four characters more than it takes to tell these apart, so that it is unique
    among the others of the database too. It ends with ``…``, which commands accept as well.
    """
    if max(map(len, ids)) <= width // _ID_SHARE:
        return ids
    ordered = sorted(set(ids))
    shared = [_shared_length(left, right) for left, right in pairwise(ordered)]
    length = max([width // _ID_SHARE - _SPARE, *(one + 1 for one in shared)]) + _SPARE
    return [one if len(one) <= length + 1 else f"{one[:length]}…" for one in ids]


def _shared_length(left: str, right: str) -> int:
    pairs = zip(left, right, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), len(left))


def trace_table(rows: list[TraceRow]) -> tuple[list[Column], list[list[str]]]:
    """Return the columns of the list of traces, and the rows' cells."""
    from replay.cli.table import Column
    from replay.cli.transcripts import moment

    columns = [
        Column("TRACE"),
        Column("STARTED (UTC)", left_out=4),
        Column("APP", flexible=True, left_out=5),
        Column("MODEL", flexible=True, left_out=6),
        Column("CALLS", right=True, left_out=1),
        Column("NOT OK", right=True, left_out=2),
        Column("ASKED", flexible=True, width_min=16, left_out=3),
    ]
    cells = []
    for row in rows:
        not_ok = row.tool_call_count - row.outcome_counts.get("ok", 0)
        facts = [row.id, moment(row.started_at)[:16], row.app or "", row.model or ""]
        counts = [f"{row.tool_call_count:,}", f"{not_ok:,}" if not_ok else "-"]
        cells.append([*facts, *counts, row.first_user_text or ""])
    return columns, cells


def step_of(transcript: Transcript, step_number: int) -> ModelCall | ToolCall:
    """Return one step of a trace.

    Raises:
        SelectionError: it has no such step.
    """
    from replay.errors import SelectionError

    for step in transcript.steps:
        if step.step_number == step_number:
            return step
    last = transcript.steps[-1].step_number if transcript.steps else 0
    raise SelectionError(
        f"Trace {transcript.trace.id!r} has no step {step_number}.",
        hint=f"Its steps are 1 to {last}." if last else "It has no steps at all.",
    )
