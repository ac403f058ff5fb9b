"""`replay runs`, `diff` and `approve`: what replay runs found, and what of it is meant."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import CallVerdict, Finding, ReplayRun, ToolCall
    from replay.store import Store

CALLS_SHOWN_MAX = 20
"""Calls of a trace or a finding that `diff` shows without ``--all``."""


@click.command(
    short_help="List the replay runs of a database.",
    epilog=examples("replay runs traces.db", "replay runs traces.db --json | jq '.[0].digest'"),
)
@database_and()
@json_option
def runs(database: Path, as_json: bool) -> int:
    """List the replay runs of DATABASE, newest first, with what they found."""
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = store.runs()
    if as_json:
        terminal.emit_json([run.model_dump(mode="json") for run in found])
    elif found:
        terminal.emit("\n".join(_run_lines(found)))
    else:
        terminal.say(
            f"{database} has no replay runs yet. Make one:\n"
            f"  replay run {shlex.quote(str(database))} --tools package.module:toolbox"
        )
    return ExitCode.OK


@click.command(
    short_help="Show what a replay run found, or compare two.",
    epilog=examples(
        "replay diff traces.db",
        "replay diff traces.db latest --all",
        "replay diff traces.db latest 01jd4h --step 3",
        "replay diff traces.db r-01jd4h r-01jd5k",
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
@click.option("--all", "show_all", is_flag=True, help="Every finding or call, not only the first.")
@json_option
def diff(
    database: Path,
    run: str | None,
    other: str | None,
    step_number: int | None,
    show_all: bool,
    as_json: bool,
) -> int:
    """Show the findings of RUN, by default of the latest replay run.

    OTHER is a second run to compare with; or a trace, a tool call's id or a finding's signature,
    whose calls are then shown with every difference.
    """
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        first = _run_or_latest(store, run)
        if first is None:
            first, other = store.run("latest"), run
        if other is None and step_number is None:
            _show_run(store, first, database=database, show_all=show_all, as_json=as_json)
            return ExitCode.OK
        if other is None:
            raise click.UsageError("--step belongs to a trace: `replay diff RUN TRACE --step 3`.")
        second = _run_or_none(store, other)
        if second is not None:
            _compare(store, first, second, as_json=as_json)
        else:
            found = _verdicts(store, first, other, step_number)
            _show_calls(store, found, show_all=show_all, as_json=as_json)
    return ExitCode.OK


@click.command(
    short_help="Accept a finding: an intended change.",
    epilog=examples(
        "replay approve traces.db 4f1c2a",
        "replay approve traces.db all --note 'province was renamed, PR 12'",
        "replay approve traces.db 4f1c2a --run r-01jd4h",
    ),
)
@database_and("finding")
@click.option(
    "--run", "run_id", metavar="RUN", help="The run it is in. Default: the newest that has it."
)
@click.option("--note", metavar="TEXT", help="Why, for whoever asks later.")
@json_option
def approve(
    database: Path, finding: str, run_id: str | None, note: str | None, as_json: bool
) -> int:
    """Accept FINDING as meant: it is green in later runs, until it changes again.

    FINDING is the signature that `replay diff` shows, the unique beginning of it, or `all` for
    every finding of the run.
    """
    from replay.cli.approvals import approvals_of
    from replay.store import Store

    with Store.open(database, mode="w") as store:
        wanted = _findings_named(store, run_id, finding)
        if not wanted:
            run = store.run(run_id or "latest")
            raise SelectionError(
                f"Run {run.id} has no findings: there is nothing to approve.",
                hint=f"`replay diff {shlex.quote(str(database))} {run.id}` shows it.",
            )
        approvals = approvals_of(wanted, note=note)
        store.append_all(approvals)
    if as_json:
        terminal.emit_json([approval.model_dump(mode="json") for approval in approvals])
    for approval in approvals:
        terminal.say(f"Approved: {approval.title}")
    what = "it" if len(approvals) == 1 else "them"
    changes = "it changes" if len(approvals) == 1 else "they change"
    terminal.say(f"The next replay run counts {what} as allowed, until {changes} again.")
    return ExitCode.OK


def show_report(
    store: Store,
    run: ReplayRun,
    *,
    database: Path,
    width: int,
    colored: bool,
    show_all: bool = False,
) -> str:
    """Return the report of ``run`` as text, with each finding's example."""
    from replay.report.terminal import FINDINGS_MAX, render_run

    findings = findings_now(store, run)
    return render_run(
        run,
        findings,
        examples=example_verdicts(store, run, findings),
        width=width,
        color=colored,
        database=shlex.quote(str(database)),
        findings_max=len(findings) if show_all else FINDINGS_MAX,
    )


def findings_now(store: Store, run: ReplayRun) -> list[Finding]:
    """Return the findings of ``run``, with those marked that were approved since."""
    from replay.verdicts import apply_approvals

    return apply_approvals([], store.findings(run.id), store.approvals())[1]


def example_verdicts(
    store: Store, run: ReplayRun, findings: list[Finding]
) -> dict[str, CallVerdict]:
    """Return the verdict of each finding's example, by tool call id."""
    examples = {}
    for finding in findings:
        for verdict in store.verdicts(run.id, trace_id=finding.example_trace_id):
            if verdict.tool_call_id == finding.example_tool_call_id:
                examples[verdict.tool_call_id] = verdict
    return examples


