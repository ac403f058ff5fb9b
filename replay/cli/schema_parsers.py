"""`replay schema parsers`: two parsers over recorded calls, side by side; nothing is run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.parsers import ParserType, complete_parsers
from replay.cli.selection import selection_options
from replay.cli.tools_options import env_option, path_option, toolbox_named, tools_option
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.records import Selection
    from replay.replayer.questions.two_parsers import ParserName


@click.command(
    short_help="Compare two parsers over recorded calls.",
    epilog=examples(
        "replay schema parsers traces.db --tools shop.tools:toolbox",
        "replay schema parsers traces.db --tools shop.tools:toolbox --parser strict:flexible",
    ),
)
@database_and()
@tools_option
@click.option(
    "--parser",
    type=ParserType(must_be_two=True),
    default="both",
    shell_complete=complete_parsers,
    help="The two to compare, of old, new, strict and flexible. Default: both, which is old:new.",
)
@path_option
@env_option
@selection_options
@json_option
def parsers(
    database: Path,
    selection: Selection,
    toolbox: str | None,
    parser: tuple[ParserName, ParserName],
    paths: Sequence[Path],
    variables: Sequence[str],
    as_json: bool,
) -> int:
    """Show where two parsers disagree about the recorded calls of DATABASE.

    No tool is run. Exit code 1: the second rejects what the first accepts; 2: they disagree
    otherwise; 0: they agree.
    """
    from replay.cli.run import refuse_empty
    from replay.config import load_config
    from replay.replayer import Replayer
    from replay.replayer.environment import environment_of
    from replay.report.parser_text import render_parsers
    from replay.store import Store

    config = load_config()
    toolbox = toolbox_named(toolbox, config)
    with Store.open(database, mode="r") as store:
        refuse_empty(store, database)
        replayer = Replayer(
            store,
            toolbox=toolbox,
            paths=paths,
            environment=environment_of([*config.env, *variables]),
            mask=config.mask,
            versions=config.versions,
        )
        compared = replayer.compare_parsers(selection, parser)
    report = compared.report()
    if as_json:
        terminal.emit_json(report)
    else:
        colored = terminal.colours(sys.stdout)
        terminal.emit(render_parsers(report, width=terminal.width(), color=colored))
    if not report["tools"]:
        return ExitCode.COULD_NOT_RUN
    if compared.rejects:
        return ExitCode.BREAKING
    return ExitCode.NEEDS_A_PERSON if compared.disagreement_count else ExitCode.OK
