"""`replay schema diff`: how two schemas of a tool differ, in words and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.schema_names import complete_dialect, complete_schema
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.cli.schema_at_hand import SchemaAtHand
    from replay.compatibility.changes import SchemaChange
    from replay.compatibility.sides import Side
    from replay.replayer.questions.asking import DescribedToolbox
    from replay.store import Store
    from replay.store.schemas import KnownSchema


@click.command(
    short_help="Say how two schemas differ.",
    epilog=examples(
        "replay schema diff traces.db create_event@1 create_event@2",
        "replay schema diff traces.db create_event",
        "replay schema diff traces.db create_event --tools shop.tools:toolbox",
    ),
)
@database_and("old", optional=("new",), complete=complete_schema, unless="toolbox")
@click.option(
    "--dialect",
    metavar="DIALECT",
    shell_complete=complete_dialect,
    help="Compare what was shown in this dialect.",
)
@toolbox_options("Compare with today's schema of the tool.")
@json_option
def diff(
    database: Path | None,
    old: str,
    new: str | None,
    dialect: str | None,
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    as_json: bool,
) -> int:
    """Say how the schema NEW of a tool differs from OLD: in words, then as a diff of the JSON.

    Each is TOOL, TOOL@VERSION, TOOL@HASH or the beginning of a schema's hash; NEW may be a version
    alone. Without NEW the two newest recorded schemas of the tool are compared; with --tools the
    recorded one with today's.
    """
    from contextlib import nullcontext

    from replay.cli.tools_options import described, tools_place
    from replay.store import Store

    today = described(tools_place(toolbox, paths, variables)) if toolbox is not None else None
    opened = nullcontext() if database is None else Store.open(database, mode="r")
    with opened as store:
        pair = _pair(store, today, old, new, dialect)
    _emit(*pair, as_json=as_json)
    return ExitCode.OK


def _pair(
    store: Store | None,
    today: DescribedToolbox | None,
    old: str,
    new: str | None,
    dialect: str | None,
) -> tuple[SchemaAtHand, SchemaAtHand]:
    """Return the two schemas that are meant.

    Raises:
        SelectionError: one of them does not exist, or there is only one.
    """
    if today is None:
        assert store is not None
        if new is None:
            return _two_newest(store, old, dialect)
        return _recorded_pair(store, old, _whole(store, old, new), dialect)
    from replay.cli.schema_at_hand import recorded_as, todays

    wanted = _with_tool(old, new) if new is not None else _today_of(store, old)
    if store is None or (new is not None and not _is_recorded(store, old)):
        return todays(today, old, dialect), todays(today, wanted, dialect)
    before = recorded_as(store, old, dialect)
    return before, todays(today, wanted, before.dialect if dialect is None else dialect)


def _two_newest(store: Store, tool: str, dialect: str | None) -> tuple[SchemaAtHand, SchemaAtHand]:
    from replay.cli.schema_at_hand import recorded
    from replay.cli.schema_names import named_schemas

    found = [one for one in named_schemas(store, tool) if dialect in (None, one.dialect)]
    newest = found[0] if found else None
    older = [one for one in found[1:] if newest is not None and one.dialect == newest.dialect]
    if newest is None or not older:
        in_dialect = f" in {dialect}" if dialect else ""
        raise SelectionError(
            f"One schema of {tool!r} is recorded{in_dialect}: there is nothing to compare it with."
            if newest is not None
            else f"No schema of {tool!r} is recorded{in_dialect}.",
            hint="Compare it with today's: --tools package.module:toolbox.",
        )
    return recorded(store, older[0]), recorded(store, newest)


def _recorded_pair(
    store: Store, old: str, new: str, dialect: str | None
) -> tuple[SchemaAtHand, SchemaAtHand]:
    """Return the newest two in one dialect, where there are such; else both as they are."""
    from replay.cli.schema_at_hand import recorded, recorded_as
    from replay.cli.schema_names import named_schemas

    if dialect is not None:
        return recorded_as(store, old, dialect), recorded_as(store, new, dialect)
    before, after = named_schemas(store, old), named_schemas(store, new)
    for one in before:
        same = [other for other in after if other.dialect == one.dialect]
        if same:
            return recorded(store, one), recorded(store, same[0])
    return recorded(store, before[0]), recorded(store, after[0])


def _whole(store: Store, old: str, new: str) -> str:
    """Return ``new`` as a reference: a version alone is one of ``old``'s tool."""
    from replay.cli.schema_names import named_schemas

    if "@" in new:
        return new
    try:
        named_schemas(store, new)
    except SelectionError:
        return f"{_tool_of(named_schemas(store, old))}@{new}"
    return new


