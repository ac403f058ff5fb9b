"""`replay db`: looking after a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import refuse_hidden, reveal_option
from replay.cli.lazy import LazyGroup, Place
from replay.errors import ExitCode

_HERE = "replay.cli.db"
_ENCRYPTING = "replay.cli.db_encrypting"
_NOTE_EVERY_S: Final = 5.0


@click.command(
    cls=LazyGroup,
    places={
        "check": Place(_HERE, "check", "Verify that everything is there and whole."),
        "compact": Place(_HERE, "compact", "Make the file as small as it can be."),
        "encrypt": Place(_ENCRYPTING, "encrypt", "Encrypt a database, with its log and spools."),
        "decrypt": Place(_ENCRYPTING, "decrypt", "Take the encryption off a database."),
        "rekey": Place(_ENCRYPTING, "rekey", "Give an encrypted database another key."),
        "query": Place(_HERE, "query", "Run SQL over the records, compressed ones included."),
        "schema": Place(_HERE, "schema", "Print the JSON Schema of every record."),
    },
    short_help="Look after a database: check, compact, schema.",
    epilog=examples("replay db check traces.db"),
)
def db() -> None:
    """Look after a database: verify it, make it smaller, ask it anything in SQL."""


@click.command(
    short_help="Verify that everything is there and whole.",
    epilog=examples("replay db check traces.db"),
)
@database_and()
@json_option
def check(database: Path, as_json: bool) -> int:
    """Verify every record of DATABASE, every hash and reference, the views, totals and spools.

    Reads the whole file. Exit code 0 when all is well, 3 when something is not. Hashes cover
    contents: values of more than 120 bytes, messages, tool definitions. A value in its own row has
    none: one that was changed there by hand to another valid value is not found. Feedback on a
    trace that is not stored (yet) is named, and is no problem.
    """
    from dataclasses import asdict

    from replay.report.ink import wrap
    from replay.store import Store
    from replay.store.check import NOT_HASHED

    with Store.open(database, mode="r") as store:
        problems = store.check(_progress())
        counts = store.counts()
        unknown = store.feedback_of_no_trace()
    if as_json:
        told = {"problems": [asdict(problem) for problem in problems], "counts": counts}
        told["feedback_of_no_trace"] = dict(unknown)
        terminal.emit_json({**told, "not_checked": NOT_HASHED})
    elif problems:
        for problem in problems:
            terminal.emit(str(problem))
    else:
        told_counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
        terminal.emit(f"{database} is whole: {told_counts or 'empty'}.")
        terminal.emit("\n".join(wrap(NOT_HASHED, terminal.width(), hang="")))
    if unknown and not as_json:
        from replay.cli.feedback import of_no_trace

        terminal.emit("\n".join(wrap(of_no_trace(unknown), terminal.width(), hang="")))
    return ExitCode.COULD_NOT_RUN if problems else ExitCode.OK


def _progress() -> Callable[[int, int], None]:
    """Return what tells on stderr, every few seconds, how far a long check is."""
    from time import monotonic

    last = monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last > _NOTE_EVERY_S:
            last = monotonic()
            terminal.say(f"Checked {done:,} of {total:,} records.")

    return tell


@click.command(
    short_help="Make the file as small as it can be.",
    epilog=examples("replay db compact traces.db"),
)
@database_and()
@json_option
def compact(database: Path, as_json: bool) -> int:
    """Compress DATABASE anew with a dictionary learned from it, and close its gaps.

    Needs room for a copy while it works. Recording goes on meanwhile.
    """
    from dataclasses import asdict

    from replay.store import Store

    with Store.open(database, mode="w") as store:
        done = store.compact()
    if as_json:
        terminal.emit_json(asdict(done))
    else:
        terminal.emit(
            f"{database}: {done.size_bytes_before:,} bytes before, {done.size_bytes_after:,} after."
        )
    return ExitCode.OK


@click.command(
    short_help="Run SQL over the records, compressed ones included.",
    epilog=examples(
        'replay db query traces.db "SELECT tool, outcome, count(*) FROM tool_calls GROUP BY 1, 2"',
    ),
)
@database_and("sql")
@reveal_option
@json_option
def query(database: Path, sql: str, reveal: bool, as_json: bool) -> int:
    """Run one reading SQL statement over the views of DATABASE and print its rows.

    A line of column names, then one line per row, cells apart by tabs; with --json a list of
    objects. The views are those that any SQLite shell shows, one per kind of record: traces,
    model_calls, tool_calls, interactions, ... Where values are hidden, it wants --reveal.
    """
    from replay.store import Store

    refuse_hidden(database, reveal=reveal, what="SQL reads values as they are stored")
    with Store.open(database, mode="r") as store:
        names, rows = store.query(sql)
    if as_json:
        terminal.emit_json([dict(zip(names, row, strict=True)) for row in rows])
        return ExitCode.OK
    terminal.emit("\t".join(names))
    for row in rows:
        terminal.emit("\t".join("" if cell is None else str(cell) for cell in row))
    return ExitCode.OK


@click.command(
    short_help="Print the JSON Schema of every record.",
    epilog=examples("replay db schema > records.schema.json"),
)
def schema() -> int:
    """Print the JSON Schema (draft 2020-12) of every record that a database holds."""
    from replay.records import record_schema

    terminal.emit_json(record_schema())
    return ExitCode.OK
