"""`replay export`: traces in other formats."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples
from replay.cli.export_spans import PROTOBUF, read_endpoint, read_headers
from replay.cli.hidden import has_hidden
from replay.cli.selection import selection_options
from replay.cli.training import export_training, options_given, training_options

if TYPE_CHECKING:
    from replay.cli.masked import Mask
    from replay.interchange import ExportReport
    from replay.records import Selection

FORMATS = ("openai-chat", "anthropic-messages", "records", "otlp", "openinference")
"""Repeated from `replay.interchange.LINE_FORMATS`, which costs an import: a test compares them."""

SPANS = ("otlp", "openinference")
FILES = (PROTOBUF, "parquet", "html", "bundle")
"""What is no lines: bytes, a folder of tables, a page, a ZIP."""

TRAINING = ("tuples", "openai-sft", "anthropic", "dpo", "toolformer")
"""Repeated from `replay.training.TRAINING_FORMATS`, likewise."""


@click.command(
    "export",
    short_help="Write traces in another format.",
    epilog=examples(
        "replay export traces.db -o traces.jsonl",
        "replay export traces.db --to openai-chat --label domain=airline > airline.jsonl",
        "replay export traces.db --to otlp --endpoint http://localhost:4318",
        "replay export traces.db --to html --trace 5f1c -o trace.html",
        "replay export traces.db --to bundle --trace 5f1c -o case.replay",
        "replay export traces.db --to openai-sft -o data/ --split train=0.8,test=0.2",
    ),
)
@click.option(
    "--to",
    "--format",
    "format_name",
    type=click.Choice((*FORMATS, *FILES, *TRAINING)),
    default="records",
    show_default=True,
    metavar="FORMAT",  # in brackets, click's way, the names are one word of 140 characters
    help="The format; records is replay's own and holds everything. Others: "
    f"{', '.join(one for one in (*FORMATS, *FILES, *TRAINING) if one != 'records')}.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The file to write, whole or not at all (default: stdout); of training data and Parquet "
    "the folder.",
)
@click.option(
    "--inline",
    is_flag=True,
    help="Write toolsets and system prompts that came from a contexts.json into each line.",
)
@click.option(
    "--endpoint",
    callback=read_endpoint,
    metavar="URL",
    help="otlp, openinference: post the spans there (/v1/traces) instead of writing a file.",
)
@click.option(
    "--header",
    "headers",
    multiple=True,
    callback=read_headers,
    metavar="NAME=VALUE",
    help="With --endpoint: send this header, a key for instance.",
)
@click.option(
    "--no-mask",
    "no_mask",
    is_flag=True,
    help="bundle: leave personal data in it as it is stored.",
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
@click.option(
    "--reveal",
    is_flag=True,
    help="Write hidden values as they are stored; they are masked otherwise.",
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
    endpoint: str | None,
    headers: dict[str, str],
    no_mask: bool,
    mask: Mask | None,
    reveal: bool,
    **training: Any,
) -> int | None:
    """Write traces in another format: all of them, or those that the options select.

    As JSONL, a conversation that was imported comes out as it went in; one that was recorded
    becomes one line for each conversation inside it. otlp and openinference are spans, one line a
    trace. parquet is a folder of tables, html one page, bundle a ZIP that somebody else can replay.
    Training data (tuples, openai-sft, anthropic, dpo, toolformer) goes into a folder, with a data
    card. docs/export.md says what each format can carry.
    """
    _refuse_others(format_name, options_given(training), endpoint, headers, no_mask=no_mask)
    if reveal and mask is not None:
        raise click.UsageError("--mask and --reveal: hidden values masked, or as they are stored?")
    if no_mask and not reveal and has_hidden(database):
        raise click.UsageError(
            f"--no-mask would write values that are hidden in '{database}': say --reveal, too."
        )
    if reveal:
        mask = "revealed"
    elif mask is not None and (code := _masked_elsewhere()) is not None:
        return code
    if format_name in TRAINING:
        export_training(database, selection, format_name, output, training, mask=mask)
        return None
    if output is not None and output.is_dir() and format_name != "parquet":
        raise click.UsageError(f"-o {output} is a folder; {format_name} goes into a file.")
    if endpoint is not None:
        if output is not None:
            raise click.UsageError("-o and --endpoint: a file, or an endpoint?")
        from replay.cli.export_spans import send_spans

        report = send_spans(database, selection, format_name, endpoint, headers, mask=mask)
        _tell_export(report, None, what="span", verb="Sent")
        return None
    if format_name in FILES:
        return _write_file(database, selection, format_name, output, no_mask=no_mask, mask=mask)
    _write_lines(database, selection, format_name, output, inline=inline, mask=mask)
    return None


def _refuse_others(
    format_name: str,
    training: list[str],
    endpoint: str | None,
    headers: dict[str, str],
    *,
    no_mask: bool,
) -> None:
    """Refuse options that are of another format."""
    if training and format_name not in TRAINING:
        raise click.UsageError(
            f"{training[0]} is for training data: --to {', '.join(TRAINING)}; not for "
            f"{format_name}."
        )
    if endpoint is not None and format_name not in SPANS:
        raise click.UsageError(
            f"--endpoint is for spans: --to {' or '.join(SPANS)}; not for {format_name}."
        )
    if headers and endpoint is None:
        raise click.UsageError("--header goes with --endpoint.")
    if no_mask and format_name != "bundle":
        raise click.UsageError(
            f"--no-mask is for --to bundle; {format_name} is written as stored anyway. "
            "`replay mask --apply` masks the database."
        )


def _masked_elsewhere() -> int | None:
    """Return the exit code of a process where functions of the user's mask; None: none is named."""
    from replay.cli.masked import in_a_child
    from replay.config import load_config

    return in_a_child(load_config())


