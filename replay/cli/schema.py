"""`replay schema`: the schemas of tools, recorded and today's, and what changed."""

from __future__ import annotations

import click

from replay.cli.arguments import examples
from replay.cli.lazy import LazyGroup, Place

_EVIDENCE = "replay.cli.schema_evidence"
_PARSERS = "replay.cli.schema_parsers"
_SUGGEST = "replay.cli.schema_suggest"
_TRANSLATIONS = "replay.cli.schema_translations"


@click.command(
    cls=LazyGroup,
    places={
        "list": Place("replay.cli.schema_list", "list_command", "List the schemas of tools."),
        "show": Place("replay.cli.schema_show", "show", "Show one tool's schema."),
        "diff": Place("replay.cli.schema_diff", "diff", "Say how two schemas differ."),
        "check": Place("replay.cli.schema_check", "check", "Say what changed schemas break."),
        "evidence": Place(_EVIDENCE, "evidence", "Count what today's tools do to old calls."),
        "suggest": Place(_SUGGEST, "suggest", "Write a first draft of a translation."),
        "translations": Place(
            _TRANSLATIONS, "translations", "Check translations on captured payloads."
        ),
        "parsers": Place(_PARSERS, "parsers", "Compare two parsers over recorded calls."),
        "lock": Place("replay.cli.schema_lock", "lock", "Write today's schemas down, or check."),
        "export": Place("replay.cli.schema_export", "export", "Write schemas in any dialect."),
    },
    short_help="Look after tool schemas: versions, changes, evidence.",
    epilog=examples(
        "replay schema list traces.db",
        "replay schema check traces.db --tools shop.tools:toolbox",
        "replay schema lock --check",
    ),
)
def schema() -> None:
    """Look after tool schemas: what models were shown, what judged their calls, what changed."""
