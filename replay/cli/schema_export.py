"""`replay schema export`: schemas as files, in the dialect that somebody else reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.schema_names import complete_schema
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode, ReplayError
from replay.records import JsonValue

if TYPE_CHECKING:
    from replay.cli.schema_at_hand import SchemaAtHand
    from replay.store import Store

_FORMS = (
    "json-schema",
    "openai",
    "openai-strict",
    "openai-responses",
    "openai-responses-strict",
    "anthropic",
    "mcp",
)


@click.command(
    short_help="Write schemas in any dialect.",
    epilog=examples(
        "replay schema export traces.db --dialect anthropic > tools.json",
        "replay schema export traces.db --tool create_event@1 --folder schemas/",
        "replay schema export --tools shop.tools:toolbox --dialect mcp",
    ),
)
@database_and(unless="toolbox")
@click.option(
    "--dialect",
    type=click.Choice(_FORMS),
    metavar="DIALECT",  # in brackets, click's way, the names are one word
    default="json-schema",
    show_default=True,
    help="The form of each: its bare JSON Schema, or a definition as a provider takes it: "
    f"{', '.join(_FORMS)}.",
)
@click.option(
    "--tool",
    "tools",
    multiple=True,
    metavar="TOOL[@VERSION]",
    shell_complete=complete_schema,
    help="Only this tool, or this version of it. Default: the newest schema of every tool.",
)
@click.option(
    "--folder",
    metavar="DIRECTORY",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a file for each tool there, instead of one JSON document on stdout.",
)
@toolbox_options("Write today's schemas instead of recorded ones.")
@json_option
def export(
    database: Path | None,
    dialect: str,
    tools: tuple[str, ...],
    folder: Path | None,
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    as_json: bool,
) -> int:
    """Write the schemas of DATABASE, or of today's tools, as JSON.

    A provider's dialect gives an array that its API takes as `tools`; `json-schema` an object of
    schemas by tool. Ends with 2 where a schema has no form in the dialect, and was left out.
    """
    if toolbox is not None:
        found = _todays(toolbox, paths, variables, tools)
    else:
        from replay.store import Store

        assert database is not None
        with Store.open(database, mode="r") as store:
            found = _recorded(store, tools)
    told, left_out = _written_in(found, dialect)
    for one in left_out:
        terminal.say(f"Left out: {one}")
    if not told:
        where = toolbox or str(database)
        raise ReplayError(f"{where} has no schema to write in {dialect}.")
    # A script that takes what it got for all there is must not go on.
    code = ExitCode.NEEDS_A_PERSON if left_out else ExitCode.OK
    if folder is None:
        terminal.emit_json(_document(told, dialect))
        return code
    files = _files(told, folder)
    if as_json:
        terminal.emit_json({"files": [str(file) for file in files]})
    else:
        noun = "file" if len(files) == 1 else "files"
        terminal.say(f"{len(files):,} {noun} in {folder}, in {dialect}.")
    return code


def _recorded(store: Store, tools: Sequence[str]) -> list[SchemaAtHand]:
    from replay.cli.schema_at_hand import recorded, recorded_as

    if tools:
        return [recorded_as(store, tool, None) for tool in tools]
    newest = {}
    for one in sorted(store.schema_registry().schemas, key=lambda one: one.last_seen_at or ""):
        newest[one.tool] = one
    return [recorded(store, newest[tool]) for tool in sorted(newest)]


def _todays(
    toolbox: str, paths: Sequence[Path], variables: Sequence[str], tools: Sequence[str]
) -> list[SchemaAtHand]:
    from replay.cli.schema_at_hand import todays
    from replay.cli.tools_options import described, tools_place

    told = described(tools_place(toolbox, paths, variables))
    running = [tool.name for tool in told.tools if tool.runs and tool.actor == "assistant"]
    return [todays(told, tool, None) for tool in tools or running]


def _written_in(
    found: Sequence[SchemaAtHand], dialect: str
) -> tuple[list[SchemaAtHand], list[str]]:
    """Return the schemas in a dialect, and in words those that have no form in it."""
    told, left_out = [], []
    for one in found:
        try:
            told.append(one.rendered(dialect))
        except ReplayError as error:
            left_out.append(error.wanted)
    return told, left_out


def _document(told: Sequence[SchemaAtHand], dialect: str) -> JsonValue:
    if dialect == "json-schema":
        return {_named(one): one.definition for one in told}
    return [one.definition for one in told]


def _named(one: SchemaAtHand) -> str:
    return f"{one.tool}@{one.version}" if one.version else one.tool


def _files(told: Sequence[SchemaAtHand], folder: Path) -> list[Path]:
    """Write each schema into a file of its own.

    Raises:
        ReplayError: the folder cannot be written.
    """
    files = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in told:
            file = folder / f"{_file_name(_named(one))}.json"
            text = json.dumps(one.definition, indent=2, ensure_ascii=False)
            file.write_text(text + "\n", encoding="utf-8")
            files.append(file)
    except OSError as error:
        raise ReplayError(f"Cannot write below {str(folder)!r}: {error.strerror}.") from error
    return files


def _file_name(name: str) -> str:
    """Return ``name`` as one file's name: what is no letter, digit or ``_-.@`` becomes ``_``."""
    return re.sub(r"[^\w.@-]", "_", name).lstrip(".") or "_"
