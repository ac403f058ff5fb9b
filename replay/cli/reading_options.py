"""The options that say how recorded calls are replayed and read: of `replay run`, and of bisect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from replay.cli.arguments import complete_policies
from replay.cli.parsers import ParserType, complete_parsers

_OPTIONS = (
    click.option(
        "--policy",
        "policies",
        multiple=True,
        metavar="TOOL=POLICY",
        shell_complete=complete_policies,
        help="How this tool is replayed: cassette, recorded (its answers stand, it is not run), "
        "live (it really goes out), or refuse. `*` in TOOL stands for anything, but for live.",
    ),
    click.option(
        "--version-of",
        "versions",
        multiple=True,
        metavar="TOOL=VERSION",
        help="The version that calls of this tool were written for, where they were recorded "
        "without one. Default: the one whose schema the model was shown.",
    ),
    click.option(
        "--parser",
        type=ParserType(),
        shell_complete=complete_parsers,
        help="Who reads the arguments: old (the version that was recorded), new (the one "
        "registered last), strict or flexible (whom the toolbox chooses, read so). Two are "
        "compared, and the second runs: both (is old:new), strict:flexible. Default: whom the "
        "toolbox chooses.",
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` these options, as `replay.cli.run.replayer_of` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
