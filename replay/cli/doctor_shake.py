"""`replay doctor verify` and `explain`: recorded calls again, under other conditions."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_fields
from replay.cli.selection import selection_options
from replay.cli.tool_place import ToolPlace, place_options
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.replayer.shaking.running import Shaker
    from replay.store import Store


@click.command(
    short_help="Run calls again and name what is not deterministic.",
    epilog=examples("replay doctor verify traces.db --tools shop.tools:toolbox --limit 50"),
)
@database_and()
@place_options
@selection_options
@reveal_option
@json_option
def verify(
    database: Path, selection: Selection, where: ToolPlace, reveal: bool, as_json: bool
) -> int:
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
        found = verified(_shaker(store, selection, where))
    with hiding(database, reveal=reveal) as hides:
        if hides is not None:
            unstable, held = (shown_fields(one, hides) for one in (found.unstable, found.held))
            found = replace(found, unstable=unstable, held=held)
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
@place_options
@selection_options
@reveal_option
@json_option
def explain(
    database: Path, selection: Selection, where: ToolPlace, reveal: bool, as_json: bool
) -> int:
    """Run recorded calls of DATABASE with one thing changed at a time, and label their tools.

    The labels: clock, entropy, hash order, timezone, environment, working directory, addresses,
    native code. Nothing is stored.
    """
    from replay.replayer.shaking.finding import explain as explained
    from replay.report.ink import Ink
    from replay.report.shaken_text import explanation_text
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = explained(_shaker(store, selection, where))
    with hiding(database, reveal=reveal) as hides:
        if hides is not None:
            found = replace(found, fields=shown_fields(found.fields, hides))
    if as_json:
        terminal.emit_json(_plain(asdict(found)))
    else:
        ink = Ink(colored=terminal.colours(sys.stdout))
        terminal.emit(explanation_text(found, width=terminal.width(), ink=ink))
    return ExitCode.OK


def _shaker(store: Store, selection: Selection, where: ToolPlace) -> Shaker:
    from replay.replayer.shaking.running import Shaker

    place = where.place(store)
    trace_ids = store.trace_ids(selection)
    if not trace_ids:
        raise SelectionError(
            "No trace is selected: there is nothing to run again.",
            hint="`replay list` shows what the database holds.",
        )
    workers = where.workers()
    return Shaker(
        place,
        [store.transcript(trace_id, prompts=False) for trace_id in trace_ids],
        jobs=workers["jobs"],
        deadline_s=workers["deadline_s"],
        sandbox=workers["sandbox"],
    )


def _plain(told: Any) -> Any:
    """Return ``told`` with lists for sets, sorted: JSON has none."""
    if isinstance(told, dict):
        return {name: _plain(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_plain(value) for value in told]
    return sorted(told) if isinstance(told, set) else told
