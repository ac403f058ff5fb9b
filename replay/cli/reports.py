"""`--junit FILE` and `--markdown FILE`: a report for a CI server and for a pull request."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import ReplayRun
    from replay.store import Store


def _in_a_folder(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a file in a folder that is not there: before a long run, not after it."""
    if value is not None and not value.parent.is_dir():
        raise click.BadParameter(f"There is no folder '{value.parent}'.")
    return value


def file_option(name: str, help_text: str) -> Callable[..., Any]:
    """Return an option that names a file to write."""
    return click.option(
        name,
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_in_a_folder,
        help=help_text,
    )


_JUNIT = file_option("--junit", "Also write the findings there as JUnit XML, for a CI server.")
_MARKDOWN = file_option("--markdown", "Also write the report there, for a pull request.")


def report_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options ``--junit`` and ``--markdown``."""
    for option in (_MARKDOWN, _JUNIT):
        command = option(command)
    return command


def write_reports(
    store: Store, run: ReplayRun, *, junit: Path | None, markdown: Path | None, database: Path
) -> None:
    """Write the report of ``run`` into the files that are named.

    Raises:
        ReplayError: one cannot be written; the run itself is kept.
    """
    if junit is None and markdown is None:
        return
    from replay.cli.runs import example_verdicts, findings_now
    from replay.report.junit import junit_xml
    from replay.report.markdown import markdown as as_markdown

    findings = findings_now(store, run)
    examples = example_verdicts(store, run, findings)
    if junit is not None:
        write_report(junit, junit_xml(run, findings, examples=examples), database, run)
    if markdown is not None:
        write_report(markdown, as_markdown(run, findings, examples=examples), database, run)


def write_report(file: Path, text: str, database: Path, run: ReplayRun) -> None:
    """Write one report.

    Raises:
        ReplayError: the file cannot be written; the run itself is kept.
    """
    try:
        file.write_text(terminal.printable(text, "utf-8"), "utf-8")
    except OSError as error:
        raise ReplayError(
            f"Cannot write the report to '{file}': {error.strerror}.",
            hint="The replay run is kept: "
            f"`replay diff {shlex.quote(str(database))} {run.id}` shows it.",
        ) from error
