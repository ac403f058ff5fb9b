"""`--junit`, `--markdown`, `--html`, `--sarif` and `--format`: reports for others."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from replay.cli import terminal
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import ReplayRun
    from replay.report.junit import TraceCase
    from replay.store import Store

ReportFormat: TypeAlias = Literal["text", "json", "github"]


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


_OPTIONS = (
    file_option("--junit", "Also write the traces there as JUnit XML, for a CI server."),
    file_option("--markdown", "Also write the report there, for a pull request or a job summary."),
    file_option("--html", "Also write the report there as one HTML page, with its examples."),
    file_option("--sarif", "Also write the findings there as SARIF: alerts at the tools' source."),
)

format_option = click.option(
    "--format",
    "report_format",
    type=click.Choice(["text", "json", "github"]),
    help="How the report is printed: text; json, as --json; github, as text and a line for each "
    "finding that GitHub Actions shows at the tool's source.  [default: text]",
)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The files that a report is to be written to as well."""

    junit: Path | None = None
    markdown: Path | None = None
    sarif: Path | None = None
    html: Path | None = None

    def __bool__(self) -> bool:
        """Whether any is named."""
        return any((self.junit, self.markdown, self.sarif, self.html))


def report_files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options that name files of reports, as ``files``."""

    @functools.wraps(command)
    def with_files(
        *args: Any,
        junit: Path | None,
        markdown: Path | None,
        sarif: Path | None,
        html: Path | None,
        **options: Any,
    ) -> Any:
        return command(*args, files=ReportFiles(junit, markdown, sarif, html), **options)

    wrapped: Callable[..., Any] = with_files
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def chosen_format(report_format: ReportFormat | None, *, as_json: bool) -> ReportFormat:
    """Return the format that ``--format`` and ``--json`` ask for.

    Raises:
        click.UsageError: they disagree.
    """
    if as_json and report_format not in (None, "json"):
        raise click.UsageError(f"--json and --format {report_format}: which of the two?")
    return "json" if as_json else report_format or "text"


def write_reports(store: Store, run: ReplayRun, *, files: ReportFiles, database: Path) -> None:
    """Write the report of ``run`` into the files that are named.

    Raises:
        ReplayError: one cannot be written; the run itself is kept.
    """
    if not files:
        return
    from replay.cli.runs import example_verdicts, findings_now

    findings = findings_now(store, run)
    examples = example_verdicts(store, run, findings)
    if files.junit is not None:
        from replay.report.junit import junit_xml

        text = junit_xml(run, findings, _cases(store, run))
        write_report(files.junit, text, database, run)
    if files.markdown is not None:
        from replay.report.markdown import markdown

        text = markdown(run, findings, examples=examples)
        write_report(files.markdown, text, database, run)
    if files.sarif is not None:
        from replay.report.sarif import sarif

        log = sarif(run, findings, examples=examples)
        text = json.dumps(log, indent=2, ensure_ascii=False)
        write_report(files.sarif, f"{text}\n", database, run)
    if files.html is not None:
        from replay.cli.export_html import write_run_html

        write_run_html(store, run, files.html)


_TRACES_OF_RUN = """
SELECT trace_id, count(*), sum(verdict NOT IN ('served', 'not_run')),
  sum(verdict NOT IN ('same', 'equivalent', 'served'))
FROM call_verdicts WHERE run_id = ? GROUP BY trace_id
"""


def _cases(store: Store, run: ReplayRun) -> Iterator[TraceCase]:
    from replay.report.junit import TraceCase

    _, rows = store.query(_TRACES_OF_RUN, (run.id,))
    for trace_id, call_count, judged_count, differing_count in rows:
        verdicts = store.verdicts(run.id, trace_id=trace_id) if differing_count else []
        yield TraceCase(trace_id, call_count, judged_count, verdicts)


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
            f"`replay diff {terminal.typed(database)} {run.id}` shows it.",
        ) from error


def print_report(
    store: Store, ended: ReplayRun, *, database: Path, output: Path | None, form: ReportFormat
) -> None:
    """Print the report of ``ended``, or write it to ``output``; annotations are always printed.

    Raises:
        ReplayError: it cannot be written; the run itself is kept.
    """
    from replay.cli.runs import report_json, show_report

    if form == "json":
        text = json.dumps(report_json(store, ended), indent=2, ensure_ascii=False)
    else:
        to_stdout = output is None
        text = show_report(
            store,
            ended,
            database=database,
            width=terminal.width() if to_stdout else 80,
            colored=to_stdout and terminal.colours(sys.stdout),
        )
    if form == "github" and output is not None:
        terminal.emit(github_text(store, ended, ""))
    elif form == "github":
        text = github_text(store, ended, text)
    if output is None:
        terminal.emit(text)
        return
    write_report(output, text + "\n", database, ended)


def github_text(store: Store, run: ReplayRun, text: str) -> str:
    """Return ``text``, in which GitHub Actions obeys nothing, and a line for each finding."""
    from replay.cli.runs import example_verdicts, findings_now
    from replay.report.annotations import annotation_lines, inert

    findings = findings_now(store, run)
    lines = annotation_lines(run, findings, examples=example_verdicts(store, run, findings))
    return "\n".join(filter(None, [inert(text), lines]))