def _tool_of(schemas: list[KnownSchema]) -> str:
    return schemas[0].tool


def _with_tool(old: str, new: str) -> str:
    from replay.cli.schema_names import split_reference

    return new if "@" in new or new == old else f"{split_reference(old)[0]}@{new}"


def _today_of(store: Store | None, old: str) -> str:
    """Return the tool of a recorded schema, as today's toolbox is asked for it."""
    from replay.cli.schema_names import named_schemas, split_reference

    return split_reference(old)[0] if store is None else named_schemas(store, old)[0].tool


def _is_recorded(store: Store, reference: str) -> bool:
    from replay.cli.schema_names import named_schemas

    try:
        named_schemas(store, reference)
    except SelectionError:
        return False
    return True


def _emit(old: SchemaAtHand, new: SchemaAtHand, *, as_json: bool) -> None:
    from replay.report.schema_text import json_difference

    changes = differences(old, new)
    is_same_form = old.dialect == new.dialect
    texts = (old.definition, new.definition) if is_same_form else (old.parameters, new.parameters)
    lines = json_difference(texts[0], texts[1], (old.said, new.said))
    if as_json:
        terminal.emit_json(_as_json(old, new, changes, lines))
        return
    terminal.emit("\n".join(_text(old, new, changes, lines)))


def differences(old: SchemaAtHand, new: SchemaAtHand) -> list[SchemaChange]:
    """Return the differences of two schemas by the rules that name them, as a check does.

    Raises:
        SelectionError: one of them has no JSON Schema.
    """
    from replay.compatibility.sides import compare_pair

    for one in (old, new):
        if one.parameters is None:
            raise SelectionError(
                f"The schema of {one.tool!r} ({one.said}) is told by its type alone.",
                hint=f"A definition in {one.dialect!r} has no JSON Schema to compare.",
            )
    return compare_pair(_side(old), _side(new))


def _side(one: SchemaAtHand) -> Side:
    from replay.cli.schema_at_hand import BARE
    from replay.compatibility.sides import Side, described_side, shown_side
    from replay.compatibility.tools import ToolVersion

    if one.described is not None:
        return described_side(one.described)
    if one.dialect == BARE or not isinstance(one.definition, dict):
        tool = ToolVersion(one.tool, one.parameters, one.description, version=one.version)
        return Side(tool, says_result=False)
    return shown_side(one.definition, one.dialect)


def _text(
    old: SchemaAtHand, new: SchemaAtHand, changes: list[SchemaChange], lines: list[str]
) -> list[str]:
    from replay.report.ink import count, wrap
    from replay.report.schema_text import change_lines, folded_diff

    width = terminal.width()
    head = [f"{_named(old)}: {old.dialect}, {old.said}{_seen(old)}"]
    head += [f"{_named(new)}: {new.dialect}, {new.said}{_seen(new)}", ""]
    if not changes and not lines:
        return [*head, "They are the same."]
    said = count(len(changes), "difference") if changes else "Same meaning, written otherwise:"
    told = [*head, said, *change_lines(changes, width=width)]
    if old.dialect != new.dialect:
        note = f"One is {old.dialect}, the other {new.dialect}: their arguments are compared."
        told += wrap(note, width, hang="")
    return [*told, "", *folded_diff(lines, width=width)]


def _named(one: SchemaAtHand) -> str:
    return f"{one.tool}@{one.version}" if one.version else one.tool


def _seen(one: SchemaAtHand) -> str:
    if one.known is None or one.known.first_seen_at is None:
        return ""
    return f", {one.known.first_seen_at[:10]} to {(one.known.last_seen_at or '-')[:10]}"


def _as_json(
    old: SchemaAtHand, new: SchemaAtHand, changes: list[SchemaChange], lines: list[str]
) -> dict[str, Any]:
    def side(one: SchemaAtHand) -> dict[str, Any]:
        return {
            "tool": one.tool,
            "version": one.version,
            "dialect": one.dialect,
            "recorded": None if one.known is None else one.known.id,
            "definition": one.definition,
        }

    return {
        "old": side(old),
        "new": side(new),
        "changes": [asdict(one) for one in changes],
        "diff": lines,
    }
