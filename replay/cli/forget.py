"""`replay forget`: every trace that holds one person's value goes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.prune import Told, stopping, went_along
from replay.errors import ExitCode, ReplayError
from replay.report.ink import count

if TYPE_CHECKING:
    from replay.store.forgetting import Forgotten

_NAMED_MAX = 20


@click.command(
    short_help="Remove every trace that holds one person's value.",
    epilog=examples(
        "replay forget traces.db --value ann@example.com --dry-run",
        "replay forget traces.db --value - < value.txt",
    ),
)
@click.option(
    "--value",
    required=True,
    metavar="TEXT",
    help="The value: an address, a number, a customer's id. `-` reads it from standard input, so "
    "that no shell keeps it.",
)
@click.option("--dry-run", is_flag=True, help="Only tell which traces hold it.")
@json_option
@database_and()
def forget(database: Path, value: str, dry_run: bool, as_json: bool) -> int:
    """Remove every trace of DATABASE that holds a value, or what masking put in its place.

    Whole traces go, with all that is theirs: what else they say is of the same person. Pinned
    regression cases go, too, and are named; held traces stay, are named, and make the exit code 2.
    So does what no trace owns and still holds the value: an approval, a tool's schema. A dry run
    ends with 2 for the same reasons. The file is then written anew, with room for two copies.
    Copies, exports and backups are yours to find.
    """
    from dataclasses import asdict

    from replay.cli.audit import is_noted, said
    from replay.store.forgetting import VALUE_SIZE_MIN, forget
    from replay.store.pruning import pruning_of

    wanted = sys.stdin.read().strip() if value == "-" else value.strip()
    if len(wanted) < VALUE_SIZE_MIN:
        raise ReplayError(
            f"A value of {count(len(wanted), 'character')} stands in too many others.",
            hint=f"Give one of {VALUE_SIZE_MIN} or more.",
        )
    values = {wanted, *_placeholders(database, wanted)}
    with (
        stopping() as pruned,
        Told() as told,
        pruning_of(database, told.tell, into=pruned) as pruner,
    ):
        if is_noted():
            pruner.note_in_audit("forget", said(database))
        done = forget(pruner, database, values, dry_run=dry_run)
        pruner.finish()
    if as_json:
        terminal.emit_json({**asdict(done), "dry_run": dry_run})
    else:
        terminal.emit(_text(database, done, dry_run=dry_run))
    is_left = bool(done.left or done.pruned.held or done.is_in_log)
    return ExitCode.NEEDS_A_PERSON if is_left else ExitCode.OK


def _placeholders(database: Path, value: str) -> set[str]:
    """Return what masking makes of the value with the database's key; nothing without one."""
    from cassettes.redaction import KeyUnusable, Redactor, known_key

    try:
        key = known_key(database)
    except KeyUnusable as error:
        raise ReplayError(str(error)) from error
    if key is None:
        return set()
    redactor = Redactor(key, personal=True, environment=False)
    # By its form (an address stays one), as a secret without a form, and as what a name calls it.
    named = {one.masked(key, value) for one in redactor.rules.kinds if one.is_named(value)}
    return {redactor.text(value), redactor.placeholder(value), *named} - {value}


def _text(database: Path, done: Forgotten, *, dry_run: bool) -> str:
    held = set(done.pruned.held)
    going = [one for one in done.trace_ids if one not in held]
    verb = "would go" if dry_run else "removed"
    traces = "trace" if len(going) == 1 else "traces"
    lines = [f"{database}: {len(going):,} {traces} that held it {verb}."]
    if not going:
        lines = [f"{database}: no trace that may go holds it."]
    lines += [f"  {one}" for one in going[:_NAMED_MAX]]
    if len(going) > _NAMED_MAX:
        lines.append(f"  and {len(going) - _NAMED_MAX:,} more (--json names each)")
    if going and not dry_run:
        lines.append(went_along(done.pruned))
    if done.set_aside:
        lines.append(f"Records that fit no table and held it, removed: {done.set_aside:,}.")
    if done.pruned.pinned:
        lines.append(f"Regression cases among them: {', '.join(done.pruned.pinned)}.")
    if done.pruned.held:
        stays = "it would stay" if dry_run else "still there"
        lines.append(f"HELD, so {stays} (`replay holds`): {', '.join(done.pruned.held)}.")
    if done.left:
        lines.append(f"Still in what no trace owns: {', '.join(done.left[:_NAMED_MAX])}.")
    if done.recording:
        processes = ", ".join(map(str, done.recording))
        lines.append(
            f"Process {processes} still records: what it wrote stays in its spool until it ends."
        )
    if done.is_in_log:
        lines.append(
            "Another program reads the database as it was, and its file has parts of what went: "
            "close it, and run this again."
        )
    lines.append("Not looked into: base64, pictures, copies, exports and backups.")
    return "\n".join(lines)
