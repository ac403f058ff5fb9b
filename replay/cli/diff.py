"""`replay diff`: what a replay run found, its calls with every difference, or two runs compared."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.approvals import approvals_option, use_file
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.diff_whole import CALLS_SHOWN_MAX, read_context, show_whole_calls
from replay.cli.hidden import opened_to_show, reveal_option
from replay.cli.reports import (
    ReportFiles,
    ReportFormat,
    chosen_format,
    format_option,
    github_text,
    report_files,
    write_reports,
)
from replay.cli.runs import findings_now, report_json, show_report, verdicts_now
from replay.cli.what_if import show_branch
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import CallVerdict, ReplayRun
    from replay.store import Store


@click.command(
    short_help="Show what a replay run found, or compare two.",
    epilog=examples(
        "replay diff traces.db",
        "replay diff traces.db latest --all",
        "replay diff traces.db 974087364c47",
        "replay diff traces.db latest t660c71da6be --step 3",
        "replay diff traces.db t660c71da6be --step 3 --side-by-side",
        "replay diff traces.db run_20261121T090000 run_20261121T101500",
    ),
)
@database_and(optional=("run", "other"))
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="With a trace: only this step of it.",
)
@click.option(
    "--all",
    "show_all",
    is_flag=True,
    help="With a run: every differing call with every difference; else every call, not only 20.",
)
@click.option(
    "--side-by-side",
    "is_beside",
    is_flag=True,
    help="With calls: every part, recorded on the left and today on the right.",
)
@click.option(
    "--unfold",
    metavar="COUNT|all",
    callback=read_context,
    help="With calls: every part, with so many equal lines beside each change, or all.",
)
@approvals_option
@report_files
@format_option
@reveal_option
@json_option
def diff(
    database: Path,
    run: str | None,
    other: str | None,
    step_number: int | None,
    show_all: bool,
    is_beside: bool,
    unfold: int | None,
    approvals_file: Path | None,
    files: ReportFiles,
    report_format: ReportFormat | None,
    reveal: bool,
    as_json: bool,
) -> int:
    """Show the findings of RUN, by default of the latest replay run.

    OTHER is a second run to compare with; or a trace, a tool call's id or a finding's signature,
    whose calls are then shown with every difference. Without RUN, such calls are looked for in the
    newest run that has them.
    """
    form = chosen_format(report_format, as_json=as_json)
    as_json = form == "json"
    with opened_to_show(database, reveal=reveal) as store:
        use_file(store, approvals_file)
        first = store.run("latest") if run is None else _run_or_none(store, run)
        wanted = run if first is None else other
        if wanted is None:
            _refuse_options_of_calls(step_number, is_beside=is_beside, unfold=unfold)
            assert first is not None
            if first.branch is not None:
                show_branch(first, database, as_json=as_json)
                return ExitCode.OK
            _show_run(store, first, database=database, show_all=show_all, form=form)
            write_reports(store, first, files=files, database=database)
            return ExitCode.OK
        if files or form == "github":
            raise click.UsageError(
                "--junit, --markdown, --sarif and --format github are reports of one replay run."
            )
        if first is None and other is not None:
            raise _no_run(store, wanted)
        second = None if first is None else _run_or_none(store, wanted)
        if first is not None and second is not None:
            _compare(store, first, second, as_json=as_json)
            return ExitCode.OK
        found = _verdicts(store, first, wanted, step_number)
        if (is_beside or unfold is not None) and not as_json:
            show_whole_calls(
                store, found, show_all=show_all, is_beside=is_beside, context=unfold or 0
            )
        else:
            _show_calls(store, found, show_all=show_all, as_json=as_json)
    return ExitCode.OK


def _refuse_options_of_calls(
    step_number: int | None, *, is_beside: bool, unfold: int | None
) -> None:
    if step_number is not None:
        raise click.UsageError("--step belongs to a trace: `replay diff DATABASE TRACE --step 3`.")
    if is_beside or unfold is not None:
        raise click.UsageError(
            "--side-by-side and --unfold belong to calls: name a trace or a finding."
        )


def _show_run(
    store: Store, run: ReplayRun, *, database: Path, show_all: bool, form: ReportFormat
) -> None:
    differing = _differing(store, run) if show_all else []
    if form == "json":
        report = report_json(store, run)
        if show_all:
            report["calls"] = [verdict.model_dump(mode="json") for verdict in differing]
        terminal.emit_json(report)
        return
    text = show_report(
        store,
        run,
        database=database,
        width=terminal.width(),
        colored=terminal.colours(sys.stdout),
        show_all=show_all,
    )
    if form == "github":
        terminal.emit(github_text(store, run, text))
    else:
        terminal.emit(f"{_run_words(run)}\n\n{text}")
    if differing:
        terminal.emit("\nEvery call that differs\n")
        _show_calls(store, differing, show_all=True, as_json=False)


def _run_words(run: ReplayRun) -> str:
    """Which run it is: there may be many, and without RUN nobody named it."""
    from replay.cli.transcripts import moment
    from replay.report.ink import plain

    return plain(f"{run.id}: {run.toolbox}, {moment(run.started_at)[:16]} UTC")


def _differing(store: Store, run: ReplayRun) -> list[CallVerdict]:
    """Every call of ``run`` that is in a finding, finding by finding."""
    return [
        verdict
        for finding in findings_now(store, run)
        for verdict in verdicts_now(store, run, signature=finding.signature)
    ]


def _compare(store: Store, before: ReplayRun, after: ReplayRun, *, as_json: bool) -> None:
    old, new = findings_now(store, before), findings_now(store, after)
    if as_json:
        from replay.report.json_report import runs_report

        terminal.emit_json(runs_report(before, old, after, new))
        return
    from replay.report.diff_text import render_runs

    colored = terminal.colours(sys.stdout)
    terminal.emit(render_runs(before, old, after, new, width=terminal.width(), colored=colored))


def _show_calls(
    store: Store, verdicts: Sequence[CallVerdict], *, show_all: bool, as_json: bool
) -> None:
    from replay.report.diff_text import render_verdict

    if as_json:
        terminal.emit_json([verdict.model_dump(mode="json") for verdict in verdicts])
        return
    shown = verdicts if show_all else verdicts[:CALLS_SHOWN_MAX]
    for index, verdict in enumerate(shown):
        call = store.tool_call(verdict.tool_call_id)
        text = render_verdict(
            verdict, call, width=terminal.width(), colored=terminal.colours(sys.stdout)
        )
        terminal.emit(f"\n{text}" if index else text)
    if len(verdicts) > len(shown):
        terminal.say(f"… and {len(verdicts) - len(shown):,} more calls; --all shows every one.")


def _verdicts(
    store: Store, run: ReplayRun | None, wanted: str, step_number: int | None
) -> list[CallVerdict]:
    """The verdicts that ``wanted`` names: a finding's, a trace's, a tool call's.

    ``run`` None: of the newest run that has them; when that is not the latest, it is told.

    Raises:
        SelectionError: there is no such thing, or ``run`` has none of it; the message names the
            run that has.
    """
    latest = store.run("latest")  # where there is no run at all, this says what to do
    runs = store.runs()
    trace_id, call_id = _trace_and_call(store, runs, wanted)

    def calls_of(one: ReplayRun) -> list[CallVerdict]:
        found = _of_run(store, one, wanted, trace_id)
        return [verdict for verdict in found if call_id in (None, verdict.tool_call_id)]

    having = run if run is not None and calls_of(run) else next(filter(calls_of, runs), None)
    if having is None:
        raise SelectionError(
            f"No replay run has a call of {wanted!r}, which is recorded.",
            hint="`replay run` replays every trace, or those that its options select.",
        )
    if run is not None and having.id != run.id:
        raise SelectionError(
            f"Run {run.id} has no call of {wanted!r}.",
            hint=f"The newest run that has: {having.id}.",
        )
    if run is None and having.id != latest.id:
        terminal.say(f"Not in the latest replay run; this is of run {having.id}.")
    return _of_step(calls_of(having), having, wanted, step_number)


def _of_run(store: Store, run: ReplayRun, wanted: str, trace_id: str | None) -> list[CallVerdict]:
    if trace_id is not None:
        return verdicts_now(store, run, trace_id=trace_id)
    signatures = [finding.signature for finding in store.findings(run.id)]
    matches = [signature for signature in signatures if signature.startswith(wanted)]
    return verdicts_now(store, run, signature=matches[0]) if len(matches) == 1 else []


def _of_step(
    verdicts: list[CallVerdict], run: ReplayRun, wanted: str, step_number: int | None
) -> list[CallVerdict]:
    if step_number is None:
        return verdicts
    found = [verdict for verdict in verdicts if verdict.step_number == step_number]
    if not found:
        steps = ", ".join(str(verdict.step_number) for verdict in verdicts)
        raise SelectionError(
            f"Run {run.id!r} replayed no step {step_number} of trace {wanted!r}.",
            hint=f"It replayed: {steps}.",
        )
    return found


def _trace_and_call(
    store: Store, runs: Sequence[ReplayRun], wanted: str
) -> tuple[str | None, str | None]:
    """The trace that ``wanted`` names, or the call and its trace; neither for a finding."""
    signatures = {finding.signature: None for run in runs for finding in store.findings(run.id)}
    named = [signature for signature in signatures if signature.startswith(wanted)]
    if len(named) == 1:
        return None, None
    if named:
        raise SelectionError(
            f"Several findings begin with {wanted!r}.",
            hint=f"Give more of one: {', '.join(named[:4])}.",
        )
    try:
        return store.transcript(wanted, prompts=False).trace.id, None
    except SelectionError as error:
        try:
            call = store.tool_call(wanted)
        except SelectionError:
            known = [*(run.id for run in runs), *signatures]
            raise SelectionError(
                f"There is no replay run, finding, trace or tool call {wanted!r}.",
                nearest=next(iter(get_close_matches(wanted, known, 1)), error.nearest),
                hint="`replay runs` lists the replay runs, `replay diff` the findings of the "
                "latest, `replay list` the traces.",
            ) from error
    return call.trace_id, call.id


def _run_or_none(store: Store, run: str) -> ReplayRun | None:
    try:
        return store.run(run)
    except SelectionError:
        return None


def _no_run(store: Store, wanted: str) -> SelectionError:
    runs = [run.id for run in store.runs()]
    return SelectionError(
        f"There is no replay run {wanted!r}.",
        nearest=next(iter(get_close_matches(wanted, runs, 1)), None),
        hint="`replay runs` lists them.",
    )
