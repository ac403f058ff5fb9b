"""`replay schema`: the schemas of tools, recorded and today's."""

from __future__ import annotations

import click

from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place


@click.command(
    cls=LazyGroup,
    places={
        "evidence": Place(
            "replay.cli.schema_evidence", "evidence", "Count what today's tools do to old calls."
        ),
    },
    short_help="Look after tool schemas: versions, changes, evidence.",
    epilog=examples("replay schema evidence traces.db --tools shop.tools:toolbox"),
)
def schema() -> None:
    """Look after tool schemas: what models were shown, what judged their calls, what changed."""
