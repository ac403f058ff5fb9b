"""`replay runs` and `approve`: what replay runs there are, and what of their findings is meant."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.approvals import (
    accept,
    approvals_of,
    approvals_option,
    is_placeless,
    take_back,
    use_file,
)
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import hide, opened_to_show, reveal_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import CallVerdict, Finding, ReplayRun
    from replay.store import Store


@click.command(
    short_help="List the replay runs of a database.",
    epilog=examples("replay runs traces.db", "replay runs traces.db --json | jq '.[0].digest'"),
)
@database_and()
@reveal_option
@json_option
def runs(database: Path, reveal: bool, as_json: bool) -> int:
    """List the replay runs of DATABASE, newest first, with what they found."""
    with opened_to_show(database, reveal=reveal) as store:
        found = store.runs(what_ifs=True)
        counted = [] if as_json else [_counts_now(store, run) for run in found]
    if as_json:
        terminal.emit_json([run.model_dump(mode="json") for run in found])
    elif found:
        terminal.emit("\n".join(_run_lines(found, counted)))
    else:
        terminal.say(
            f"{database} has no replay runs yet. Make one:\n"
            f"  replay run {terminal.typed(database)} --tools package.module:toolbox"
        )
    return ExitCode.OK


@click.command(
    short_help="Accept a finding: an intended change.",
    epilog=examples(
        "replay approve traces.db 4f1c2a",
        "replay approve traces.db all --note 'province was renamed, PR 12'",
        "replay approve traces.db 4f1c2a --approvals replay-approvals.jsonl",
        "replay approve traces.db 4f1c2a --run run_20261121T090000",
        "replay approve traces.db 4f1c2a --everywhere",
        "replay approve traces.db 4f1c2a --take-back",
    ),
)
@database_and("finding")
@click.option(
    "--run", "run_id", metavar="RUN", help="The run it is in. Default: the newest that has it."
)
@click.option("--note", metavar="TEXT", help="Why, for whoever asks later.")
@click.option(
    "--everywhere",
    is_flag=True,
    help="Whatever other recorded calls come to differ in this way, too. Default: these calls, and "
    "what is recorded later.",
)
@click.option(
    "--take-back",
    "is_taken_back",
    is_flag=True,
    help="Take the approval away again: it was a mistake, or is meant no longer.",
)
@approvals_option
@json_option
def approve(
    database: Path,
    finding: str,
    run_id: str | None,
    note: str | None,
    everywhere: bool,
    is_taken_back: bool,
    approvals_file: Path | None,
    as_json: bool,
) -> int:
    """Accept FINDING as meant: it is green in later runs, until it changes again.

    FINDING is the signature that `replay diff` shows, the unique beginning of it, or `all` for
    every finding of the run. With --approvals it is written there, not into the database: commit
    that file, and every machine knows it.
    """
    from replay.cli.masked import in_a_child, masked, masking_for
    from replay.config import load_config
    from replay.store import Store

    if is_taken_back:
        if note or run_id or everywhere:
            raise click.UsageError(
                "--take-back needs FINDING alone: no --note, no --run, no --everywhere."
            )
        return _take_back(database, finding, approvals_file, as_json=as_json)
    config = load_config()
    if note and (code := in_a_child(config)) is not None:
        return code
    with Store.open(database, mode="w") as store:
        hide(store, reveal=False)  # titles go into a file that a team commits
        file = use_file(store, approvals_file)
        wanted = _findings_named(store, run_id, finding)
        if not wanted:
            run = store.run(run_id or "latest")
            raise SelectionError(
                f"Run {run.id} has no findings: there is nothing to approve.",
                hint=f"`replay diff {terminal.typed(database)} {run.id}` shows it.",
            )
        approvals = approvals_of(wanted, note=note, everywhere=everywhere)
        if note:
            about = store.transcript(wanted[0].example_trace_id, prompts=False)
            redaction = masking_for(store, config, about)
            approvals = [masked(redaction, one) for one in approvals]
        accept(store, approvals)
    if as_json:
        terminal.emit_json([approval.model_dump(mode="json") for approval in approvals])
    for approval in approvals:
        terminal.say(f"Approved: {approval.title}")
    if file is not None:
        terminal.say(f"Written to '{file}': commit it.")
    _say_scope(wanted, everywhere=everywhere)
    return ExitCode.OK


def _say_scope(approved: list[Finding], *, everywhere: bool) -> None:
    """Say which calls are approved."""
    placeless = sum(map(is_placeless, approved))
    if placeless < len(approved):
        terminal.say(
            "Allowed from now on, in whatever calls it comes up, until one of these changes again."
            if everywhere
            else "Allowed from now on in these calls, and in what is recorded later. It is open "
            "again when they change again, or when other calls come to differ, too."
        )
    if placeless:
        effects = "An effect is" if placeless == 1 else f"{placeless:,} effects are"
        terminal.say(
            f"{effects} allowed only in the very calls and states of this run: nothing told it "
            "where the states differ. `replay run --baseline` does."
        )


def _take_back(database: Path, finding: str, approvals_file: Path | None, *, as_json: bool) -> int:
    from replay.store import Store

    with Store.open(database, mode="w") as store:
        hide(store, reveal=False)
        file = use_file(store, approvals_file)
        taken = take_back(store, finding)
    if as_json:
        terminal.emit_json([one.model_dump(mode="json") for one in taken])
    for one in taken:
        terminal.say(f"Approved no longer: {one.title}")
    if file is not None:
        terminal.say(f"'{file}' says so too: commit it.")
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
    from replay.report.ink import wrap
    from replay.report.terminal import FINDINGS_MAX, render_run

    findings = findings_now(store, run)
    text = render_run(
        run,
        findings,
        examples=example_verdicts(store, run, findings),
        width=width,
        color=colored,
        database=terminal.typed(database),
        findings_max=None if show_all else FINDINGS_MAX,
    )
    said = [_unseen_words(store, run), _strange_words(run, findings), _variable_words(findings)]
    notes = filter(None, said)
    head, *rest = text.split("\n\n", 1)
    return "\n\n".join([head, *("\n".join(wrap(note, width, hang="")) for note in notes), *rest])


def _strange_words(run: ReplayRun, findings: list[Finding]) -> str | None:
    """Say that this may be the wrong toolbox, for it has no tool that was called; None: it has."""
    if not findings or any(one.error_type != "UnknownTool" for one in findings):
        return None
    if sum(finding.call_count for finding in findings) < run.call_count:
        return None
    return (
        f"Today's toolbox {run.toolbox} has none of the tools that were called. Is it the right "
        "one, and does it import the modules that add its tools?"
    )


_NO_VARIABLE = re.compile(r"KeyError: '([A-Z][A-Z0-9_]{2,})'")


def _variable_words(findings: list[Finding]) -> str | None:
    """Say how a variable that the tools miss is handed to them; None: they miss none.

    What is spelled like a variable may be a key of anything: only a set one is surely one.
    """
    missed = (_NO_VARIABLE.search(one.title) for one in findings if one.error_type == "KeyError")
    names = sorted({one[1] for one in missed if one is not None} & set(os.environ))
    if not names:
        return None
    options = " ".join(f"--env {name}" for name in names)
    variables = "is a variable" if len(names) == 1 else "are variables"
    return (
        f"{', '.join(names)} {variables} of this shell, and tools are handed few of them: "
        f"{options} hands it on, `env` of [tool.replay] does for every run."
    )


_UNSEEN = """
SELECT count(*) FROM call_verdicts AS verdict
JOIN tool_calls AS call ON call.id = verdict.tool_call_id
WHERE verdict.run_id = ? AND verdict.verdict <> 'same' AND verdict.verdict = 'unanswered'
  AND call.bound_by = 'response'
  AND json_extract(call.attributes, '$.outcome_from') IS NOT NULL
