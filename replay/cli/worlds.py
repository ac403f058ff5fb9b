"""`replay world DATABASE -`: the worlds of the traces named on stdin, one after the other.

One worker serves them all, and each answer is written as soon as it is there: who asks may ask for
the next trace when the last one is answered, as the terminal UI does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from replay.cli import terminal
from replay.cli.transcripts import some_step_lines
from replay.cli.where import fitting_steps
from replay.errors import ExitCode, ReplayError
from replay.records import Transcript
from replay.replayer.worlds import ReplayedWorld
from replay.report.ink import Ink, count
from replay.report.world_text import watch_lines, world_lines
from replay.stepping.world_series import world_series

if TYPE_CHECKING:
    from replay.records import JsonObject
    from replay.stepping.conditions import Condition
    from replay.stepping.watches import Watch
    from replay.store import Store

Replayed = Callable[[str], tuple[Transcript, ReplayedWorld]]
"""Replays the trace of an id; returns it and its world, as they are to be shown."""


def tell_each(
    store: Store,
    replayed: Replayed,
    watches: Sequence[Watch],
    condition: Condition | None,
    *,
    as_json: bool,
) -> int:
    """Answer for every trace that is named on stdin; one that has no world ends nothing.

    With ``watches`` or a ``condition`` traces are told in which something changes or fits.
    """
    asked = told = failed = 0
    for trace_id in _named():
        asked += 1
        try:
            transcript, world = replayed(trace_id)
            steps = _steps(store, transcript, world, watches, condition)
        except ReplayError as error:
            failed += 1
            _say_failed(trace_id, error, as_json=as_json)
            continue
        told += steps is None or bool(steps)
        if as_json:
            answer = (
                plain_world(transcript, world) if steps is None else _fitting(transcript, steps)
            )
            _emit_line(answer)
        elif steps is None or steps:
            _emit_text(store, transcript, world, watches, condition)
    missing = f"; the world of {failed:,} is not known" if failed else ""
    terminal.say(f"{told:,} of {count(asked, 'trace')}{missing}.")
    return ExitCode.COULD_NOT_RUN if failed and failed == asked else ExitCode.OK


def plain_world(transcript: Transcript, told: ReplayedWorld) -> JsonObject:
    """Return everything as JSON: the start, and the changes that make each state from the last."""
    from replay.stepping.worlds import NOTHING

    history = told.history
    start = {} if history.start is NOTHING else {"start": history.start}
    steps = [one.to_json() for one in history.steps]
    return {"trace": transcript.trace.id, **start, "steps": steps}


def _named() -> Iterator[str]:
    for line in iter(sys.stdin.readline, ""):
        if line.strip():
            yield line.strip()


def _steps(
    store: Store,
    transcript: Transcript,
    world: ReplayedWorld,
    watches: Sequence[Watch],
    condition: Condition | None,
) -> list[int] | None:
    """Return the steps that are asked for; None: whole worlds are."""
    if condition is not None:
        fitting = fitting_steps(store, transcript, condition, world=world.history)
        return [step.step_number for step in fitting]
    if not watches:
        return None
    numbers = [step.step_number for step in transcript.steps]
    series = [world_series(transcript.steps, world.history, watch) for watch in watches]
    return sorted({numbers[index] for one in series for index in one.indexes[1:]})


def _fitting(transcript: Transcript, steps: list[int]) -> JsonObject:
    return {"trace": transcript.trace.id, "steps": steps}


def _emit_line(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _emit_text(
    store: Store,
    transcript: Transcript,
    world: ReplayedWorld,
    watches: Sequence[Watch],
    condition: Condition | None,
) -> None:
    ink, width = Ink(terminal.colours(sys.stdout)), terminal.width()
    if condition is not None:
        fitting = fitting_steps(store, transcript, condition, world=world.history)
        terminal.emit("\n".join(some_step_lines(transcript, fitting, width=width)))
        return
    terminal.emit(ink.paint(f"trace {transcript.trace.id}", "bold"))
    if watches:
        numbers = [step.step_number for step in transcript.steps]
        series = [world_series(transcript.steps, world.history, watch) for watch in watches]
        lines = watch_lines(watches, series, numbers, width=width, ink=ink)
    else:
        lines = world_lines(world.history, width=width, ink=ink, show_all=False)
    terminal.emit("\n".join(lines))


def _say_failed(trace_id: str, error: ReplayError, *, as_json: bool) -> None:
    if as_json:
        _emit_line({"trace": trace_id, "error": str(error)})
    else:
        terminal.say(f"{trace_id}: {error}")
