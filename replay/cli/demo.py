"""`replay demo`: the two examples everyone knows, recorded and replayed, without key or network."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import examples
from replay.cli.interruption import ctrl_c
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.demo.stage import Stage


@click.command(
    short_help="See it work: no key, no network.",
    epilog=examples("replay demo", "replay demo --directory /tmp/demo --fresh"),
)
@click.option(
    "--directory",
    default="replay-demo",
    show_default=True,
    metavar="PATH",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put the database and the files to read.",
)
@click.option("--fresh", is_flag=True, help="Start over: replace what an earlier demo put there.")
def demo(directory: Path, fresh: bool) -> int:
    """Record two agents, change their tools, and see what would change.

    A scripted model and a small HTTP API on this machine stand in for the world. The
    conversations are recorded with version 1 of the tools and replayed with version 2. Change
    travel_v2.py or calendar_v2.py in the directory and run it again: the recording is kept.
    """
    from replay.demo.stage import APPS, Stage

    stage = Stage(directory)
    stage.open(fresh=fresh)
    _record(stage)
    codes = {}
    for app in APPS:
        ctrl_c.check()
        codes[app] = _replay(stage, app)
    ctrl_c.check()
    terminal.emit(what_next(stage, codes, width=_width()))
    return ExitCode.OK


def _record(stage: Stage) -> None:
    kept = stage.copy_files()
    if stage.is_recorded:
        changed = f" with your {', '.join(kept)}" if kept else ""
        terminal.say(f"{stage.database} is recorded already; replaying it{changed}.")
        return
    count = stage.record()
    terminal.say(f"Recorded {count} conversations with version 1 of the tools: {stage.database}")


def _replay(stage: Stage, app: str) -> int | None:
    """Replay one agent, show what changed, and return what `replay run` would have exited with."""
    from replay.cli.run import replayed
    from replay.cli.runs import show_report
    from replay.records import Selection
    from replay.store import Store

    with Store.open(stage.database, mode="w") as store:
        run = replayed(
            store,
            Selection(apps=[app]),
            toolbox=f"{app}_v2:toolbox",
            baseline=f"{app}_v1:toolbox",
            folder=stage.directory,
            jobs=1,
        )
        report = show_report(
            store,
            run,
            database=stage.database,
            width=_width(),
            colored=terminal.colours(sys.stdout),
        )
    if run.status == "interrupted":
        raise KeyboardInterrupt
    terminal.emit(f"\n== {app}: version 1 recorded, version 2 replayed\n\n{report}")
    return run.exit_code


def what_next(stage: Stage, codes: dict[str, int | None], *, width: int) -> str:
    """Return the last lines of the demo: what to type now."""
    place, database = stage.directory, stage.database
    advice = (
        f"Mend {place}/travel_v2.py (call `degrees` `temperature` again) and type `replay demo` "
        "once more: the recording stays, the findings change. Recording an agent takes three "
        f"lines: {place}/agents.py."
    )
    ended = " and ".join(f"{code} ({app})" for app, code in codes.items())
    exits = (
        f"As `replay run` in CI these two would end with exit code {ended}; the demo itself ends "
        "with 0."
    )
    return "\n".join(
        [
            "",
            "== Your turn",
            "",
            f"  replay ui {database}",
            f"  replay list {database}",
            f"  replay show {database} time-to-write",
            f"  replay runs {database}",
            "",
            *textwrap.wrap(advice, width, break_long_words=False, break_on_hyphens=False),
            "",
            *textwrap.wrap(exits, width, break_long_words=False, break_on_hyphens=False),
        ]
    )


def _width() -> int:
    return min(terminal.width(), 100)