def report_json(store: Store, run: ReplayRun) -> dict[str, object]:
    """Return the report of ``run`` as plain JSON."""
    from replay.report.json_report import run_report

    findings = findings_now(store, run)
    return run_report(run, findings, examples=example_verdicts(store, run, findings))


def _show_run(
    store: Store, run: ReplayRun, *, database: Path, show_all: bool, as_json: bool
) -> None:
    import sys

    if as_json:
        terminal.emit_json(report_json(store, run))
        return
    terminal.emit(
        show_report(
            store,
            run,
            database=database,
            width=terminal.width(),
            colored=terminal.colours(sys.stdout),
            show_all=show_all,
        )
    )


def _compare(store: Store, before: ReplayRun, after: ReplayRun, *, as_json: bool) -> None:
    import sys

    old, new = findings_now(store, before), findings_now(store, after)
    if as_json:
        from replay.report.json_report import runs_report

        terminal.emit_json(runs_report(before, old, after, new))
        return
    from replay.report.diff_text import render_runs

    colored = terminal.colours(sys.stdout)
    terminal.emit(render_runs(before, old, after, new, width=terminal.width(), colored=colored))


def _show_calls(
    store: Store, verdicts: list[CallVerdict], *, show_all: bool, as_json: bool
) -> None:
    import sys

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
    store: Store, run: ReplayRun, wanted: str, step_number: int | None
) -> list[CallVerdict]:
    """The verdicts that ``wanted`` names: a finding's, a tool call's, a trace's."""
    signatures = [finding.signature for finding in store.findings(run.id)]
    matches = [signature for signature in signatures if signature.startswith(wanted)]
    if len(matches) == 1:
        return store.verdicts(run.id, signature=matches[0])
    try:
        verdicts = store.verdicts(run.id, trace_id=wanted)
    except SelectionError as error:
        call = _tool_call(store, run, wanted, error)
        verdicts = store.verdicts(run.id, trace_id=call.trace_id)
        return [verdict for verdict in verdicts if verdict.tool_call_id == call.id]
    if step_number is None:
        return verdicts
    found = [verdict for verdict in verdicts if verdict.step_number == step_number]
    if not found:
        steps = ", ".join(str(verdict.step_number) for verdict in verdicts)
        raise SelectionError(
            f"Run {run.id!r} replayed no step {step_number} of trace {wanted!r}.",
            hint=f"It replayed: {steps}." if steps else "It replayed none of its steps.",
        )
    return found


def _tool_call(store: Store, run: ReplayRun, wanted: str, error: SelectionError) -> ToolCall:
    try:
        return store.tool_call(wanted)
    except SelectionError:
        runs = [one.id for one in store.runs()]
        signatures = [finding.signature for finding in store.findings(run.id)]
        raise SelectionError(
            f"There is no replay run, finding, trace or tool call {wanted!r}.",
            nearest=next(iter(get_close_matches(wanted, runs + signatures, 1)), error.nearest),
            hint=f"`replay diff` lists the findings of run {run.id}; `replay list` the traces.",
        ) from error


def _run_or_latest(store: Store, run: str | None) -> ReplayRun | None:
    return store.run("latest") if run is None else _run_or_none(store, run)


def _run_or_none(store: Store, run: str) -> ReplayRun | None:
    try:
        return store.run(run)
    except SelectionError:
        return None


def _findings_named(store: Store, run_id: str | None, wanted: str) -> list[Finding]:
    if wanted == "all":
        return store.findings(run_id or "latest")
    for run in [store.run(run_id)] if run_id else store.runs():
        named = [one for one in store.findings(run.id) if one.signature.startswith(wanted)]
        if len(named) == 1:
            return named
        if named:
            raise SelectionError(
                f"Several findings of run {run.id} begin with {wanted!r}.",
                hint=f"Give more of one:\n{_finding_lines(named)}",
            )
    known = store.findings(run_id or "latest")
    raise SelectionError(
        f"There is no finding {wanted!r} in {'run ' + run_id if run_id else 'any replay run'}.",
        hint=f"The findings of the {'run' if run_id else 'latest run'}:\n{_finding_lines(known)}"
        if known
        else "`replay runs` lists the replay runs.",
    )


def _finding_lines(findings: list[Finding]) -> str:
    return "\n".join(f"  {finding.signature}  {finding.title}" for finding in findings)


def _run_lines(found: list[ReplayRun]) -> list[str]:
    from replay.cli.table import Column, table_lines
    from replay.cli.transcripts import moment

    columns = [
        Column("RUN"),
        Column("STARTED (UTC)", left_out=1),
        Column("TOOLS", flexible=True, width_min=12, left_out=2),
        Column("CALLS", right=True),
        Column("SAME", right=True),
        Column("EXIT", right=True),
    ]
    rows = []
    for run in found:
        ended = run.status if run.status != "finished" else str(run.exit_code)
        same = run.verdict_counts.get("same", 0) + run.verdict_counts.get("equivalent", 0)
        counts = [f"{run.call_count:,}", f"{same:,}", ended]
        rows.append([run.id, moment(run.started_at)[:16], run.toolbox, *counts])
    return table_lines(columns, rows, width=terminal.width())
