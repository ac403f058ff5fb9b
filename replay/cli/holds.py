"""`replay hold`, `release` and `holds`: traces that nothing removes."""

from __future__ import annotations

from pathlib import Path

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option, read_words
from replay.errors import ExitCode, SelectionError


@click.command(
    short_help="Keep a trace, whatever else says it goes.",
    epilog=examples("replay hold traces.db t660c71da6be --reason 'case 2026-114'"),
)
@database_and("trace")
@click.option(
    "--reason", required=True, metavar="TEXT", callback=read_words, help="Why it must stay."
)
@click.option("--by", metavar="NAME", help="Who holds it. Default: your user name.")
@json_option
def hold(database: Path, trace: str, reason: str, by: str | None, as_json: bool) -> int:
    """Hold TRACE: neither `replay prune` nor `replay forget` removes it until it is released.

    Holding it again replaces the reason.
    """
    from dataclasses import asdict

    from replay.cli.approvals import user_name
    from replay.cli.masked import in_a_child, masked_text, masking_for
    from replay.config import load_config
    from replay.store import Store
    from replay.store.holds import put_hold

    config = load_config()
    if (code := in_a_child(config)) is not None:
        return code
    with Store.open(database, mode="w") as store:
        held = store.transcript(trace, prompts=False)
        trace_id = held.trace.id
        redaction = masking_for(store, config, held)
        who = masked_text(redaction, by) if by else user_name()
        given = put_hold(database, trace_id, masked_text(redaction, reason), who)
    if as_json:
        terminal.emit_json(asdict(given))
    else:
        named = terminal.typed(database)
        terminal.say(f"Held: trace {trace_id}. To let it go:")
        terminal.say(f"  replay release {named} {trace_id}")
    return ExitCode.OK


@click.command(
    short_help="Take a hold off a trace.",
    epilog=examples("replay release traces.db t660c71da6be"),
)
@database_and("trace")
@json_option
def release(database: Path, trace: str, as_json: bool) -> int:
    """Take the hold off TRACE. It goes when its time is over, not now."""
    from replay.store import Store
    from replay.store.holds import take_hold

    with Store.open(database, mode="w") as store:
        trace_id = store.transcript(trace, prompts=False).trace.id
        if not take_hold(database, trace_id):
            held = [one.trace_id for one in store.holds()]
            raise SelectionError(
                f"Trace {trace_id} is not held.",
                nearest=", ".join(held[:5]) or None,
                hint="`replay holds` lists what is.",
            )
    if as_json:
        terminal.emit_json({"trace_id": trace_id, "held": False})
    else:
        terminal.say("It is held no longer.")
    return ExitCode.OK


@click.command(
    short_help="List what is held.",
    epilog=examples("replay holds traces.db", "replay holds traces.db --json"),
)
@database_and()
@json_option
def holds(database: Path, as_json: bool) -> int:
    """List the traces of DATABASE that nothing removes, those that are held longest first."""
    from dataclasses import asdict

    from replay.cli.table import Column, table_lines
    from replay.cli.transcripts import moment
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = store.holds()
    if as_json:
        terminal.emit_json([asdict(one) for one in found])
        return ExitCode.OK
    if not found:
        terminal.say(
            f"Nothing in {database} is held. Hold a trace that must not be removed:\n"
            f"  replay hold {terminal.typed(database)} TRACE --reason 'case 2026-114'"
        )
        return ExitCode.OK
    columns = [
        Column("TRACE"),
        Column("HELD (UTC)", left_out=2),
        Column("BY", flexible=True, left_out=1),
        Column("REASON", flexible=True, width_min=12),
    ]
    rows = [
        [one.trace_id, moment(one.held_at)[:16], one.held_by or "", one.reason] for one in found
    ]
    terminal.emit("\n".join(table_lines(columns, rows, width=terminal.width())))
    return ExitCode.OK
