"""`replay export`: traces in other formats."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples
from replay.cli.selection import selection_options
from replay.cli.training import export_training, options_given, training_options

if TYPE_CHECKING:
    from replay.interchange import ExportReport
    from replay.records import Selection

FORMATS = ("openai-chat", "anthropic-messages", "records", "otlp", "openinference")
"""Repeated from `replay.interchange.LINE_FORMATS`, which costs an import; a test keeps them equal."""

TRAINING = ("tuples", "openai-sft", "anthropic", "dpo", "toolformer")
"""Repeated from `replay.training.TRAINING_FORMATS`, likewise."""


@click.command(
    "export",
    short_help="Write traces in another format.",
    epilog=examples(
        "replay export traces.db -o traces.jsonl",
        "replay export traces.db --to openai-chat --label domain=airline > airline.jsonl",
        "replay export traces.db --to openai-sft -o data/ --split train=0.8,test=0.2",
    ),
)
@click.option(
    "--to",
    "--format",
    "format_name",
    type=click.Choice((*FORMATS, *TRAINING)),
    default="records",
    show_default=True,
    help="The format; records is replay's own and holds everything.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write, whole or not at all (default: stdout); of training data the folder.",
)
@click.option(
    "--inline",
    is_flag=True,
    help="Write toolsets and system prompts that came from a contexts.json into each line.",
)
@click.option(
    "--mask",
    flag_value="secrets",
    help="Mask what is written, as [tool.replay.mask] says: secrets, and what it names beside.",
)
@click.option(
    "--mask-personal",
    "mask",
    flag_value="personal",
    help="Mask what is written, personal data of all kinds too.",
)
@training_options
@selection_options
@database_and()
def export_command(
    database: Path,
    selection: Selection,
    format_name: str,
    output: Path | None,
    inline: bool,
    mask: Literal["secrets", "personal"] | None,
    **training: Any,
) -> int | None:
    """Write traces as JSONL: all of them, or those that the options select.

    A conversation that was imported comes out as it went in; one that was recorded becomes one
    line for each conversation inside it. Training data (tuples, openai-sft, anthropic, dpo,
    toolformer) goes into a folder, divided into parts, with a data card.
    """
    from replay.cli.masked import in_a_child, reading_masked
    from replay.config import load_config

    if mask is not None and (code := in_a_child(load_config())) is not None:
        return code
    given = options_given(training)
    if format_name in TRAINING:
        export_training(database, selection, format_name, output, training, mask=mask)
        return None
    if given:
        raise click.UsageError(
            f"{given[0]} is for training data: --to {', '.join(TRAINING)}; not for {format_name}."
        )
    if output is not None and output.is_dir():
        raise click.UsageError(f"-o {output} is a folder; {format_name} goes into a file.")
    from replay.cli.progress import Progress
    from replay.interchange import ExportReport, export_lines
    from replay.store import Store

    report = ExportReport()
    store = Store.open(database, mode="r")
    read = store
    try:
        if mask is not None:
            masks = reading_masked(store, load_config(), personal=mask == "personal")
            read = cast("Store", masks)
        with Progress("traces", shown=None if output else False) as progress, _sink(output) as file:
            for line in export_lines(
                read,
                selection,
                format_name,
                report,
                inline=inline,
                on_progress=progress.update,
            ):
                file.write(line)
    finally:
        store.close()
    _tell_export(report, output)
    return None


@contextmanager
def _sink(output: Path | None) -> Iterator[TextIO]:
    """Yield what to write to; a file gets its name when it is whole."""
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            # JSONL is UTF-8, whatever this terminal's locale shows.
            sys.stdout.reconfigure(encoding="utf-8", errors=terminal.ESCAPES, newline="\n")
        try:
            yield sys.stdout
        except BrokenPipeError:
            terminal.reader_is_gone()
        except OSError as error:
            raise terminal.not_written(error) from error
        return
    from replay.cli.whole_file import whole_text

    with whole_text(output) as file:
        yield file


def _tell_export(report: ExportReport, output: Path | None) -> None:
    from replay.report.ink import count

    where = f" to {output}" if output else ""
    written = f"{count(report.trace_count, 'trace')}, {count(report.line_count, 'line')}"
    terminal.say(f"Wrote {written}{where}.")
    for words, lost_count in sorted(report.lost.items()):
        terminal.say(f"  left out, the format cannot say it: {lost_count:,} {words}")
    if not report.contexts:
        return
    if output is None:
        terminal.say(
            "  The lines name toolsets of a contexts.json, which is not in them: --inline."
        )
        return
    place = output.parent / "contexts.json"
    _add_contexts(place, report.contexts, terminal.say)


def _add_contexts(place: Path, contexts: dict[str, Any], say: Callable[[str], None]) -> None:
    import json

    known = json.loads(place.read_text("utf-8")) if place.is_file() else {}
    clashes = [name for name in contexts if known.get(name, contexts[name]) != contexts[name]]
    if clashes:
        say(f"  {place} has other toolsets under the names {', '.join(clashes)}; use --inline.")
        return
    text = json.dumps({**known, **contexts}, ensure_ascii=False)
    place.write_text(text, "utf-8")
    say(f"  Their {len(contexts):,} toolsets are in {place}.")