"""


def _unseen_words(store: Store, run: ReplayRun) -> str | None:
    """Why calls are unanswered that were recorded without their tools; None: none are."""
    if not run.verdict_counts.get("unanswered"):
        return None
    _, rows = store.query(_UNSEEN, (run.id,))
    count = int(rows[0][0])
    if not count:
        return None
    calls = "1 unanswered call was" if count == 1 else f"{count:,} unanswered calls were"
    return (
        f"{calls} recorded without seeing the tool run, so little is known of what it asked of "
        "the outside: record again with a Toolbox that runs the tools, or with them under "
        "@recorder.tool (docs/recording.md)."
    )


def findings_now(store: Store, run: ReplayRun) -> list[Finding]:
    """Return the findings of ``run``, with those marked that were approved since."""
    from replay.verdicts import apply_approvals

    return apply_approvals([], store.findings(run.id), store.approvals())[1]


def verdicts_now(store: Store, run: ReplayRun, **which: str) -> list[CallVerdict]:
    """Return the verdicts of ``run`` (``which``: as for `Store.verdicts`), approved as of now."""
    from replay.verdicts import Approvals, apply_approvals

    verdicts, approvals = store.verdicts(run.id, **which), store.approvals()
    known = Approvals(approvals)
    is_any = any(one.approved or known.may_cover(one) for one in verdicts)
    findings = store.findings(run.id) if is_any else []  # only these may be approved
    return apply_approvals(verdicts, findings, approvals)[0]


def example_verdicts(
    store: Store, run: ReplayRun, findings: list[Finding]
) -> dict[str, CallVerdict]:
    """Return the verdict of each finding's example, by tool call id."""
    examples = {}
    for finding in findings:
        for verdict in verdicts_now(store, run, trace_id=finding.example_trace_id):
            if verdict.tool_call_id == finding.example_tool_call_id:
                examples[verdict.tool_call_id] = verdict
    return examples


