"""`replay schema list`: every schema that a model was shown or that judged a call."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.schema_names import complete_dialect, complete_tool, short_id, unknown_name
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.cli.schema_today import Today
    from replay.store.schemas import KnownSchema, Registry


@click.command(
    "list",
    short_help="List the schemas of tools.",
    epilog=examples(
        "replay schema list traces.db",
        "replay schema list traces.db --tool create_event --dialect openai-strict",
        "replay schema list traces.db --tools shop.tools:toolbox",
    ),
)
@database_and()
@click.option(
    "--tool",
    "tools",
    multiple=True,
    metavar="TOOL",
    shell_complete=complete_tool,
    help="Only this tool; `*` stands for anything.",
)
@click.option(
    "--dialect",
    "dialects",
    multiple=True,
    metavar="DIALECT",
    shell_complete=complete_dialect,
    help="Only schemas in this dialect: openai, openai-strict, anthropic, mcp, pydantic, ...",
)
@toolbox_options("Today's tools: list their schemas beside, and say which are new or changed.")
@json_option
def list_command(
    database: Path,
    tools: tuple[str, ...],
    dialects: tuple[str, ...],
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    as_json: bool,
) -> int:
    """List the schemas that DATABASE knows: what models were shown, and what judged their calls."""
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        whole = store.schema_registry()
    known = _chosen(whole, tools, dialects)
    today = None
    if toolbox is not None:
        today = _today(whole, tools, toolbox, paths, variables)
    if as_json:
        terminal.emit_json(_as_json(known, today))
        return ExitCode.OK
    if known.schemas:
        terminal.emit("\n".join(_lines(known.schemas)))
    else:
        terminal.say(_nothing(database, whole, tools, dialects))
    _say_bare(known, database)
    if today is not None:
        _emit_today(today, database, str(toolbox))
    return ExitCode.OK


def _chosen(whole: Registry, tools: Sequence[str], dialects: Sequence[str]) -> Registry:
    """Return what is asked for.

    Raises:
        SelectionError: a tool that is named, and no pattern, is neither registered nor called.
    """
    from replay.store.schemas import Registry

    names = {one.tool for one in whole.schemas} | set(whole.bare_calls)
    for tool in tools:
        if names and not any(fnmatchcase(name, tool) for name in names):
            raise unknown_name(tool, sorted(names), "The database")

    def is_wanted(name: str) -> bool:
        return not tools or any(fnmatchcase(name, tool) for tool in tools)

    schemas = [
        one
        for one in whole.schemas
        if is_wanted(one.tool) and (not dialects or one.dialect in dialects)
    ]
    bare = {} if dialects else {t: n for t, n in whole.bare_calls.items() if is_wanted(t)}
    return Registry(schemas, bare)


def _lines(schemas: Sequence[KnownSchema]) -> list[str]:
    from replay.cli.table import Column, table_lines

    has_versions = any(one.versions for one in schemas)
    columns = [
        Column("TOOL", flexible=True, width_min=36),
        *([Column("VERSION")] if has_versions else []),
        Column("DIALECT"),
        Column("ROLE"),
        Column("FIRST SEEN", left_out=3),
        Column("LAST SEEN", left_out=2),
        Column("TRACES", right=True, left_out=1),
        Column("CALLS", right=True),
        Column("SCHEMA"),
    ]
    rows = []
    for one in schemas:
        versions = [", ".join(one.versions) or "-"] if has_versions else []
        seen = [(moment or "-")[:10] for moment in (one.first_seen_at, one.last_seen_at)]
        counts = [f"{one.trace_count:,}", f"{one.call_count:,}"]
        rows.append(
            [one.tool, *versions, one.dialect, role_words(one), *seen, *counts, short_id(one.id)]
        )
    return table_lines(columns, rows, width=terminal.width())


def role_words(one: KnownSchema) -> str:
    """Return a schema's roles in one word: what validates is what the code says, too."""
    roles = [role for role in one.roles if role != "source"]
    return "+".join(roles)


def _nothing(database: Path, whole: Registry, tools: Sequence[str], dialects: Sequence[str]) -> str:
    named = terminal.typed(database)
    if whole.schemas:
        of = f" of {', '.join(tools)}" if tools else ""
        if not dialects:
            return f"{database} has no schema{of}."
        there = ", ".join(sorted({one.dialect for one in whole.schemas}))
        which = " or ".join(dialects)
        return f"{database} has no schema{of} in the dialect {which}. It has {there}."
    if whole.bare_calls:
        return (
            f"{database} has no schemas: its traces were recorded without the tools' definitions."
        )
    return (
        f"{database} has no schemas yet. They come with what is recorded or imported:\n"
        f"  replay import {named} transcripts.jsonl"
    )


def _say_bare(known: Registry, database: Path) -> None:
    if not known.bare_calls:
        return
    from replay.report.ink import count, wrap

    calls = count(sum(known.bare_calls.values()), "call")
    names = sorted(known.bare_calls, key=lambda name: -known.bare_calls[name])
    some = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    said = (
        f"No schema is known of {calls} to {count(len(names), 'tool')}: {some}. No prompt showed "
        "these to the model that made the calls: a simulated user has tools of its own, models "
        "invent some, and some files leave the tools out."
    )
    terminal.say("\n".join(["", *wrap(said, terminal.width(), hang="")]))


def _today(
    whole: Registry,
    tools: Sequence[str],
    toolbox: str,
    paths: Sequence[Path],
    variables: Sequence[str],
) -> list[Today]:
    from replay.cli.schema_today import compared
    from replay.cli.tools_options import described, tools_place

    found = compared(described(tools_place(toolbox, paths, variables)).tools, whole)
    return [
        one
        for one in found
        if not tools or any(fnmatchcase(one.tool, pattern) for pattern in tools)
    ]


def _emit_today(today: Sequence[Today], database: Path, toolbox: str) -> None:
    from replay.cli.table import Column, table_lines

    columns = [
        Column("TODAY", flexible=True, width_min=12),
        Column("VERSION"),
        Column("SCHEMA"),
        Column("IS", flexible=True, width_min=20),
        Column("WHERE", flexible=True, width_min=12, left_out=1),
    ]
    rows = [
        [one.tool, one.version or "-", short_id(one.id), one.said, one.place or "-"]
        for one in today
    ]
    terminal.emit("\n" + "\n".join(table_lines(columns, rows, width=terminal.width())))
    changed = [one.tool for one in today if one.status == "changed"]
    if changed:
        words = ["replay", "schema", "diff", str(database), changed[0], "--tools", toolbox]
        terminal.say(f"\nWhat changed: {shlex.join(words)}")


def _as_json(known: Registry, today: Sequence[Today] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "schemas": [asdict(one) for one in known.schemas],
        "calls_without_schema": known.bare_calls,
    }
    if today is not None:
        told["today"] = [asdict(one) for one in today]
    return told
