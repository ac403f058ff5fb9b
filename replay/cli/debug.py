"""`replay debug`: into today's tool, stopped at its first line, in the world of a recorded call."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples
from replay.cli.debug_listening import address_of, listening
from replay.cli.hidden import reveal_option, shown
from replay.cli.tools_options import env_option, path_option, toolbox_named, tools_option
from replay.errors import ExitCode, ReplayError, SelectionError

if TYPE_CHECKING:
    from replay.records import CallVerdict, JsonObject, ToolCall, Transcript
    from replay.store import Store

_BEFORE_THE_TOOL = frozenset(("bad_json", "unknown_tool", "invalid_arguments", "denied"))
"""Outcomes of calls that never reach the tool."""


@click.command(
    short_help="Stop in today's tool, in a recorded call.",
    epilog=examples(
        "replay debug traces.db t660c71da6be --step 3 --tools shop.tools:toolbox",
        "replay debug traces.db t660c71da6be --post-mortem",
        "replay debug traces.db t660c71da6be --step 3 --listen 5678",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="The tool call to stop in. Default: the first one that differs in the newest replay run.",
)
@tools_option
@path_option
@env_option
@click.option(
    "--post-mortem", is_flag=True, help="Stop only where the tool raises, not at its first line."
)
@click.option(
    "--listen",
    metavar="[HOST:]PORT",
    help="Wait for an editor (VS Code, or any that speaks DAP) to attach there, instead of pdb in "
    "this terminal; PORT 0 takes any that is free. Needs the extra `debugpy`.",
)
@reveal_option
def debug(
    database: Path,
    trace: str,
    step_number: int | None,
    toolbox: str | None,
    paths: Sequence[Path],
    variables: Sequence[str],
    post_mortem: bool,
    listen: str | None,
    reveal: bool,
) -> int:
    """Run TRACE again up to one tool call, and stop at the first line of its tool, in pdb.

    The world is the recorded one: the calls before it have run, what the tool asks outside is
    answered from its cassette, its clock stands where it stood. Change a variable, step, go on with
    `c`; `q` leaves the debugger, and the call runs on. Its verdict is shown at the end. Where the
    tool raises, pdb opens there too. Nothing is stored. With --listen an editor is waited for, and
    stops there.
    """
    from replay.cli.traces import step_of
    from replay.records import ToolCall
    from replay.report.diff_text import render_verdict
    from replay.store import Store

    if listen is not None and post_mortem:
        raise click.UsageError(
            "--post-mortem is pdb's: in an editor switch on its stop at user uncaught exceptions."
        )
    place = None if listen is None else address_of(listen)
    device = _terminal() if place is None else None
    with Store.open(database, mode="r") as store:
        transcript = store.transcript(trace)
        number = step_number or _differing_step(store, transcript)
        call = step_of(transcript, number)
        if not isinstance(call, ToolCall):
            raise SelectionError(
                f"Step {number} of trace {transcript.trace.id!r} is a model call: there is no tool "
                "to stop in.",
                hint=_tool_steps(transcript),
            )
        asked: JsonObject
        run = partial(_debugged, transcript, call, store, toolbox, paths, variables)
        if place is None:
            where = "where it raises" if post_mortem else "at its first line"
            said = f"stopping {where}. `c` goes on, `q` leaves."
            terminal.say(f"Step {call.step_number}, {call.tool}: {said}")
            term = os.environ.get("TERM", "dumb")
            asked = {"terminal": device, "term": term, "post_mortem": post_mortem}
            verdict = run(asked, interrupted_by=_interrupts)
        else:
            with listening(place, call) as adapter:
                asked = {"adapter": adapter}
                verdict = run(asked, interrupted_by=lambda _: contextlib.nullcontext())
    result = verdict.replayed
    if result is not None and result.outcome in _BEFORE_THE_TOOL:
        terminal.say("It did not stop: the call was rejected before the tool ran.")
    colored = terminal.colours(sys.stdout)
    told, seen = (shown(database, one, reveal=reveal) for one in (verdict, call))
    terminal.emit("")
    terminal.emit(render_verdict(told, seen, width=terminal.width(), colored=colored))
    return ExitCode.OK


def _debugged(
    transcript: Transcript,
    call: ToolCall,
    store: Store,
    toolbox: str | None,
    paths: Sequence[Path],
    variables: Sequence[str],
    asked: JsonObject,
    *,
    interrupted_by: Callable[[Callable[[], None]], AbstractContextManager[None]],
) -> CallVerdict:
    from replay.config import load_config
    from replay.replayer.debugging.session import debug_call
    from replay.replayer.environment import environment_of, place_of
    from replay.replayer.policies import Policies
    from replay.verdicts import Rules

    config = load_config()
    toolbox = toolbox_named(toolbox, config)
    place = place_of(
        toolbox,
        paths=paths,
        environment=environment_of([*config.env, *variables]),
        allow=config.allow,
        loose=config.loose,
    )
    return debug_call(
        transcript,
        call,
        store=store,
        place=place,
        asked=asked,
        rules=Rules.from_config(config),
        policies=Policies((config.policy,)),
        versions=config.versions,
        interrupted_by=interrupted_by,
    )


@contextlib.contextmanager
def _interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """While the block runs, Ctrl-C is for the tool, as in any debugger."""
    import signal

    before = signal.signal(signal.SIGINT, lambda *_: interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _terminal() -> str:
    """Return the device of the terminal that a person sits at.

    Raises:
        ReplayError: there is none.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        return os.ttyname(sys.stdin.fileno())
    raise ReplayError(
        "A debugger needs a terminal on stdin and stdout.",
        hint="Start `replay debug` in one; `replay run` and `replay diff` work in pipes.",
    )


def _differing_step(store: Store, transcript: Transcript) -> int:
    """Return the first step of the trace that differed when it was last replayed.

    Raises:
        SelectionError: it was never replayed, or nothing differed.
    """
    trace_id = transcript.trace.id
    for run in store.runs():
        verdicts = store.verdicts(run.id, trace_id=trace_id)
        differing = [one.step_number for one in verdicts if one.signature is not None]
        if differing:
            return min(differing)
        if verdicts:
            break
    raise SelectionError(
        f"Which step of trace {trace_id!r}? None differed when it was last replayed.",
        hint=f"Name one with --step. {_tool_steps(transcript)}",
    )


def _tool_steps(transcript: Transcript) -> str:
    from replay.records import ToolCall

    steps = [
        f"{one.step_number} {one.tool}" for one in transcript.steps if isinstance(one, ToolCall)
    ]
    if not steps:
        return "It has no tool calls."
    more = ", ..." if len(steps) > 12 else ""
    return f"Its tool calls: {', '.join(steps[:12])}{more}."
