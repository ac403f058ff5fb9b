"""`replay cassettes`: what tool calls asked of the outside world, and what they were answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import opened_to_show, reveal_option
from replay.cli.lazy import LazyGroup, Place
from replay.cli.selection import selection_options, selection_words
from replay.errors import ExitCode, SelectionError
from replay.report.ink import count

if TYPE_CHECKING:
    from replay.records import Interaction, JsonObject, Selection
    from replay.store import Store
    from replay.store.cassettes import StoredCassette

_HERE = "replay.cli.cassettes"
_OUTSIDE = "replay.cli.cassettes_outside"
_FILES = "replay.cli.cassettes_files"
LISTED_MAX: Final = 50


@click.command(
    cls=LazyGroup,
    places={
        "list": Place(_HERE, "list_command", "List which calls asked something outside."),
        "show": Place(_HERE, "show", "Show one cassette: every request and its answer."),
        "verify": Place(_OUTSIDE, "verify", "Ask today's services what was recorded."),
        "refresh": Place(_OUTSIDE, "refresh", "Record a tool's cassettes anew, or add to them."),
        "export": Place(_FILES, "export", "Write cassettes as vcrpy's YAML."),
        "import": Place(_FILES, "import_command", "Read cassettes from vcrpy's YAML."),
    },
    short_help="Look after what tools asked outside.",
    epilog=examples("replay cassettes list traces.db"),
)
def cassettes() -> None:
    """Look after cassettes: what each tool call asked of the outside world, and was answered."""


@click.command(
    "list",
    short_help="List which calls asked something outside.",
    epilog=examples(
        "replay cassettes list traces.db", "replay cassettes list traces.db --tool get_weather"
    ),
)
@database_and()
@selection_options
@reveal_option
@json_option
def list_command(database: Path, selection: Selection, reveal: bool, as_json: bool) -> int:
    """List the cassettes of DATABASE: of the newest 50 traces, or as many as --limit says."""
    wanted = selection.limit or LISTED_MAX
    with opened_to_show(database, reveal=reveal) as store:
        stored = store.cassettes(selection.model_copy(update={"limit": wanted + 1}))
        if not stored and not as_json:
            terminal.say(_nothing(store, selection))
    traces = list(dict.fromkeys(one.call.trace_id for one in stored))
    shown = [one for one in stored if one.call.trace_id in traces[-wanted:]]
    if as_json:
        terminal.emit_json([_summary(one) for one in shown])
    elif shown:
        _emit_rows(shown)
        if len(traces) > wanted and selection.limit is None:
            terminal.say(f"Of the newest {count(wanted, 'trace')}; more with --limit.")
    return ExitCode.OK


def _nothing(store: Store, selection: Selection) -> str:
    if not store.counts().get("interaction"):
        return (
            "No call of this database asked anything outside, or replay did not see it run:\n"
            "tools belong into a toolbox, or under @recorder.tool."
        )
    return f"No cassette fits {selection_words(selection)}."


def _emit_rows(shown: list[StoredCassette]) -> None:
    from replay.cli.table import Column, table_lines
    from replay.cli.traces import shown_ids
    from replay.cli.transcripts import request_line

    columns = [
        Column("TRACE"),
        Column("STEP", right=True),
        Column("TOOL", flexible=True, left_out=1),
        Column("ASKED", right=True),
        Column("WRITES", right=True, left_out=3),
        Column("FROM", left_out=2),
        Column("FIRST REQUEST", flexible=True, width_min=16),
    ]
    traces = shown_ids([one.call.trace_id for one in shown], terminal.width())
    rows = []
    for name, one in zip(traces, shown, strict=True):
        writes = _writes(one)
        facts = [name, str(one.call.step_number), one.call.tool, f"{len(one.interactions):,}"]
        first = request_line(one.interactions[0])
        rows.append([*facts, f"{writes:,}" if writes else "-", _source(one), first])
    terminal.emit("\n".join(table_lines(columns, rows, width=terminal.width())))


def _writes(one: StoredCassette) -> int:
    return sum(_is_write(each.exchange) for each in one.interactions)


def _is_write(exchange: JsonObject) -> bool:
    from cassettes import Interaction, InteractionFormatError

    try:
        return Interaction.from_json(exchange).request.is_write
    except InteractionFormatError:
        return False  # nothing tells, and nothing sends it


def _source(one: StoredCassette) -> str:
    """Where a cassette comes from: the recording, or the day on which it was changed, and how."""
    changed = _changed(one)
    if changed is None:
        return "recording"
    return f"{str(changed['by']).split()[2]} {str(changed['changed_at'])[:10]}"


def _changed(one: StoredCassette) -> Any:
    from replay.store.cassettes import ATTRIBUTE

    return one.call.attributes.get(ATTRIBUTE)


def _summary(one: StoredCassette) -> dict[str, Any]:
    from replay.cli.transcripts import request_line

    return {
        "tool_call_id": one.call.id,
        "trace_id": one.call.trace_id,
        "step_number": one.call.step_number,
        "tool": one.call.tool,
        "started_at": one.call.started_at,
        "changed": _changed(one),
        "requests": [request_line(each) for each in one.interactions],
        "write_count": _writes(one),
    }


@click.command(
    short_help="Show one cassette: every request and its answer.",
    epilog=examples(
        "replay cassettes show traces.db t660c71da6be --step 3",
        "replay cassettes show traces.db t660c71da6be --json",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only the cassette of this step.",
)
@reveal_option
@json_option
def show(database: Path, trace: str, step_number: int | None, reveal: bool, as_json: bool) -> int:
    """Show what the calls of TRACE asked and were answered, in the order they asked it."""
    from replay.cli.cassette_text import cassette_lines

    stored = _cassettes_of(database, trace, step_number, reveal=reveal)
    if as_json:
        terminal.emit_json([{**_summary(one), "exchanges": _exchanges(one)} for one in stored])
    else:
        width = terminal.width()
        blocks = ["\n".join(cassette_lines(one, _source(one), width=width)) for one in stored]
        terminal.emit("\n\n".join(blocks))
    return ExitCode.OK


def _exchanges(one: StoredCassette) -> list[Any]:
    interactions: list[Interaction] = one.interactions
    return [each.exchange for each in interactions]


def _cassettes_of(
    database: Path, trace: str, step_number: int | None, *, reveal: bool
) -> list[StoredCassette]:
    from replay.records import Selection

    with opened_to_show(database, reveal=reveal) as store:
        stored = store.cassettes(Selection(trace_ids=[trace]), with_empty=True)
    asking = [one for one in stored if one.interactions]
    found = [one for one in asking if step_number in (None, one.call.step_number)]
    if found:
        return found
    steps = ", ".join(str(one.call.step_number) for one in asking)
    which = f"Step {step_number} of trace" if step_number else "Trace"
    raise SelectionError(
        f"{which} {trace!r} asked nothing of the outside.",
        hint=f"Its steps with a cassette: {steps}." if steps else "None of its steps did.",
    )
