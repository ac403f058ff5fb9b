"""`replay world`: a trace's world after each step, as a replay makes it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import hide, reveal_option
from replay.cli.tool_place import ToolPlace, one_worker_options
from replay.cli.where import where_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.cli.worlds import Replayed
    from replay.hiding import HidingReader
    from replay.records import Transcript
    from replay.replayer.environment import Place
    from replay.replayer.worlds import ReplayedWorld
    from replay.stepping.conditions import Condition
    from replay.stepping.watches import Watch
    from replay.stepping.worlds import WorldHistory
    from replay.store import Store


_FROM_STDIN: Final = "-"


def _read_watches(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> Any:
    if not value:
        return []
    from replay.stepping.watches import Watch

    return [Watch.of(text) for text in value]


@click.command(
    short_help="Show a trace's world, step by step.",
    epilog=examples(
        "replay world traces.db t660c71da6be --tools shop.tools:toolbox",
        "replay world traces.db t660c71da6be --watch \"world.orders['W1'].status\"",
        "replay world traces.db t660c71da6be --step 7 --json | jq .world.orders",
        'replay world traces.db t660c71da6be --where "world.refunds[*].amount > 100"',
        "replay list traces.db --json | jq -r '.[].id' | replay world traces.db - --json",
    ),
)
@database_and("trace")
@one_worker_options
@click.option(
    "--baseline",
    metavar="MODULE:TOOLBOX|git:REF",
    help="The old tools' world instead: another toolbox, or today's in a git commit.",
)
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=0),
    metavar="NUMBER",
    help="The whole world after this step; 0: as it was at the start.",
)
@click.option(
    "--watch",
    "watches",
    multiple=True,
    callback=_read_watches,
    metavar="EXPRESSION",
    help="Only the values of this, and the steps that changed it; may be given again.",
)
@where_option("Only the steps after which this holds: `world.orders['W1'].status == 'lost'`.")
@click.option("--all", "show_all", is_flag=True, help="Every change of a step.")
@reveal_option
@json_option
def world(
    database: Path,
    trace: str,
    where: ToolPlace,
    baseline: str | None,
    step_number: int | None,
    watches: Sequence[Watch],
    condition: Condition | None,
    show_all: bool,
    reveal: bool,
    as_json: bool,
) -> int:
    """Replay TRACE once and show its world: at the start, and what each step changed.

    TRACE `-`: the traces named on stdin, a line for each; with --watch or --where those in which
    something changes or fits.

    The tools show their world by a function under @toolbox.state. Today's tools run in the frozen
    world of the recording, as in `replay run`; nothing is stored, and every time it is the same.
    """
    from replay.cli.worlds import plain_world, tell_each
    from replay.store import Store

    with (
        Store.open(database, mode="r") as store,
        Store.open(database, mode="r") as shown,  # the tools get what is hidden, and nobody else
    ):
        hides = hide(shown, reveal=reveal)
        if trace == _FROM_STDIN:
            if step_number is not None:
                raise click.UsageError("--step is of one trace: name it instead of `-`.")
            with _replaying(store, where, baseline, shown, hides) as replayed:
                return tell_each(shown, replayed, watches, condition, as_json=as_json)
        with _replaying(store, where, baseline, shown, hides) as replayed:
            transcript, told = replayed(trace)
        if step_number is not None:
            return _tell_step(transcript, told, step_number, as_json=as_json)
        if condition is not None:
            return _tell_steps(shown, transcript, told, condition, as_json=as_json)
    if watches:
        return _tell_watches(transcript, told, watches, as_json=as_json)
    if as_json:
        terminal.emit_json(plain_world(transcript, told))
        return ExitCode.OK
    from replay.report.ink import Ink
    from replay.report.world_text import world_lines

    ink = Ink(terminal.colours(sys.stdout))
    width = terminal.width()
    terminal.emit("\n".join(world_lines(told.history, width=width, ink=ink, show_all=show_all)))
    return ExitCode.OK


@contextlib.contextmanager
def _replaying(
    store: Store,
    where: ToolPlace,
    baseline: str | None,
    shown: Store,
    hides: HidingReader | None,
) -> Iterator[Replayed]:
    """Hold a worker while the block runs; what is given replays a trace in it.

    It gives the trace and its world back as ``shown`` has them: with what is hidden hidden.
    """
    from replay.config import load_config
    from replay.replayer.job_runner import JobRunner
    from replay.replayer.policies import Policies
    from replay.replayer.worlds import world_of

    config = load_config()
    workers = {**where.workers(), "jobs": 1}
    with (
        _tools(where.place(store), baseline) as place,
        JobRunner(place, **workers) as runner,
    ):

        def replayed(trace_id: str) -> tuple[Transcript, ReplayedWorld]:
            transcript = store.transcript(trace_id)
            told = world_of(
                transcript,
                store=store,
                runner=runner,
                policies=Policies((config.policy,)).of_toolbox(runner.greeting),
                versions=config.versions,
            )
            if hides is None:
                return transcript, told
            history = _shown(told.history, hides, transcript.trace.id)
            return shown.transcript(trace_id), replace(told, history=history)

        yield replayed


def _shown(history: WorldHistory, hides: HidingReader, trace_id: str) -> WorldHistory:
    """Return a world with the values hidden in it that are hidden in its trace."""
    from replay.stepping.worlds import NOTHING, WorldChange, WorldHistory

    values = hides.values_of(trace_id)

    def shown(side: Any) -> Any:
        return side if side is NOTHING else values.value(side)

    def change(one: WorldChange) -> WorldChange:
        parts = tuple(values.key(part) if isinstance(part, str) else part for part in one.parts)
        return WorldChange(parts, shown(one.before), shown(one.after))

    steps = [
        replace(one, changes=None if one.changes is None else tuple(map(change, one.changes)))
        for one in history.steps
    ]
    return WorldHistory(shown(history.start), steps)


@contextlib.contextmanager
def _tools(today: Place, baseline: str | None) -> Iterator[Place]:
    if baseline is None:
        yield today
        return
    from replay.replayer.baseline import baseline_place

    with baseline_place(baseline, today) as place:
        yield place


def _tell_step(
    transcript: Transcript, told: ReplayedWorld, step_number: int, *, as_json: bool
) -> int:
    from replay.stepping.worlds import NOTHING

    last = transcript.steps[-1].step_number if transcript.steps else 0
    if step_number > last:
        raise SelectionError(
            f"Trace {transcript.trace.id!r} has no step {step_number}.",
            hint=f"Its steps are 1 to {last}; 0 is the start.",
        )
    state = told.history.at(step_number)
    shown = None if state is NOTHING else state
    if as_json:
        changes = told.history.changes_at(step_number)
        said = None if changes is None else [one.to_json() for one in changes]
        terminal.emit_json({"step": step_number, "world": shown, "changes": said})
    else:
        terminal.emit_json(shown)
    return ExitCode.OK


def _tell_watches(
    transcript: Transcript, told: ReplayedWorld, watches: Sequence[Watch], *, as_json: bool
) -> int:
    from replay.report.ink import Ink
    from replay.report.world_text import watch_lines
    from replay.stepping.world_series import world_series

    numbers = [step.step_number for step in transcript.steps]
    series = [world_series(transcript.steps, told.history, watch) for watch in watches]
    if as_json:
        terminal.emit_json(
            [
                {
                    "expression": watch.expression.text,
                    "values": [
                        {"step": 0 if place < 0 else numbers[place], "values": values}
                        for place, values in zip(one.indexes, one.values, strict=True)
                    ],
                }
                for watch, one in zip(watches, series, strict=True)
            ]
        )
        return ExitCode.OK
    ink = Ink(terminal.colours(sys.stdout))
    lines = watch_lines(watches, series, numbers, width=terminal.width(), ink=ink)
    terminal.emit("\n".join(lines))
    return ExitCode.OK


def _tell_steps(
    store: Store,
    transcript: Transcript,
    told: ReplayedWorld,
    condition: Condition,
    *,
    as_json: bool,
) -> int:
    from replay.cli.transcripts import some_step_lines
    from replay.cli.where import fitting_steps

    steps = fitting_steps(store, transcript, condition, world=told.history)
    if as_json:
        terminal.emit_json([step.model_dump(mode="json") for step in steps])
    elif steps:
        lines = some_step_lines(transcript, steps, width=terminal.width())
        terminal.emit("\n".join(lines))
    else:
        terminal.say(f"No step of trace {transcript.trace.id} fits {condition.text!r}.")
    return ExitCode.OK
