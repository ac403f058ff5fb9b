"""`replay schema`: the schemas of tools, recorded and today's."""

from __future__ import annotations

import click

from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place


@click.command(
    cls=LazyGroup,
    places={
        "check": Place("replay.cli.schema_check", "check", "Say what changed schemas break."),
    },
    short_help="Look after tool schemas: versions, changes, evidence.",
    epilog=examples("replay schema check traces.db --tools shop.tools:toolbox"),
)
def schema() -> None:
    """Look after tool schemas: what models were shown, what judged their calls, what changed."""
