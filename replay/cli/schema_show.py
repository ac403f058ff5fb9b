"""`replay schema show`: one tool's schema, as parameters and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import database_and, examples, json_option
from replay.cli.schema_names import complete_dialect, complete_schema
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode
from replay.report.ink import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from replay.cli.schema_at_hand import SchemaAtHand
    from replay.compatibility.type_words import Parameter

_TRACES_SHOWN = 3
_TRACES_IN_JSON = 100


@click.command(
    short_help="Show one tool's schema.",
    epilog=examples(
        "replay schema show traces.db create_event",
        "replay schema show traces.db create_event@1 --dialect anthropic",
        "replay schema show create_event --tools shop.tools:toolbox",
    ),
)
@database_and("tool", complete=complete_schema, unless="toolbox")
@click.option(
    "--dialect",
    metavar="DIALECT",
    shell_complete=complete_dialect,
    help="The schema that was shown in this dialect; else the newest, written in it.",
)
@toolbox_options("Show today's schema of the tool instead of a recorded one.")
@json_option
def show(
    database: Path | None,
    tool: str,
    dialect: str | None,
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show the schema of TOOL: its parameters as a table, then the definition as JSON.

    TOOL may go on with a version or the beginning of a schema's hash: `create_event@2`. Without one
    it is the schema that was seen last.
    """
    if toolbox is not None:
        from replay.cli.schema_at_hand import todays
        from replay.cli.tools_options import described, tools_place

        at_hand = todays(described(tools_place(toolbox, paths, variables)), tool, dialect)
        _emit(at_hand, [], [], as_json=as_json)
        return ExitCode.OK
    from replay.cli.schema_at_hand import recorded_as
    from replay.cli.schema_names import named_schemas, short_id
    from replay.store import Store

    assert database is not None
    with Store.open(database, mode="r") as store:
        at_hand = recorded_as(store, tool, dialect)
        assert at_hand.known is not None
        limit = _TRACES_IN_JSON if as_json else _TRACES_SHOWN
        traces = [one.id for one in store.schema_traces(at_hand.known.id, limit=limit)]
        others = [one for one in named_schemas(store, tool) if one.id != at_hand.known.id]
    more = [f"{short_id(one.id)} ({one.dialect})" for one in others]
    _emit(at_hand, traces, more, as_json=as_json)
    return ExitCode.OK


def _emit(
    at_hand: SchemaAtHand, traces: Sequence[str], others: Sequence[str], *, as_json: bool
) -> None:
    from replay.compatibility.type_words import parameters_in

    schema = at_hand.parameters
    parameters = [] if schema is None else parameters_in(schema)
    if as_json:
        terminal.emit_json(_as_json(at_hand, parameters, traces))
        return
    lines = _head(at_hand, traces)
    lines += ["", *_table(at_hand, parameters), ""]
    from replay.report.schema_text import json_lines

    terminal.emit("\n".join([*lines, *json_lines(at_hand.definition)]))
    if others:
        some = ", ".join(others[:4]) + (", ..." if len(others) > 4 else "")
        terminal.say(f"\nAlso recorded of {at_hand.tool}: {some}.")


def _head(at_hand: SchemaAtHand, traces: Sequence[str]) -> list[str]:
    from replay.report.ink import wrap

    width = terminal.width()
    version = f" version {at_hand.version}" if at_hand.version else ""
    lines = [f"{at_hand.tool}{version}: {at_hand.dialect}, {at_hand.said}"]
    if at_hand.description:
        lines += wrap(at_hand.description, width, indent="  ", hang="")
    facts = _facts(at_hand)
    if traces and at_hand.known is not None:
        left = at_hand.known.trace_count - len(traces)
        facts.append(
            f"in {', '.join(traces)}" + (f" and {count(left, 'trace')} more" if left else "")
        )
    return lines + [line for fact in facts for line in wrap(fact, width, indent="  ", hang="  ")]


def _facts(at_hand: SchemaAtHand) -> list[str]:
    from replay.report.ink import count

    known, tool = at_hand.known, at_hand.described
    if known is not None:
        seen = f"{(known.first_seen_at or '-')[:10]} to {(known.last_seen_at or '-')[:10]}"
        counts = [
            count(known.trace_count, "trace"),
            count(known.model_call_count, "model call"),
            count(known.call_count, "call"),
        ]
        return [f"{', '.join(known.roles)}: {seen}, {', '.join(counts)}"]
    assert tool is not None
    by = "the given schema" if tool.is_given else "pydantic" + (", strict" if tool.strict else "")
    what = "refused" if tool.gates else "reported, and run"
    return [f"validated by {by}; what does not fit is {what}"]


def _table(at_hand: SchemaAtHand, parameters: Sequence[Parameter]) -> list[str]:
    from replay.report.schema_text import parameter_lines

    if at_hand.parameters is None:
        return [f"No JSON Schema: a definition in {at_hand.dialect!r} has none."]
    return parameter_lines(parameters, width=terminal.width())


def _as_json(
    at_hand: SchemaAtHand, parameters: Sequence[Parameter], traces: Sequence[str]
) -> dict[str, Any]:
    known, tool = at_hand.known, at_hand.described
    return {
        "tool": at_hand.tool,
        "version": at_hand.version,
        "dialect": at_hand.dialect,
        "definition": at_hand.definition,
        "parameters": [asdict(one) for one in parameters],
        "recorded": None if known is None else {**asdict(known), "traces": list(traces)},
        "today": None if tool is None else {"file": tool.file, "line": tool.line},
    }
