"""`replay schema`: what tools are shown as, what changed, and what that does to old calls."""

from __future__ import annotations

import click

from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place

_SUGGEST = "replay.cli.schema_suggest"
_TRANSLATIONS = "replay.cli.schema_translations"


@click.command(
    cls=LazyGroup,
    places={
        "translations": Place(
            _TRANSLATIONS, "translations", "Check translations on captured payloads."
        ),
        "suggest": Place(_SUGGEST, "suggest", "Write a first draft of a translation."),
    },
    short_help="Look after tool schemas: versions, changes, evidence.",
    epilog=examples("replay schema suggest create_event 1 2 --tools shop.tools:toolbox"),
)
def schema() -> None:
    """Look after tool schemas: their versions, what changed, what it does to recorded calls."""
