"""`replay cassettes verify` and `refresh`: the recorded outside world against today's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.hidden import reveal_option
from replay.cli.hidden_reports import hiding, shown_cassettes, shown_requests
from replay.cli.selection import selection_options
from replay.cli.tools_options import path_option, toolbox_named, tools_option
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.replayer.refreshing import RefreshedCall, Refresher
    from replay.replayer.verifying import Verification
    from replay.store import Store


writes_option = click.option(
    "--writes-of",
    multiple=True,
    metavar="TOOL",
    help='Also send what may change something (POST, PUT, ..., effect="write") of this tool.',
)


@click.command(
    short_help="Ask today's services what was recorded.",
    epilog=examples(
        "replay cassettes verify traces.db",
        "replay cassettes verify traces.db --tool get_weather --header 'authorization: Bearer ...'",
    ),
)
@database_and()
@writes_option
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Send this header instead of the recorded one: a key that was masked.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one answer may take.",
)
@selection_options
@reveal_option
@json_option
def verify(
    database: Path,
    selection: Selection,
    writes_of: Sequence[str],
    headers: Sequence[str],
    timeout_s: float,
    reveal: bool,
    as_json: bool,
) -> int:
    """Send the recorded reads of DATABASE to the services themselves; say what answers otherwise.

    Each distinct request is really sent, once: GET, HEAD and OPTIONS. What may change something is
    never sent, unless its tool is named with --writes-of. Nothing is stored. Exit code 2 where an
    answer differs, or there is none.
    """
    from replay.cli.cassette_reports import verification_json, verification_lines
    from replay.cli.progress import Progress
    from replay.replayer.verifying import verify as ask
    from replay.store import Store

    given = dict(map(_header, headers))
    with Store.open(database, mode="r") as store:
        stored = store.cassettes(selection)
    _refuse_empty([one.call.tool for one in stored], writes_of)
    with Progress("requests") as progress:
        found = ask(
            stored,
            writes_of=writes_of,
            headers=given,
            timeout_s=timeout_s,
            on_progress=progress.update,
        )
    with hiding(database, reveal=reveal) as hides:
        if hides is not None:
            found = replace(found, sent=shown_requests(found.sent, hides))
    if as_json:
        terminal.emit_json(verification_json(found))
    else:
        terminal.emit("\n".join(verification_lines(found, width=terminal.width())))
    return _verified(found)


def _verified(found: Verification) -> ExitCode:
    is_good = found.sent and not any(one.changes or one.failure for one in found.sent)
    return ExitCode.OK if is_good else ExitCode.NEEDS_A_PERSON


def _header(given: str) -> tuple[str, str]:
    name, colon, value = given.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{given!r} is no header; write it as 'NAME: VALUE'.")
    return name.strip(), value.strip()


def _refuse_empty(tools: Sequence[str], writes_of: Sequence[str]) -> None:
    if not tools:
        raise SelectionError(
            "No selected call asked anything of the outside: there is nothing to verify.",
            hint="`replay cassettes list` shows what there is.",
        )
    _refuse_unknown(writes_of, tools)


def _refuse_unknown(writes_of: Sequence[str], tools: Sequence[str]) -> None:
    from difflib import get_close_matches

    for tool in writes_of:
        if tool not in tools:
            raise SelectionError(
                f"--writes-of {tool}: no selected call is of that tool.",
                nearest=next(iter(get_close_matches(tool, tools, 1)), None),
                hint=f"There are: {', '.join(sorted(set(tools))[:12])}.",
            )


@click.command(
    short_help="Record a tool's cassettes anew, or add to them.",
    epilog=examples(
        "replay cassettes refresh traces.db --tools shop:toolbox --tool get_weather --dry-run",
        "replay cassettes refresh traces.db --tools shop:toolbox --tool get_weather",
        "replay cassettes refresh traces.db --tools shop:toolbox --tool get_weather --append",
    ),
)
@database_and()
@tools_option
@click.option(
    "--append",
    "appends",
    is_flag=True,
    help="Answer what is recorded; let only what is missing go out, and add it.",
)
@click.option(
    "--real-clock",
    is_flag=True,
    help="Ask at today's time and with new draws, for a service that believes no old request.",
)
@writes_option
@click.option("--dry-run", is_flag=True, help="Ask, and say what would change; change nothing.")
@path_option
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Hand this environment variable to the tools: the key of a service.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="COUNT",
    help="Worker processes: how many traces go out at once.",
)
@click.option(
    "--deadline",
    "deadline_s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long one call may take before it is ended, and its old cassette kept.",
)
@selection_options
@reveal_option
@json_option
def refresh(
    database: Path,
    selection: Selection,
    writes_of: Sequence[str],
    dry_run: bool,
    reveal: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Run the recorded calls of --tool live, and put what they ask and are answered into DATABASE.

    The tools that --tool names really go out; others stay on their cassettes. The old cassettes are
    replaced at the end, all at once: Ctrl-C changes nothing. A call that fails today, or would
    write, keeps its old one. What tools returned when they were recorded stays: it is what the
    model was told. Exit code 2 where a call kept its old cassette.
    """
    from replay.cli.cassette_reports import refresh_json, refresh_lines
    from replay.cli.progress import Progress
    from replay.store import Store

    if not selection.tools:
        raise click.UsageError("Which tool is to go out? Name it: --tool get_weather.")
    with Store.open(database, mode="w") as store, Progress("traces") as progress:
        refresher = _refresher(store, selection, writes_of=writes_of, **options)
        found = refresher.run(selection, progress.update)
        if not dry_run:
            refresher.keep(found)
    with hiding(database, reveal=reveal) as hides:
        found = found if hides is None else shown_cassettes(found, hides)
    if as_json:
        terminal.emit_json(refresh_json(found, changed=not dry_run))
    else:
        lines = refresh_lines(found, width=terminal.width(), changed=not dry_run)
        terminal.emit("\n".join(lines))
    return _refreshed(found)


def _refreshed(found: Sequence[RefreshedCall]) -> ExitCode:
    is_good = found and all(one.exchanges is not None for one in found)
    return ExitCode.OK if is_good else ExitCode.NEEDS_A_PERSON


def _refresher(
    store: Store,
    selection: Selection,
    *,
    toolbox: str | None,
    appends: bool,
    real_clock: bool,
    writes_of: Sequence[str],
    paths: Sequence[Path],
    variables: Sequence[str],
    jobs: int,
    deadline_s: float | None,
) -> Refresher:
    from replay.config import load_config
    from replay.replayer import DEADLINE_MS
    from replay.replayer.environment import environment_of
    from replay.replayer.policies import Policies
    from replay.replayer.refreshing import Refresher

    config = load_config()
    toolbox = toolbox_named(toolbox, config)
    _refuse_unknown(writes_of, selection.tools)
    deadline_ms = config.deadline_ms or DEADLINE_MS
    return Refresher(
        store,
        toolbox=toolbox,
        tools=selection.tools,
        appends=appends,
        real_clock=real_clock,
        writes_of=writes_of,
        paths=paths,
        environment=environment_of([*config.env, *variables]),
        jobs=jobs,
        deadline_ms=deadline_ms if deadline_s is None else max(1, round(deadline_s * 1000)),
        allow=config.allow,
        policies=Policies((config.policy,)),
        mask=config.mask,
    )