def report_json(store: Store, run: ReplayRun) -> dict[str, object]:
    """Return the report of ``run`` as plain JSON."""
    from replay.report.json_report import run_report

    findings = findings_now(store, run)
    return run_report(run, findings, examples=example_verdicts(store, run, findings))


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


def _counts_now(store: Store, run: ReplayRun) -> dict[str, int]:
    """Return the calls of ``run`` by verdict; what was approved since counts as approved."""
    from replay.verdicts import counts_now

    return counts_now(run.verdict_counts, findings_now(store, run))


def _run_lines(found: list[ReplayRun], counted: list[dict[str, int]]) -> list[str]:
    from replay.cli.table import Column, table_lines
    from replay.cli.transcripts import moment
    from replay.report.sample_words import is_sampled
    from replay.verdicts.counts import APPROVED

    any_approved = any(APPROVED in counts for counts in counted)
    columns = [
        Column("RUN"),
        Column("STARTED (UTC)", left_out=2),
        Column("TOOLS", flexible=True, width_min=12, left_out=1),
        Column("CALLS", right=True),
        Column("SAME", right=True),
        *([Column("APPROVED", right=True)] if any_approved else []),
        Column("EXIT", right=True),
    ]
    rows = []
    for run, counts in zip(found, counted, strict=True):
        ended = run.status if run.status != "finished" else str(run.exit_code)
        same = counts.get("same", 0) + counts.get("equivalent", 0)
        numbers = [run.call_count, same]
        numbers += [counts.get(APPROVED, 0)] if any_approved else []
        cells = [*(f"{number:,}" for number in numbers), ended]
        kind = "(what-if) " if run.is_what_if else "(sample) " if is_sampled(run) else ""
        tools = f"{kind}{run.toolbox}"
        rows.append([run.id, moment(run.started_at)[:16], tools, *cells])
    return table_lines(columns, rows, width=terminal.width())