def _write_file(
    database: Path,
    selection: Selection,
    format_name: str,
    output: Path | None,
    *,
    no_mask: bool,
    mask: Mask | None,
) -> int | None:
    if format_name == PROTOBUF:
        from replay.cli.export_spans import write_protobuf

        _tell_export(write_protobuf(database, selection, output, mask=mask), output, what="span")
    elif format_name == "parquet":
        from replay.cli.export_parquet import export_parquet

        export_parquet(database, selection, output, mask=mask)
    elif format_name == "html":
        from replay.cli.export_html import export_html

        export_html(database, selection, output, mask=mask)
    else:
        from replay.cli.export_bundle import export_bundle

        if not no_mask and (code := _masked_elsewhere()) is not None:
            return code
        export_bundle(database, selection, output, is_masked=not no_mask, reveal=mask == "revealed")
    return None


def _write_lines(
    database: Path,
    selection: Selection,
    format_name: str,
    output: Path | None,
    *,
    inline: bool,
    mask: Mask | None,
) -> None:
    from replay.cli.masked import opened_to_export
    from replay.cli.progress import Progress
    from replay.interchange import ExportReport, export_lines

    report = ExportReport()
    with (
        opened_to_export(database, mask) as store,
        Progress("traces", shown=None if output else False) as progress,
        _sink(output) as file,
    ):
        for line in export_lines(
            store, selection, format_name, report, inline=inline, on_progress=progress.update
        ):
            file.write(line)
    _tell_export(report, output)


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


def _tell_export(
    report: ExportReport, output: Path | None, *, what: str = "line", verb: str = "Wrote"
) -> None:
    from replay.report.ink import count

    where = f" to {output}" if output else ""
    written = f"{count(report.trace_count, 'trace')}, {count(report.line_count, what)}"
    terminal.say(f"{verb} {written}{where}.")
    for words, lost_count in sorted(report.lost.items()):
        terminal.say(f"  left out, the format cannot say it: {words} ({lost_count:,})")
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

    from replay.records.private_files import private

    known = json.loads(place.read_text("utf-8")) if place.is_file() else {}
    clashes = [name for name in contexts if known.get(name, contexts[name]) != contexts[name]]
    if clashes:
        say(f"  {place} has other toolsets under the names {', '.join(clashes)}; use --inline.")
        return
    text = json.dumps({**known, **contexts}, ensure_ascii=False)
    private(place).write_text(text, "utf-8")
    say(f"  Their {len(contexts):,} toolsets are in {place}.")
