"""`replay import`: traces from other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from replay.cli import terminal
from replay.cli.arguments import (
    default_database,
    examples,
    json_option,
    read_labels,
    read_moment,
)
from replay.cli.completing import complete_files
from replay.errors import ExitCode

FORMATS = ("openai-chat", "anthropic-messages", "records")
READ_FORMATS = (
    *FORMATS,
    "langfuse",
    "otlp",
    "phoenix",
    "langsmith",
    "mlflow",
    "inspect",
    "openai-agents",
    "gateway",
    "qwen-code",
    "claude-code",
    "codex",
    "gemini-cli",
    "opencode",
    "cline",
    "goose",
    "continue",
    "vcrpy",
    "bundle",
)
"""Repeated from `replay.interchange`, which costs an import; a test keeps them equal."""

_MASKED = "Masked while it was read (docs/masking.md); --no-mask keeps it as it stands."
_DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@click.command(
    "import",
    short_help="Read traces from another format.",
    epilog=examples(
        "replay import conversations.jsonl",
        "replay import traces.db otlp.jsonl.gz january.jsonl --app support",
        "replay import traces.db ~/.claude/projects",
        "replay import log.jsonl --start metadata --skip-bad-lines",
    ),
)
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="[DATABASE] FILE...",
    shell_complete=complete_files,
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(READ_FORMATS),
    metavar="FORMAT",  # in brackets, click's way, the names are one word of 170 characters
    help="Read the files as this format, instead of finding out from their content: "
    f"{', '.join(READ_FORMATS)}.",
)
@click.option("--app", metavar="NAME", help="The application that the traces come from.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    callback=read_labels,
    metavar="KEY=VALUE",
    help="Put this label on every trace.",
)
@click.option(
    "--start",
    "start_fields",
    multiple=True,
    metavar="FIELD",
    help="A field of each line, or of a trace's metadata, that your world factory gets as part of "
    "its start "
    "(default: init, corpus and domain).",
)
@click.option(
    "--tool-prefix",
    "tool_prefixes",
    multiple=True,
    metavar="TEXT",
    help="What the agent put before the names of its tools, as `github_`: taken off. Of traces of "
    "other tools; conversations stay as they are.",
)
@click.option(
    "--recorded-at",
    callback=read_moment,
    metavar="WHEN",
    help="When conversations took place that do not say it: 2026-11-21, or 7d ago.",
)
@click.option(
    "--skip-bad-lines",
    is_flag=True,
    help="Leave out lines that cannot be read. Without it such a line stops the import before "
    "anything is kept.",
)
@click.option(
    "--mask",
    flag_value="secrets",
    help="Mask what is read, as [tool.replay.mask] says. It is, too, where that is written.",
)
@click.option(
    "--mask-personal",
    "mask",
    flag_value="personal",
    help="Mask what is read, personal data of all kinds too.",
)
@click.option("--no-mask", "mask", flag_value="no", help="Keep what is read as it stands.")
@json_option
def import_command(
    words: tuple[str, ...],
    format_name: str | None,
    skip_bad_lines: bool,
    mask: Literal["secrets", "personal", "no"] | None,
    as_json: bool,
    **read: Any,
) -> int:
    """Read conversations and traces of other tools into a database.

    Takes OpenAI chat and Anthropic messages, OpenTelemetry (GenAI, OpenInference), Langfuse,
    LangSmith, MLflow, Inspect, OpenAI Agents, logs of gateways, sessions of Claude Code, Codex,
    Gemini CLI, Qwen Code, OpenCode, Cline, goose and Continue, cassettes of vcrpy in which a model
    is asked, and what `replay export` wrote; the content tells which. A FILE may be packed, a
    folder, or `-` for stdin. Importing again changes nothing. At the end it says what was in the
    files, what is in the database now, and what could not be carried over.
    """
    from replay.cli.import_text import nothing_imported, report_lines, what_is_missing
    from replay.cli.masked import importing_mask, in_a_child, masking_for
    from replay.cli.progress import Progress
    from replay.interchange import START_FIELDS, CheckedFiles, ImportOptions, ReadOptions
    from replay.interchange.sources import paths_with_stdin
    from replay.store import Store

    config = importing_mask(mask)
    if config is not None and (code := in_a_child(config)) is not None:
        return code
    database, paths = _database_and_files(words)
    read["start_fields"] = read["start_fields"] or START_FIELDS
    options = ImportOptions(format_name, skip_bad_lines, ReadOptions(**read))
    if database.exists():
        Store.open(database, mode="w").close()  # what is wrong with it shows before the long work
    with paths_with_stdin(paths) as opened, Progress("bytes") as progress:
        checked = CheckedFiles(opened, options, on_progress=progress.update)
        reports = checked.unread()
        if not reports:
            store = Store.open(database, mode="create")
            try:
                redaction = None if config is None else masking_for(store, config)
                reports = checked.write(store, redaction)
            finally:
                store.close()
    held = next((str(one) for one in opened if one not in paths), "stdin")
    for report in reports:
        report.say_instead(held, "stdin")
    if as_json:
        files = [report.to_json() for report in reports]
        terminal.emit_json({"database": str(database), "files": files})
    else:
        for report in reports:
            for line in report_lines(report):
                terminal.emit(line)
    if all(report.is_empty for report in reports):
        raise nothing_imported(reports)
    missing = what_is_missing(reports)
    if not as_json:
        if config is not None:
            terminal.say(_MASKED)
        terminal.say(f"Next: replay list {terminal.typed(database)}")
    if missing is not None:
        terminal.say(missing)
    return ExitCode.OK if missing is None else ExitCode.NEEDS_A_PERSON


def _database_and_files(words: tuple[str, ...]) -> tuple[Path, list[Path]]:
    """A database is told by its suffix: of files to import only goose's ends in .db."""
    from replay.interchange.goose_database import is_database

    paths = [Path(word) for word in words]
    is_alone = len(paths) == 1 and paths[0].is_file() and is_database(paths[0])
    if paths[0].suffix in _DATABASE_SUFFIXES and not is_alone:
        if not paths[1:]:
            raise click.UsageError(f"Which file shall be imported into {words[0]!r}?")
        return paths[0], paths[1:]
    try:
        return default_database(), paths
    except click.UsageError:
        return Path("traces.db"), paths
