"""`replay schema check`: what a change of the tools' schemas does to payloads and to models."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import examples, json_option
from replay.cli.tools_options import env_option, path_option, tools_option

if TYPE_CHECKING:
    from replay.compatibility.changes import Evidence, SchemaChange
    from replay.errors import ExitCode
    from replay.evidence.schema_changes import OldSides
    from replay.records import Selection
    from replay.replayer.questions.asking import Asking, DescribedToolbox
    from replay.replayer.written_for import WrittenFor
    from replay.store import Store


def _complete_rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from replay.compatibility.rules import RULES

    return [name for name in RULES if name.startswith(incomplete.upper())]


@click.command(
    short_help="Say what changed schemas break.",
    epilog=examples(
        "replay schema check traces.db --tools shop.tools:toolbox",
        "replay schema check --against git:main",
        "replay schema check --against lock --json",
        "replay schema check --against tools.json --provider openai-strict",
    ),
)
@click.argument(
    "database",
    required=False,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="[DATABASE]",
)
@tools_option
@click.option(
    "--against",
    metavar="lock|traces|git:REF|FILE|MODULE:TOOLBOX",
    help="The old schemas: the lock, those that models were shown in DATABASE, those of a commit, "
    "of a JSON file of tool definitions, of another toolbox. Default: traces with a DATABASE, else "
    "the lock, if there is one. Captured calls are counted in DATABASE, or in `database` of "
    "[tool.replay].",
)
@path_option
@env_option
@click.option(
    "--tool", "tools", multiple=True, metavar="NAME", help="Only these tools; `*` is anything."
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME",
    shell_complete=_complete_rules,
    help="Only changes of this rule; `*` is anything. docs/compatibility.md has them all.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(["openai", "openai-strict", "anthropic", "anthropic-strict", "mcp"]),
    help="Say all that this provider rejects or rewrites of today's tools, not only what is new.",
)
@click.option("--all", "show_all", is_flag=True, help="Show safe changes one by one, too.")
@json_option
def check(
    database: Path | None,
    toolbox: str | None,
    against: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    tools: tuple[str, ...],
    rules: tuple[str, ...],
    providers: tuple[str, ...],
    show_all: bool,
    as_json: bool,
) -> ExitCode:
    """Compare today's schemas with older ones: every difference by the rule that names it.

    Each has two verdicts: what it does to payloads that models have already written, and whether
    models will see it. Exit codes: 0 nothing, or all safe; 1 captured payloads break; 2 they may,
    or mean something else, or a provider rejects a schema; 3 could not run.
    """
    from replay.cli.schema_sides import old_sides
    from replay.cli.tools_options import tools_place
    from replay.config import load_config
    from replay.replayer.questions.asking import Asking
    from replay.report.schema_changes import changes_json, exit_code, render_changes

    _refuse_unknown(rules, "--rule")
    _refuse_unknown([one.rule for one in load_config().schemas.ignore], "[tool.replay.schema]")
    database, against = _what(database, against)
    place = tools_place(toolbox, paths, variables)
    with old_sides(against, place, database) as old, Asking(place) as asking:
        found, evidence = _found(database, old, asking, providers=providers)
        changes, ignored = _asked_for(found, tools=tools, rules=rules)
    left_out = [one for one in found if one not in changes]
    evidence = [
        one
        for one in evidence
        if one.change not in left_out and _is_asked_for(one.change, tools, rules)
    ]
    changes = _with_what_calls_show(changes, evidence)
    shown: dict[str, Any] = {
        "against": old.named,
        "places": _places(asking.toolbox),
        "evidence": evidence,
        "ignored_count": ignored,
    }
    if as_json:
        terminal.emit_json(changes_json(changes, **shown))
    else:
        colored = terminal.colours(sys.stdout)
        look: dict[str, Any] = {"show_all": show_all, "width": terminal.width(), "color": colored}
        terminal.emit(render_changes(changes, **shown, **look))
    return exit_code(changes, evidence)


def _what(database: Path | None, against: str | None) -> tuple[Path | None, str]:
    """Return the database and what to compare with, from what was given of them.

    Raises:
        click.UsageError: traces are asked for, and there is no database.
    """
    from replay.cli.arguments import default_database
    from replay.cli.schema_sides import lock_file
    from replay.config import load_config

    if against is None and database is None:
        against = "lock" if lock_file().is_file() else "traces"
    against = against or "traces"
    if against == "traces" and database is None:
        database = default_database()
    if database is None and (named := load_config().database_path) and named.is_file():
        database = named  # what its calls show counts, whatever is compared with
    return database, against


def _found(
    database: Path | None, old: OldSides, asking: Asking, *, providers: Sequence[str]
) -> tuple[list[SchemaChange], list[Evidence]]:
    """Return every change, and what captured calls say of it where a database is named."""
    from replay.config import load_config
    from replay.replayer.older_calls import versions_of_calls
    from replay.store import Store

    if database is None:
        return _all_changes(old, asking.toolbox, providers=providers), []
    with Store.open(database, mode="r") as store:
        written_for = versions_of_calls(store, asking.toolbox, load_config().versions)
        found = _all_changes(old, asking.toolbox, written_for, providers=providers)
        return found, _evidence(store, found, asking, old, written_for)


def _all_changes(
    old: OldSides,
    today: DescribedToolbox,
    written_for: WrittenFor | None = None,
    *,
    providers: Sequence[str],
) -> list[SchemaChange]:
    from replay.compatibility.sides import described_side, limits_of_sides
    from replay.evidence.schema_changes import changes_between

    found = changes_between(old, today, written_for)
    if providers:
        told = {(one.tool, one.path, one.said) for one in found}
        limits = limits_of_sides([described_side(tool) for tool in today.tools], providers)
        found += [one for one in limits if (one.tool, one.path, one.said) not in told]
    return found


def _asked_for(
    found: Sequence[SchemaChange], *, tools: Sequence[str], rules: Sequence[str]
) -> tuple[list[SchemaChange], int]:
    """Return the changes that are asked for, and how many the configuration ignores."""
    from replay.config import load_config

    wanted = [one for one in found if _is_asked_for(one, tools, rules)]
    ignore = load_config().schemas.ignore
    kept = [
        one
        for one in wanted
        if not any(rule.covers(one.rule, one.tool, one.path) for rule in ignore)
    ]
    return kept, len(wanted) - len(kept)


def _is_asked_for(change: SchemaChange, tools: Sequence[str], rules: Sequence[str]) -> bool:
    from fnmatch import fnmatchcase

    return (not tools or any(fnmatchcase(change.tool, name) for name in tools)) and (
        not rules or any(fnmatchcase(change.rule, name.upper()) for name in rules)
    )


def _refuse_unknown(rules: Sequence[str], where: str) -> None:
    """Refuse a rule that there is not: nothing would ever be of it.

    Raises:
        SelectionError: it names the nearest that there is.
    """
    from difflib import get_close_matches
    from fnmatch import filter as matching

    from replay.compatibility.rules import RULES
    from replay.errors import SelectionError

    for name in rules:
        if not matching(RULES, name.upper()):
            raise SelectionError(
                f"{where} {name!r}: there is no such rule.",
                nearest=next(iter(get_close_matches(name.upper(), RULES, 1)), None),
                hint="docs/compatibility.md has all of them.",
            )


def _evidence(
    store: Store,
    changes: Sequence[SchemaChange],
    asking: Asking,
    old: OldSides,
    written_for: WrittenFor,
) -> list[Evidence]:
    """Return what captured calls say of each change; none where there are no calls.

    Where no call shows a change, a payload that does is looked for, if hypothesis is here.
    """
    from replay.cli.progress import Progress
    from replay.evidence import evidence_for
    from replay.evidence.generating import is_installed
    from replay.evidence.old_side import old_side
    from replay.evidence.schema_changes import OfVersions
    from replay.evidence.witnesses import add_witnesses

    side = old_side(old)
    selection = _of_this_agent(store, old.foreign(asking.toolbox))
    with Progress("calls") as progress:
        counted = evidence_for(
            store,
            selection,
            changes,
            asking,
            old=old.asking,
            old_parameters=side.parameters,
            written_for=written_for,
            of_versions=OfVersions(old, asking.toolbox, written_for),
            on_progress=progress.update,
        )
    if is_installed():
        with Progress("witnesses") as progress:
            add_witnesses(store, selection, counted, asking, side, on_progress=progress.update)
    return [one for tool in counted for one in tool.evidence]


def _of_this_agent(store: Store, foreign: set[str]) -> Selection:
    """Return the calls of all tools but another agent's, as `replay schema evidence` takes them."""
    from replay.records import Selection

    if not foreign:
        return Selection()
    return Selection(tools=sorted({row.tool for row in store.tools()} - foreign))


def _with_what_calls_show(
    changes: Sequence[SchemaChange], evidence: Sequence[Evidence]
) -> list[SchemaChange]:
    """Return the changes with those that no schema tells, and that captured calls are hit by."""
    known = {(one.tool, one.rule, one.path, one.said) for one in changes}
    shown = [one.change for one in evidence if one.breaks or one.silent or one.reported]
    unknown = [one for one in shown if (one.tool, one.rule, one.path, one.said) not in known]
    return [*changes, *unknown]


def _places(today: DescribedToolbox) -> dict[str, tuple[str | None, int | None]]:
    here = os.getcwd()
    return {
        tool.name: (_shown_file(tool.file, here), tool.line) for tool in today.tools if tool.runs
    }


def _shown_file(file: str | None, here: str) -> str | None:
    if file is None:
        return None
    return os.path.relpath(file, here) if file.startswith(here + os.sep) else file
