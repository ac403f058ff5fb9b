"""`replay bisect`: the commit that changed a verdict, found by git over recorded calls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_bisection
from replay.cli.reading_options import reading_options
from replay.cli.selection import sampling_options, selection_options
from replay.cli.tools_options import jobs_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.replayer.bisecting.bisection import Bisection, Question, Tested
    from replay.store import Store

_TRACES_OF_FINDING_MAX = 20
"""Enough to see whether a finding is there; a run over all of its traces could take hours."""


@click.command(
    short_help="Find the commit that changed a verdict.",
    epilog=examples(
        "replay bisect traces.db v1.4 HEAD --finding 974087364c47",
        "replay bisect traces.db HEAD~50 HEAD --trace t660c71da6be --step 3",
        "replay bisect traces.db v1.4 main --tool issue_refund --sample 50",
    ),
)
@database_and("good", "bad", guesses=False)
@click.option(
    "--finding",
    "signature",
    metavar="SIGNATURE",
    help="When this finding came (or went): as `replay diff` shows it.",
)
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="With one --trace: when the verdict of this step changed.",
)
@click.option(
    "--tools",
    "toolbox",
    metavar="MODULE:TOOLBOX",
    help="The tools, in each commit. Default: `tools` of [tool.replay].",
)
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Look for the tools' modules here first, in each commit; after it in the working "
    "directory.",
)
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Hand this environment variable to the tools; they get few others.",
)
@reading_options
@selection_options
@sampling_options
@jobs_option
@reveal_option
@json_option
def bisect(
    database: Path,
    good: str,
    bad: str,
    selection: Selection,
    signature: str | None,
    step_number: int | None,
    reveal: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Find the commit after GOOD, up to BAD, in which recorded calls first came out otherwise.

    GOOD is an older commit with the old verdict, BAD a newer one with the new verdict. git searches
    between them in a worktree of its own: your files, your index and a bisect of yours stay as they
    are. Commits whose tools do not import are skipped. Nothing is stored.
    """
    from replay.cli.run import refuse_empty, replayer_of
    from replay.config import load_config
    from replay.replayer.bisecting.bisection import Bisecting
    from replay.replayer.bisecting.worktree import BisectTree
    from replay.store import Store

    config = load_config()
    with Store.open(database, mode="r") as store:
        refuse_empty(store, database)
        _refuse_unknown(store, options["policies"], options["versions"])
        question = _question(store, selection, signature, step_number)
        jobs = options.pop("jobs") or config.jobs or os.cpu_count() or 1
        options["jobs"] = min(jobs, len(question.trace_ids))
        with BisectTree(Path.cwd()) as tree:
            search = Bisecting(
                tree, question, lambda: replayer_of(store, config=config, **options), tell=_tell
            )
            found = search.between(good, bad)
    with hiding(database, reveal=reveal) as hides:
        shown = found if hides is None else shown_bisection(found, hides)
    _report(shown, question, as_json=as_json)
    return ExitCode.OK if found.found is not None else ExitCode.NEEDS_A_PERSON


def _refuse_unknown(store: Store, policies: Sequence[str], versions: Sequence[str]) -> None:
    """Refuse tools that were not recorded: commits may lack a tool, a typo is none in any."""
    from replay.replayer.policies import Policies, read_policies
    from replay.replayer.written_for import read_versions, refuse_unknown

    recorded = [count.tool for count in store.tools()]
    Policies((read_policies(policies),)).refuse_unknown(recorded)
    refuse_unknown(read_versions(versions), recorded)


def _question(
    store: Store, selection: Selection, signature: str | None, step_number: int | None
) -> Question:
    from replay.replayer.bisecting.bisection import Question

    if step_number is not None and (len(selection.trace_ids) != 1 or signature is not None):
        raise click.UsageError(
            "--step belongs to one trace: --trace t660c71da6be --step 3, without --finding."
        )
    trace_ids = store.trace_ids(selection)
    if not trace_ids:
        raise SelectionError(
            "No trace is selected: there is nothing to replay.",
            hint="`replay list` shows what the database holds.",
        )
    if step_number is not None:
        _refuse_no_call(store, trace_ids[0], step_number)
    if signature is not None:
        signature, having = _finding(store, signature)
        chosen = set(trace_ids)
        trace_ids = [one for one in having if one in chosen][:_TRACES_OF_FINDING_MAX] or trace_ids
    return Question(trace_ids, step_number, signature)


def _refuse_no_call(store: Store, trace_id: str, step_number: int) -> None:
    steps = store.transcript(trace_id, prompts=False).steps
    numbers = [step.step_number for step in steps if step.kind == "tool_call"]
    if step_number not in numbers:
        said = ", ".join(str(number) for number in numbers[:12]) or "none"
        raise SelectionError(
            f"Step {step_number} of trace {trace_id} is no tool call.",
            hint=f"Its tool calls are the steps {said}; `replay show` shows them.",
        )


def _finding(store: Store, wanted: str) -> tuple[str, list[str]]:
    """Return the whole signature of a finding, and the traces that have it, from stored runs.

    A signature that no run here has is taken as it is: it may come from another database. Of an
    effect it is the one without its places: no baseline runs while commits are searched.
    """
    for run in store.runs():
        named = {
            one.signature: one.placeless_signature or one.signature
            for one in store.findings(run.id)
            if one.signature.startswith(wanted)
        }
        if len(named) > 1:
            raise SelectionError(
                f"Several findings of run {run.id} begin with {wanted!r}.",
                hint=f"Give more of one: {', '.join(sorted(named))}.",
            )
        if named:
            ((signature, searched),) = named.items()
            verdicts = store.verdicts(run.id, signature=signature)
            firsts = sorted(verdicts, key=lambda one: one.conditional)
            return searched, list(dict.fromkeys(one.trace_id for one in firsts))
    return wanted, []


def _tell(tested: Tested) -> None:
    word = {"good": "old verdict", "bad": "new verdict", "skip": "skipped"}[tested.mark]
    commit = tested.answer.commit
    line = f"{commit.short_id}  {word:<11}  {commit.subject}"
    left = f"  (about {tested.steps_left} more)" if tested.steps_left else ""
    room = terminal.width() - len(left)
    terminal.say((line if len(line) <= room else f"{line[: room - 1]}…") + left)
    if tested.answer.why_not is not None:
        terminal.say(f"         {tested.answer.why_not[: terminal.width() - 9]}")


def _report(found: Bisection, question: Question, *, as_json: bool) -> None:
    from replay.report.bisect_text import bisection_json, render_bisection

    if as_json:
        terminal.emit_json(bisection_json(found))
        return
    import sys

    colored = terminal.colours(sys.stdout)
    terminal.emit(render_bisection(found, question, width=terminal.width(), colored=colored))
