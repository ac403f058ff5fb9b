"""`replay schema evidence`: captured calls through the validators of today's tools."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_evidence
from replay.cli.selection import selection_options
from replay.cli.tools_options import env_option, jobs_option, path_option, tools_option, tools_place
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.evidence import ToolEvidence
    from replay.evidence.old_side import OldSide
    from replay.evidence.schema_changes import OldSides
    from replay.records import Selection
    from replay.replayer.environment import Place
    from replay.replayer.questions.asking import Asking
    from replay.store import Store


@click.command(
    short_help="Count what today's tools do to old calls.",
    epilog=examples(
        "replay schema evidence traces.db --tools shop.tools:toolbox",
        "replay schema evidence traces.db --tools shop.tools:toolbox --tool refund --since 7d",
        "replay schema evidence traces.db --tools shop.tools:toolbox --against git:main",
    ),
)
@database_and()
@tools_option
@click.option(
    "--against",
    metavar="git:REF|MODULE:TOOLBOX",
    help="The old tools: today's in a git commit, or another toolbox. Default: what was recorded.",
)
@path_option
@click.option(
    "--against-path",
    "against_paths",
    multiple=True,
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Look for the modules of --against here first.",
)
@env_option
@jobs_option
@click.option(
    "--no-witnesses",
    is_flag=True,
    help="Do not look for payloads that show what no captured call does.",
)
@selection_options
@reveal_option
@json_option
def evidence(
    database: Path,
    selection: Selection,
    toolbox: str | None,
    against: str | None,
    paths: Sequence[Path],
    against_paths: Sequence[Path],
    variables: Sequence[str],
    jobs: int | None,
    no_witnesses: bool,
    reveal: bool,
    as_json: bool,
) -> int:
    """Run the captured arguments of DATABASE through the validators of today's tools, and count.

    No tool runs. Said is which calls are rejected that were accepted, and why; which are read as
    something else without a word; which are mended. Arguments of an older version are translated
    first, where the toolbox has a way. Exit code 1: calls break; 2: calls are read otherwise, or
    another matter that a person must judge.
    """
    from replay.config import load_config
    from replay.evidence.schema_changes import described_sides, recorded_sides
    from replay.replayer.questions.asking import Asking
    from replay.store import Store

    config = load_config()
    place = tools_place(toolbox, paths, variables)
    count = jobs or config.jobs or os.cpu_count() or 1
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(Store.open(database, mode="r"))
        _refuse_unfit(store, database, selection)
        asking = stack.enter_context(Asking(place, jobs=count))
        old = stack.enter_context(_old_tools(against, place, against_paths, jobs=count))
        recorded = recorded_sides(store)
        sides = recorded if old is None else described_sides(old)
        foreign = recorded.foreign(asking.toolbox)
        selection, left_out = _of_this_agent(store, selection, foreign)
        found, is_partial = _counted(store, selection, asking, sides, witnesses=not no_witnesses)
    with hiding(database, reveal=reveal) as hides:
        found = found if hides is None else shown_evidence(found, hides)
    _emit(found, left_out=left_out, is_partial=is_partial, as_json=as_json)
    return ExitCode.INTERRUPTED if is_partial else exit_code_of(found)


def _refuse_unfit(store: Store, database: Path, selection: Selection) -> None:
    if next(store.captured_calls(selection.model_copy(update={"limit": None})), None) is not None:
        return
    from replay.cli.traces import nothing_found

    said, *known = nothing_found(store, database, selection).split("\n")
    raise SelectionError(
        said.replace("No trace fits .", "No call was captured.").replace(
            "trace fits", "captured call fits"
        ),
        hint="\n".join(known) or "`replay list` shows what there is.",
    )


def _of_this_agent(
    store: Store, selection: Selection, foreign: set[str]
) -> tuple[Selection, dict[str, int]]:
    """Return the selection without other agents' tools, and how often these were called."""
    if selection.tools or not foreign:
        return selection, {}
    called = {row.tool: 0 for row in store.tools()}
    for row in store.tools():
        called[row.tool] += row.call_count
    mine = [tool for tool in called if tool not in foreign]
    others = {tool: count for tool, count in called.items() if tool in foreign}
    return selection.model_copy(update={"tools": mine}), others


@contextlib.contextmanager
def _old_tools(
    named: str | None, today: Place, paths: Sequence[Path], *, jobs: int
) -> Iterator[Asking | None]:
    """Hold the old tools while the block runs; None: none are named."""
    from replay.replayer.baseline import baseline_place
    from replay.replayer.questions.asking import Asking

    if named is None:
        yield None
        return
    searched = tuple(str(path.resolve()) for path in paths)
    with baseline_place(named, today, paths=searched) as place, Asking(place, jobs=jobs) as old:
        yield old


def _counted(
    store: Store, selection: Selection, asking: Asking, old: OldSides, *, witnesses: bool
) -> tuple[list[ToolEvidence], bool]:
    """Return what was counted, and whether Ctrl-C ended it early."""
    from replay.cli.interruption import ctrl_c
    from replay.cli.progress import Progress
    from replay.config import load_config
    from replay.evidence import evidence_for
    from replay.evidence.old_side import old_side
    from replay.evidence.schema_changes import OfVersions, changes_between
    from replay.replayer.older_calls import versions_of_calls

    side = old_side(old)
    written_for = versions_of_calls(store, asking.toolbox, load_config().versions)
    changes = changes_between(old, asking.toolbox, written_for)
    stopped: list[bool] = []
    with Progress("calls") as progress, ctrl_c.calls(lambda: stopped.append(True)):
        found = evidence_for(
            store,
            selection,
            changes,
            asking,
            old=old.asking,
            old_parameters=side.parameters,
            written_for=written_for,
            of_versions=OfVersions(old, asking.toolbox, written_for),
            on_progress=progress.update,
            is_stopped=lambda: bool(stopped),
        )
    if witnesses and not stopped:
        _find_witnesses(store, selection, found, asking, side)
    return found, bool(stopped)


def _find_witnesses(
    store: Store, selection: Selection, found: list[ToolEvidence], asking: Asking, side: OldSide
) -> None:
    from replay.cli.interruption import ctrl_c
    from replay.cli.progress import Progress
    from replay.evidence.witnesses import add_witnesses

    stopped: list[bool] = []
    with Progress("witnesses") as progress, ctrl_c.calls(lambda: stopped.append(True)):
        add_witnesses(
            store,
            selection,
            found,
            asking,
            side,
            on_progress=progress.update,
            is_stopped=lambda: bool(stopped),
        )


def _emit(
    found: list[ToolEvidence], *, left_out: dict[str, int], is_partial: bool, as_json: bool
) -> None:
    from replay.report.evidence_json import evidence_report
    from replay.report.evidence_text import evidence_text

    if as_json:
        terminal.emit_json(evidence_report(found, left_out=left_out, is_partial=is_partial))
        return
    text = evidence_text(
        found,
        width=terminal.width(),
        color=terminal.colours(sys.stdout),
        left_out=left_out,
        is_partial=is_partial,
    )
    terminal.emit(text)


def exit_code_of(found: Sequence[ToolEvidence]) -> ExitCode:
    """Return how a command ends that found this."""
    from replay.evidence import Effect

    if any(one.breaks for one in found):
        return ExitCode.BREAKING
    open_questions = (Effect.SILENT, Effect.UNSAID, Effect.REPORTED)
    if any(one.effects[effect] for one in found for effect in open_questions):
        return ExitCode.NEEDS_A_PERSON
    if any(each.witness is not None for one in found for each in one.evidence):
        return ExitCode.NEEDS_A_PERSON
    return ExitCode.OK
