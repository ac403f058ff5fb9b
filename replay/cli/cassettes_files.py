"""`replay cassettes export` and `import`: files of vcrpy, from and into a database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, default_database, examples, json_option
from replay.cli.completing import complete_files
from replay.cli.hidden import refuse_hidden, reveal_option
from replay.cli.selection import selection_options
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.config import Config
    from replay.interchange.vcr_cassettes import MaskingOf
    from replay.records import Selection
    from replay.store import Store
    from replay.store.redaction import Redaction


@click.command(
    short_help="Write cassettes as vcrpy's YAML.",
    epilog=examples(
        "replay cassettes export traces.db cassettes/",
        "replay cassettes export traces.db cassettes/ --per trace --tool get_weather",
    ),
)
@database_and("folder")
@click.option(
    "--per",
    type=click.Choice(["call", "trace"]),
    default="call",
    show_default=True,
    help="What one file holds: the cassette of one tool call, or all those of a trace.",
)
@selection_options
@reveal_option
@json_option
def export(
    database: Path, folder: str, per: Any, selection: Selection, reveal: bool, as_json: bool
) -> int:
    """Write the cassettes of DATABASE into FOLDER, as files that vcrpy and pytest-recording play.

    What vcrpy does not know (order, timing, failures, calls that are not HTTP) stands in them under
    `x-replay`: imported again, they are what they were. Where values are hidden, it wants --reveal.
    """
    from replay.errors import ReplayError
    from replay.interchange.vcr_cassettes import export_cassettes
    from replay.report.ink import count
    from replay.store import Store

    refuse_hidden(database, reveal=reveal, what="A cassette is written whole, to match again")
    with Store.open(database, mode="r") as store:
        try:
            written = export_cassettes(store, selection, Path(folder), per)
        except OSError as error:
            raise ReplayError(f"Cannot write below {folder!r}: {error.strerror}.") from error
    if as_json:
        terminal.emit_json(
            {
                "files": [str(file) for file in written.files],
                "cassettes": written.cassette_count,
                "interactions": written.interaction_count,
                "not_played_by_vcrpy": written.beside_count,
            }
        )
        return ExitCode.OK
    for file in written.files:
        terminal.emit(str(file))
    held = f"{count(written.cassette_count, 'cassette')} with "
    held += count(written.interaction_count, "interaction")
    terminal.say(f"Wrote {count(len(written.files), 'file')}: {held}.")
    if written.beside_count:
        terminal.say(
            f"  {written.beside_count:,} of them under x-replay alone: failures and what is not "
            "HTTP, which vcrpy cannot play."
        )
    return ExitCode.OK


@click.command(
    "import",
    short_help="Read cassettes from vcrpy's YAML.",
    epilog=examples(
        "replay cassettes import traces.db cassettes/",
        "replay cassettes import traces.db tests/cassettes/test_weather.yaml --trace t660c71da6be "
        "--step 3",
    ),
)
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="[DATABASE] FILE|FOLDER...",
    shell_complete=complete_files,
)
@click.option("--trace", metavar="ID", help="Of a file that vcrpy wrote: the trace it is for.")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="The tool call of that trace. May be left out where it has one only.",
)
@click.option("--no-mask", is_flag=True, help="Keep what is read as it stands, secrets too.")
@json_option
def import_command(
    words: tuple[str, ...],
    trace: str | None,
    step_number: int | None,
    no_mask: bool,
    as_json: bool,
) -> int:
    """Put the cassettes of FILEs in the place of the recorded ones; all of them, or none.

    Files that `replay cassettes export` wrote say which tool call they belong to. Of one that vcrpy
    or pytest-recording wrote, --trace and --step say it. What the tools returned when they were
    recorded stays as it was: a replay tells where today's answers lead to something else. They are
    masked as recordings are; files that `export` wrote of a trace without masking stay so.
    """
    from dataclasses import asdict

    from replay.cli.masked import in_a_child
    from replay.config import load_config
    from replay.interchange.vcr_cassettes import files_in, import_cassettes
    from replay.report.ink import count
    from replay.store import Store

    database, paths = _database_and_paths(words)
    if step_number is not None and trace is None:
        raise click.UsageError("--step needs the trace that it is in: --trace ID.")
    config = load_config()
    if not no_mask and (code := in_a_child(config)) is not None:
        return code
    files = files_in(paths)
    with Store.open(database, mode="w") as store:
        call_id = None if trace is None else _call_of(store, trace, step_number)
        masking = _maskings(store, config) if not no_mask else lambda trace_id, is_ours: None
        read = import_cassettes(store, files, call_id=call_id, masking_of=masking)
    if as_json:
        terminal.emit_json([{**asdict(one), "file": str(one.file)} for one in read])
        return ExitCode.OK
    for one in read:
        what = f"{one.tool} (trace {one.trace_id}, step {one.step_number})"
        held = count(one.interaction_count, "interaction")
        if one.is_new:
            terminal.emit(f"{one.file}: {what}: {held}, {one.replaced_count:,} replaced")
        else:
            terminal.emit(f"{one.file}: {what}: {held}, there already")
    return ExitCode.OK


def _maskings(store: Store, config: Config) -> MaskingOf:
    """Mask as the trace was masked; what a trace without masking gave stays as it is."""
    from functools import cache

    from replay.cli.masked import masking_for
    from replay.store.redaction import is_redacted

    @cache
    def masking_of(trace_id: str, is_ours: bool) -> Redaction | None:
        transcript = store.transcript(trace_id, prompts=False)
        if is_ours and not is_redacted(transcript.trace.attributes):
            return None
        return masking_for(store, config, transcript)

    return masking_of


def _database_and_paths(words: tuple[str, ...]) -> tuple[Path, list[Path]]:
    """A database is told by its suffix: a cassette never ends in .db."""
    paths = [Path(word) for word in words]
    if paths[0].suffix in {".db", ".sqlite", ".sqlite3"}:
        if not paths[1:]:
            raise click.UsageError(f"Which cassettes shall be imported into {words[0]!r}?")
        return paths[0], paths[1:]
    return default_database(), paths


def _call_of(store: Store, trace: str, step_number: int | None) -> str:
    from replay.records import ToolCall

    transcript = store.transcript(trace, prompts=False)
    calls = [step for step in transcript.steps if isinstance(step, ToolCall)]
    found = [call for call in calls if step_number in (None, call.step_number)]
    if len(found) == 1:
        return found[0].id
    steps = ", ".join(f"{call.step_number} ({call.tool})" for call in calls)
    raise SelectionError(
        f"Trace {transcript.trace.id!r} has several tool calls."
        if found
        else f"Step {step_number} of trace {transcript.trace.id!r} is no tool call.",
        hint=f"Name one with --step: {steps}." if calls else "It has no tool calls at all.",
    )
