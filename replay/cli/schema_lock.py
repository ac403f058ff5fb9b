"""`replay schema lock`: today's schemas in a reviewed file, and a check for CI."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.cli import terminal
from replay.cli.arguments import examples, json_option
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode

if TYPE_CHECKING:
    from replay.compatibility.lock import Lock
    from replay.compatibility.lock_check import Drifted
    from replay.replayer.questions.asking import DescribedTool


@click.command(
    short_help="Write today's schemas down, or check.",
    epilog=examples(
        "replay schema lock --tools shop.tools:toolbox",
        "replay schema lock --check",
    ),
)
@toolbox_options("Today's tools. Default: `tools` of [tool.replay], else those of the lock.")
@click.option(
    "--file",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The lock. Default: `schema_lock` of [tool.replay], else replay-schemas.lock.json.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing; end with 1 where a schema changed and its version did not.",
)
@json_option
def lock(
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    file: Path | None,
    check: bool,
    as_json: bool,
) -> int:
    """Write the schemas of today's tools into a file to be reviewed and committed.

    It holds every version of every tool: what the code says (source), what models are shown, and
    how arguments are judged (validator). With --check nothing is written: CI fails where one of
    them changed and the version did not.
    """
    from replay.cli.schema_sides import lock_file
    from replay.cli.tools_options import described, tools_place
    from replay.compatibility.lock import lock_of, read_lock
    from replay.compatibility.lock_check import drifted

    place_of_lock = file or lock_file()
    there = check or place_of_lock.exists()
    before = read_lock(place_of_lock) if there else None
    named = toolbox or (_tools_named(before) if before is not None else None)
    place = tools_place(named, paths, variables)
    tools = described(place).tools
    today = lock_of(place.toolbox, tools)
    found = drifted(before, today) if before is not None else []
    if check:
        return _checked(found, today, tools, place_of_lock, as_json=as_json)
    return _written(found, today, before, place_of_lock, as_json=as_json)


def _tools_named(before: Lock) -> str | None:
    """Return the toolbox that the lock names, where the configuration names none."""
    from replay.config import load_config

    return None if load_config().tools else before.toolbox or None


# -- writing --------------------------------------------------------------------------------------


def _written(
    found: Sequence[Drifted], today: Lock, before: Lock | None, file: Path, *, as_json: bool
) -> int:
    from replay.compatibility.lock import lock_text, write_lock

    text = lock_text(today)
    is_same = before is not None and file.read_text(encoding="utf-8") == text
    if not is_same:
        write_lock(file, today)
    if as_json:
        terminal.emit_json(
            {
                "file": str(file),
                "changed": not is_same,
                "tools": [_named(one) for one in today.tools],
                "drift": [_drift_json(one, today) for one in found],
            }
        )
        return ExitCode.OK
    tools = _count_words(today)
    if is_same:
        terminal.say(f"{file} is up to date: {tools}.")
        return ExitCode.OK
    lines = _drift_lines(found, {}, is_check=False)
    if lines:
        terminal.emit("\n".join(lines) + "\n")
    terminal.say(f"{file} holds {tools} of {today.toolbox}.\nCommit it with the change.")
    return ExitCode.OK


def _count_words(today: Lock) -> str:
    from replay.report.ink import count

    names = {(one.actor, one.tool) for one in today.tools}
    versions = len(today.tools)
    said = count(len(names), "tool")
    return said if versions == len(names) else f"{said} in {count(versions, 'version')}"


# -- checking -------------------------------------------------------------------------------------


def _checked(
    found: Sequence[Drifted],
    today: Lock,
    tools: Sequence[DescribedTool],
    file: Path,
    *,
    as_json: bool,
) -> int:
    from replay.cli.schema_today import place_words

    places = {(str(tool.actor), tool.name, tool.version): place_words(tool) or "" for tool in tools}
    fails = any(one.fails for one in found)
    code = ExitCode.BREAKING if fails else ExitCode.OK
    if as_json:
        drift = [
            {**_drift_json(one, today), "place": places.get((one.actor, one.tool, one.version))}
            for one in found
        ]
        terminal.emit_json({"file": str(file), "exit_code": int(code), "drift": drift})
        return code
    lines = _drift_lines(found, places, is_check=True)
    if lines:
        terminal.emit("\n".join(lines))
        terminal.flush()
    terminal.say("\n".join(_end_lines(found, today, file)))
    return code


def _end_lines(found: Sequence[Drifted], today: Lock, file: Path) -> list[str]:
    relock = _relock(file, today)
    if not found:
        return [f"{file}: {_count_words(today)}, all as locked."]
    if any(one.fails for one in found):
        return [
            "",
            f"{file} does not fit. Give what changed a new version, or lock it as it is now:",
            f"  {relock}",
        ]
    return ["", f"{file} fits, and is not up to date:", f"  {relock}"]


def _relock(file: Path, today: Lock) -> str:
    from replay.cli.schema_sides import lock_file
    from replay.config import load_config

    words = ["replay", "schema", "lock"]
    if load_config().tools != today.toolbox:
        words += ["--tools", today.toolbox]
    if file != lock_file():
        words += ["--file", str(file)]
    return shlex.join(words)


def _drift_lines(
    found: Sequence[Drifted], places: dict[tuple[str, str, str | None], str], *, is_check: bool
) -> list[str]:
    from replay.report.schema_text import change_lines

    width = terminal.width()
    lines: list[str] = []
    for one in found:
        place = places.get((one.actor, one.tool, one.version))
        sign = "✗" if one.fails and is_check else "·"
        lines.append(f"{sign} {_said(one)}")
        if place:
            lines.append(f"  {place}")
        lines += change_lines(one.changes, width=width, indent="    ")
        if one.fails and is_check:
            lines += _what_to_do(one, [version for _, tool, version in places if tool == one.tool])
    return lines


def _said(one: Drifted) -> str:
    from replay.compatibility.lock_check import Drift

    version = f" version {one.version}" if one.version is not None else ""
    against = f", after {one.against}" if one.against else ""
    return {
        Drift.CHANGED: f"{one.tool}{version}: changed, and its version did not",
        Drift.REMOVED: f"{one.tool}{version}: locked, and no longer in the toolbox",
        Drift.NEW_VERSION: f"{one.tool}{version}: a new version{against}, not locked yet",
        Drift.ADDED: f"{one.tool}{version}: a new tool, not locked yet",
        Drift.VERSION_GONE: f"{one.tool}{version}: locked, and no longer there; another version is",
    }[one.drift]


def _what_to_do(one: Drifted, versions: Sequence[str | None]) -> list[str]:
    from replay.compatibility.lock_check import Drift
    from replay.store.schemas import version_order

    if one.drift is not Drift.CHANGED:
        return []
    highest = max(versions, key=version_order, default=one.version)
    return [f'  If it is meant: @toolbox.tool(version="{next_version(highest)}")']


def next_version(version: str | None) -> str:
    """Return the version after ``version``: its last number one higher; ``2`` after none."""
    if version is None:
        return "2"
    head, _, last = version.rpartition(".")
    digits = len(last) - len(last.rstrip("0123456789"))
    if not digits:
        return f"{version}.2"
    raised = f"{last[:-digits]}{int(last[-digits:]) + 1}"
    return f"{head}.{raised}" if head else raised


def _named(one: Any) -> dict[str, Any]:
    return {"tool": one.tool, "version": one.version, "actor": one.actor}


def _drift_json(one: Drifted, today: Lock) -> dict[str, Any]:
    return {**asdict(one), "fails": one.fails}
