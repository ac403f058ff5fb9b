"""HTML files: `replay export --to html` for traces, `--html` for a replay run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from replay.cli import terminal
from replay.cli.whole_file import whole_text
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.cli.masked import Mask
    from replay.records import CallVerdict, ReplayRun, Selection
    from replay.store import Store

TRACES_MAX: Final = 100
"""More in one page no phone opens."""

_EXAMPLES_MAX: Final = 20


def export_html(
    database: Path, selection: Selection, output: Path | None, *, mask: Mask | None = None
) -> None:
    """Write the selected traces as one page.

    Raises:
        click.UsageError: no file is named.
        ReplayError: no trace is selected, or too many for a page.
    """
    from replay.cli.masked import opened_to_export
    from replay.cli.progress import Progress
    from replay.cli.where import newest_verdicts
    from replay.report.html import trace_page

    if output is None:
        raise click.UsageError("A page is a file: say -o trace.html.")
    with opened_to_export(database, mask) as store:
        trace_ids = store.trace_ids(selection)
        if not trace_ids:
            raise ReplayError(
                f"No trace of '{database}' is selected: there is nothing to show.",
                hint="`replay list` shows the traces; --trace ID names one.",
            )
        if len(trace_ids) > TRACES_MAX:
            raise ReplayError(
                f"{len(trace_ids):,} traces are too many for a page ({TRACES_MAX} at most).",
                hint=f"Name one with --trace, or take the newest with --limit {TRACES_MAX}.",
            )
        transcripts = []
        with Progress("traces") as progress:
            for done, trace_id in enumerate(trace_ids, start=1):
                transcripts.append(store.transcript(trace_id))
                progress.update(done, len(trace_ids))
        verdicts: dict[str, CallVerdict] = {}
        for trace_id in trace_ids:
            verdicts |= newest_verdicts(store, trace_id)
        with whole_text(output) as file:
            file.writelines(trace_page(transcripts, verdicts))
    size = output.stat().st_size
    terminal.say(
        f"Wrote {len(trace_ids):,} traces to {output} ({size / 1000:,.0f} kB)."
        if len(trace_ids) > 1
        else f"Wrote the trace to {output} ({size / 1000:,.0f} kB)."
    )


def write_run_html(store: Store, run: ReplayRun, output: Path) -> None:
    """Write the page of a replay run: its findings, and the traces of their examples."""
    from replay.cli.runs import example_verdicts, findings_now, verdicts_now
    from replay.report.html import run_page
    from replay.verdicts import ranked

    findings = findings_now(store, run)
    examples = example_verdicts(store, run, findings)
    shown = [finding.example_trace_id for finding in ranked(findings)]
    trace_ids = list(dict.fromkeys(shown))[:_EXAMPLES_MAX]
    transcripts = {trace_id: store.transcript(trace_id) for trace_id in trace_ids}
    verdicts = {
        verdict.tool_call_id: verdict
        for trace_id in trace_ids
        for verdict in verdicts_now(store, run, trace_id=trace_id)
    }
    with whole_text(output) as file:
        file.writelines(
            run_page(run, findings, examples=examples, transcripts=transcripts, verdicts=verdicts)
        )
