"""`replay what-if`: a recorded trace with something made otherwise, through today's tools."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.given import cut, json_given, text_given
from replay.cli.hidden import reveal_option, shown
from replay.cli.tools_options import deadline_option, env_option, path_option, tools_option
from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import ReplayRun, Transcript
    from replay.replayer.what_if_edits import Edits
    from replay.store.redaction import Redaction


@click.command(
    "what-if",
    short_help="Replay a trace with a payload or an answer edited.",
    epilog=examples(
        "replay what-if traces.db weekend-in-paris --step 3 --set passengers=2",
        "replay what-if traces.db weekend-in-paris --step 3 --arguments @arguments.json",
        "replay what-if traces.db weekend-in-paris --step 2 --outside "
        '\'1={"status": 503, "body": "down"}\'',
        "replay what-if traces.db weekend-in-paris --step 2 --response '{\"degrees\": 40}'",
    ),
)
@database_and("trace")
@click.option(
    "--step",
    "step_number",
    type=click.IntRange(min=1),
    required=True,
    metavar="NUMBER",
    help="The tool call that is edited.",
)
@click.option(
    "--arguments",
    metavar="JSON|@FILE",
    help="Give it these arguments, all of them; @FILE reads them from a file.",
)
@click.option(
    "--set",
    "changed",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one argument: city=Rome, flights[0].price=12. JSON, or else a text.",
)
@click.option(
    "--response",
    metavar="TEXT|@FILE",
    help="Tell the model this, whatever the tool answers.",
)
@click.option(
    "--outside",
    multiple=True,
    metavar="INDEX=JSON|INDEX=@FILE",
    help="Have its question INDEX to the outside (from 1) answered with this body; an object of "
    '"status" and "body" says both.',
)
@tools_option
@path_option
@env_option
@deadline_option
@click.option(
    "--sandbox",
    type=click.Choice(["off", "auto", "bubblewrap", "kernel"]),
    help="What workers run in, as for `replay run`.",
)
@reveal_option
@json_option
def what_if(
    database: Path,
    trace: str,
    step_number: int,
    arguments: str | None,
    changed: Sequence[str],
    response: str | None,
    outside: Sequence[str],
    reveal: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run TRACE through today's tools with one step edited, beside the same without the edit.

    The recording stays as it is. The branch is kept as a replay run that is marked: it is listed by
    `replay runs`, and is never a trace's newest verdict. The recorded model outputs stand, so the
    calls after the first that differs are conditional. Exit code 0: the edit makes no difference;
    1: calls are rejected or fail by it; 2: something else differs.
    """
    from replay.cli.interruption import ctrl_c
    from replay.cli.masked import in_a_child, masking_for
    from replay.cli.restoring import restored_edits
    from replay.cli.run import replayer_of
    from replay.config import load_config
    from replay.replayer.what_if import what_if as run_what_if
    from replay.store import Store

    edits = _edits(step_number, arguments, changed, response, outside)
    config = load_config()
    if (code := in_a_child(config)) is not None:
        return code
    with Store.open(database, mode="w") as store:
        edits = restored_edits(edits, database, store.transcript(trace))
        replayer = replayer_of(store, jobs=2, **options)
        with ctrl_c.calls(replayer.stop):
            run = run_what_if(replayer, trace, edits)
        transcript = store.transcript(trace, prompts=False)
        run = kept_branch(run, transcript, masking_for(store, config, transcript))
        store.append(run)
    show_branch(shown(database, run, reveal=reveal), database, as_json=as_json)
    return int(run.exit_code or 0)


def kept_branch(run: ReplayRun, transcript: Transcript, redaction: Redaction | None) -> ReplayRun:
    """Return a what-if run as it may be kept: what was edited in is masked as if recorded."""
    if redaction is None or run.branch is None:
        return run
    from replay.cli.masked import masked
    from replay.records import ToolCall

    calls = {one.step_number: one for one in transcript.steps if isinstance(one, ToolCall)}
    for edit in run.branch.edits:
        call = calls[edit.step_number]
        value = {"payload": edit.edited} if edit.part == "arguments" else {"result": edit.edited}
        # Masked as the call that it edits, so that names and marks of its fields count; what they
        # show to be secret is then found wherever it comes again.
        redaction.masked([{"kind": "tool_call", "id": call.id, "tool": call.tool, **value}])
    return masked(redaction, run)


def show_branch(run: ReplayRun, database: Path, *, as_json: bool) -> None:
    """Print what a what-if run found."""
    from replay.report.what_if_text import render_branch

    if as_json:
        terminal.emit_json(run.model_dump(mode="json"))
        return
    colored = terminal.colours(sys.stdout)
    terminal.emit(render_branch(run, width=terminal.width(), colored=colored))
    terminal.say(f"Kept: `replay diff {terminal.typed(database)} {run.id}` shows it again.")


def _edits(
    step_number: int,
    arguments: str | None,
    changed: Sequence[str],
    response: str | None,
    outside: Sequence[str],
) -> Edits:
    from replay.replayer.what_if_edits import Edits

    whole = None if arguments is None else json_given("--arguments", arguments)
    if whole is not None and not isinstance(whole, dict):
        raise ReplayError(
            f"The arguments {cut(arguments)} are no JSON object.",
            hint='Give all of them: --arguments \'{"city": "Rome"}\'.',
        )
    return Edits(
        step_number,
        arguments=whole,
        changed=dict(map(_one_argument, changed)),
        response=None if response is None else text_given(response),
        outside=dict(map(_one_answer, outside)),
    )


def _one_argument(given: str) -> tuple[str, Any]:
    path, equals, value = given.partition("=")
    if not equals or not path:
        raise ReplayError(
            f"--set {given!r} changes no argument.", hint="Write PATH=VALUE: --set city=Rome."
        )
    try:
        return path, json.loads(value)
    except ValueError:
        return path, value


def _one_answer(given: str) -> tuple[int, Any]:
    number, equals, answer = given.partition("=")
    if not equals or not number.isdecimal():
        raise ReplayError(
            f"--outside {cut(given)} answers no question.",
            hint="Write INDEX=JSON, the first question is 1: --outside '1={\"rate\": 1.1}'.",
        )
    return int(number), json_given("--outside", answer)
