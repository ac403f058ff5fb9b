"""`replay pin`, `unpin` and `pins`: the traces and steps that are replayed as regression cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import opened_to_show, reveal_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import Pin

_step_option = click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only this step; without it, the whole trace.",
)


@click.command(
    short_help="Pin a trace or a step as a regression case.",
    epilog=examples(
        "replay pin traces.db t660c71da6be --note 'broke when prices became floats'",
        "replay pin traces.db t660c71da6be --step 3",
        "replay run traces.db --pinned --tools shop.tools:toolbox",
    ),
)
@database_and("trace")
@_step_option
@click.option("--note", metavar="TEXT", help="Why, for whoever sees it fail.")
@click.option("--by", metavar="NAME", help="Who pins it. Default: your user name.")
@json_option
def pin(
    database: Path,
    trace: str,
    step_number: int | None,
    note: str | None,
    by: str | None,
    as_json: bool,
) -> int:
    """Pin TRACE, or one step of it, as a regression case: `replay run --pinned` replays those.

    Of a trace that is pinned by its steps only these are judged; the calls before them run, too, to
    bring the world there. Pinning the same place again replaces its note.
    """
    from replay.cli.approvals import user_name
    from replay.cli.masked import in_a_child, masked, masking_for
    from replay.cli.traces import step_of
    from replay.config import load_config
    from replay.records import Pin, pin_id
    from replay.store import Store
    from replay.store.times import now_text

    config = load_config()
    if (code := in_a_child(config)) is not None:
        return code
    with Store.open(database, mode="w") as store:
        transcript = store.transcript(trace)
        if step_number is not None:
            step_of(transcript, step_number)
        trace_id = transcript.trace.id
        given = Pin(
            id=pin_id(trace_id, step_number),
            trace_id=trace_id,
            step_number=step_number,
            note=note,
            pinned_by=by or user_name(),
            pinned_at=now_text(),
        )
        given = masked(masking_for(store, config, transcript), given)
        store.append(given)
    if as_json:
        terminal.emit_json(given.model_dump(mode="json"))
    else:
        named = terminal.typed(database)
        terminal.say(f"Pinned: {_place(given)}. To replay it:")
        terminal.say(f"  replay run {named} --pinned")
    return ExitCode.OK


@click.command(
    short_help="Take a pin away again.",
    epilog=examples(
        "replay unpin traces.db t660c71da6be --step 3", "replay unpin traces.db t660c71da6be"
    ),
)
@database_and("trace")
@_step_option
@json_option
def unpin(database: Path, trace: str, step_number: int | None, as_json: bool) -> int:
    """Take away the pin of TRACE, or of one step of it. What was recorded stays."""
    from replay.store import Store

    with Store.open(database, mode="w") as store:
        transcript = store.transcript(trace, prompts=False)
        trace_id = transcript.trace.id
        if not store.unpin(trace_id, step_number):
            others = [_place(one) for one in store.pins() if one.trace_id == trace_id]
            wanted = f"Trace {trace_id}" if step_number is None else f"Step {step_number}"
            raise SelectionError(
                f"{wanted} is not pinned.",
                nearest=", ".join(others[:5]) or None,
                hint="`replay pins` lists what is.",
            )
    if as_json:
        told = {"trace_id": trace_id, "step_number": step_number, "pinned": False}
        terminal.emit_json(told)
    else:
        terminal.say("It is pinned no longer.")
    return ExitCode.OK


@click.command(
    short_help="List what is pinned.",
    epilog=examples("replay pins traces.db", "replay pins traces.db --json | jq '.[].trace_id'"),
)
@database_and()
@reveal_option
@json_option
def pins(database: Path, reveal: bool, as_json: bool) -> int:
    """List the regression cases of DATABASE, oldest first."""
    from replay.cli.table import Column, table_lines
    from replay.cli.transcripts import moment

    with opened_to_show(database, reveal=reveal) as store:
        found = store.pins()
    if as_json:
        terminal.emit_json([one.model_dump(mode="json") for one in found])
        return ExitCode.OK
    if not found:
        terminal.say(
            f"Nothing in {database} is pinned yet. Pin a trace, or a step of one:\n"
            f"  replay pin {terminal.typed(database)} TRACE --step 3"
        )
        return ExitCode.OK
    columns = [
        Column("TRACE"),
        Column("STEP", right=True),
        Column("PINNED (UTC)", left_out=2),
        Column("BY", flexible=True, left_out=1),
        Column("NOTE", flexible=True, width_min=12),
    ]
    rows = [
        [
            one.trace_id,
            "all" if one.step_number is None else str(one.step_number),
            moment(one.pinned_at)[:16],
            one.pinned_by or "",
            one.note or "",
        ]
        for one in found
    ]
    terminal.emit("\n".join(table_lines(columns, rows, width=terminal.width())))
    return ExitCode.OK


def _place(pin: Pin) -> str:
    if pin.step_number is None:
        return f"trace {pin.trace_id}"
    return f"step {pin.step_number} of trace {pin.trace_id}"
