"""`replay doctor verify` and `explain`: recorded calls again, under other conditions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.selection import selection_options
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.replayer.shaking.running import Shaker
    from replay.store import Store

_OPTIONS = (
    click.option(
        "--tools",
        "toolbox",
        metavar="MODULE:TOOLBOX",
        help="Today's tools. Default: `tools` of [tool.replay].",
    ),
    click.option(
        "--path",
        "paths",
        multiple=True,
        metavar="DIRECTORY",
        type=click.Path(file_okay=False, exists=True, path_type=Path),
        help="Look for the tools' modules here first; after it in the working directory.",
    ),
    click.option(
        "--env",
        "variables",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="Hand this environment variable to the tools; they get few others.",
    ),
    click.option(
        "--allow",
        multiple=True,
        metavar="HOST:PORT|run:PROGRAM",
        help="Let the tools really reach this address, or start this program.",
    ),
    click.option(
        "--sandbox",
        type=click.Choice(["off", "auto", "bubblewrap", "kernel"]),
        help="What workers run in, as for `replay run`.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="COUNT",
        help="Worker processes. Default: one for each core.",
    ),
    click.option(
        "--deadline",
        "deadline_s",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="How long one call may take before it is ended.",
    ),
    selection_options,
    json_option,
)


def _shaking(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(
    short_help="Run calls again and name what is not deterministic.",
    epilog=examples("replay doctor verify traces.db --tools shop.tools:toolbox --limit 50"),
)
@database_and()
@_shaking
def verify(database: Path, selection: Selection, as_json: bool, **options: Any) -> int:
    """Run recorded calls of DATABASE several times, and name every field that is not the same.

    Once more, with another number of workers, under load, at other addresses: nothing of that may
    change a result. And once without what a replay holds still, to show what it held. Nothing is
    stored. Ends with 2 when something is not deterministic.
    """
    from replay.replayer.shaking.finding import verify as verified
    from replay.report.ink import Ink
    from replay.report.shaken_text import causes_of, verification_text
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = verified(_shaker(store, selection, **options))
    if as_json:
        told = _plain(asdict(found))
        told["run_call_count"] = len(told.pop("ran"))
        for one, field in zip(told["unstable"], found.unstable, strict=True):
            one["causes"] = causes_of(field)
        terminal.emit_json(told)
    else:
        ink = Ink(colored=terminal.colours(sys.stdout))
        terminal.emit(verification_text(found, width=terminal.width(), ink=ink))
    if not found.ran:
        return ExitCode.COULD_NOT_RUN
    return ExitCode.NEEDS_A_PERSON if found.unstable else ExitCode.OK


@click.command(
    short_help="Label what the results of tools depend on.",
    epilog=examples("replay doctor explain traces.db --tools shop.tools:toolbox --limit 50"),
)
@database_and()
@_shaking
def explain(database: Path, selection: Selection, as_json: bool, **options: Any) -> int:
    """Run recorded calls of DATABASE with one thing changed at a time, and label their tools.

    The labels: clock, entropy, hash order, timezone, environment, working directory, addresses,
    native code. Nothing is stored.
    """
    from replay.replayer.shaking.finding import explain as explained
    from replay.report.ink import Ink
    from replay.report.shaken_text import explanation_text
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = explained(_shaker(store, selection, **options))
    if as_json:
        terminal.emit_json(_plain(asdict(found)))
    else:
        ink = Ink(colored=terminal.colours(sys.stdout))
        terminal.emit(explanation_text(found, width=terminal.width(), ink=ink))
    return ExitCode.OK


def _shaker(
    store: Store,
    selection: Selection,
    *,
    toolbox: str | None,
    paths: Sequence[Path],
    variables: Sequence[str],
    allow: Sequence[str],
    sandbox: str | None,
    jobs: int | None,
    deadline_s: float | None,
) -> Shaker:
    from replay.config import load_config
    from replay.replayer import DEADLINE_MS
    from replay.replayer.environment import environment_of, place_of
    from replay.replayer.redacting import redaction_of_run
    from replay.replayer.sandbox.limits import limits_of
    from replay.replayer.shaking.running import Shaker

    config = load_config()
    toolbox = toolbox or config.tools
    if toolbox is None:
        raise click.UsageError(
            "Which tools? Name them with --tools package.module:toolbox, or set `tools` in "
            "[tool.replay] of pyproject.toml."
        )
    trace_ids = store.trace_ids(selection)
    if not trace_ids:
        raise SelectionError(
            "No trace is selected: there is nothing to run again.",
            hint="`replay list` shows what the database holds.",
        )
    environment = environment_of([*config.env, *variables])
    place = place_of(
        toolbox,
        paths=paths,
        environment=environment,
        allow=[*config.allow, *allow],
        loose=config.loose,
        limits=limits_of((), config.limits),
        writable=config.writable_paths,
    )
    redact = redaction_of_run(store, config.redact)
    return Shaker(
        replace(place, redact=redact),
        [store.transcript(trace_id, prompts=False) for trace_id in trace_ids],
        jobs=jobs or config.jobs or os.cpu_count() or 1,
        deadline_s=deadline_s or (config.deadline_ms or DEADLINE_MS) / 1000,
        sandbox=sandbox or config.sandbox,
    )


def _plain(told: Any) -> Any:
    """Return ``told`` with lists for sets, sorted: JSON has none."""
    if isinstance(told, dict):
        return {name: _plain(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_plain(value) for value in told]
    return sorted(told) if isinstance(told, set) else told
