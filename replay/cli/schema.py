"""`replay schema`: the schemas of tools, their versions, and what reads their arguments."""

from __future__ import annotations

import click

from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place


@click.command(
    cls=LazyGroup,
    places={
        "parsers": Place(
            "replay.cli.schema_parsers", "parsers", "Compare two parsers over recorded calls."
        ),
    },
    short_help="Look after tool schemas: versions, changes, evidence.",
    epilog=examples("replay schema parsers traces.db --tools shop.tools:toolbox"),
)
def schema() -> None:
    """Look after tool schemas: versions, changes, and what recorded calls say of them."""
