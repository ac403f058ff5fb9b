"""`replay schema suggest`: a first draft of a translation, as Python that a person edits."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from replay.cli import terminal
from replay.cli.arguments import examples, json_option
from replay.cli.audit import note_in
from replay.cli.hidden import hide, reveal_option
from replay.cli.hidden_reports import shown_trial
from replay.cli.schema_sources import (
    captured_calls,
    distinct,
    opened,
    payloads_of,
    place_named,
)
from replay.cli.tools_options import toolbox_options
from replay.errors import ExitCode, ReplayError, SelectionError

if TYPE_CHECKING:
    from replay.compatibility.suggesting import Draft, Edit
    from replay.records import JsonObject
    from replay.replayer.environment import Place
    from replay.replayer.questions.asking import DescribedToolbox
    from replay.replayer.questions.definitions import Definition
    from replay.replayer.questions.drafts import Trial, Tried
    from replay.store import Store

_PAYLOAD_CHARS_MAX = 200


@click.command(
    short_help="Write a first draft of a translation.",
    epilog=examples(
        "replay schema suggest create_event 1 2 --tools shop.tools:toolbox --db traces.db",
        "replay schema suggest create_event git:main 2 --tools shop.tools:toolbox",
        "replay schema suggest get_issue 1=old.json 2=new.json --to issue_read",
    ),
)
@click.argument("tool")
@click.argument("old")
@click.argument("new")
@click.option(
    "--to",
    metavar="TOOL",
    help="The tool's new name. Default: the one that a file NEW defines, else TOOL.",
)
@click.option(
    "--db",
    "database",
    metavar="DATABASE",
    type=click.Path(path_type=Path),
    help="Recorded schemas and payloads. Default: `database` of [tool.replay], else traces.db.",
)
@toolbox_options("Today's tools. Default: `tools` of [tool.replay].")
@click.option(
    "--payloads",
    "payload_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="More payloads of the old version: a file with one JSON object a line.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the code there instead of stdout.",
)
@reveal_option
@json_option
def suggest(
    tool: str,
    old: str,
    new: str,
    to: str | None,
    database: Path | None,
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    payload_file: Path | None,
    output: Path | None,
    reveal: bool,
    as_json: bool,
) -> int:
    """Write a first draft of the translation of TOOL from version OLD to version NEW.

    OLD and NEW are versions of today's tools or of the recordings, git:REF, or files with a JSON
    Schema; LABEL=... names the version: 1=old.json. What is certain is written; where a guess
    would be needed the draft raises, under a TODO. It is tried on the captured payloads first.
    """
    from replay.compatibility.suggesting import draft, written
    from replay.replayer.questions.definitions import Definitions, name_in
    from replay.replayer.questions.drafts import try_draft

    place = place_named(toolbox, paths, variables)
    described = _described(place)
    with opened(database) as store:
        if store is not None:
            note_in(store.path, "schema suggest", "revealed" if reveal else "read")
        definitions = Definitions(place=place, toolbox=described, store=store)
        before, after = (
            definitions.find(tool, old),
            definitions.find(to or name_in(new) or tool, new),
        )
        _refuse_equal(before, after)
        captured = distinct(_captured(store, before) + _from_file(payload_file))
        suggested = draft(
            before.at,
            after.at,
            before.parameters,
            after.parameters,
            captured=captured,
            captured_new=_captured(store, after),
        )
        code = written(suggested)
        theirs = place if after.source == "toolbox" else None
        trial = try_draft(code, before.at, after, captured, place=theirs)
        if store is not None and (hides := hide(store, reveal=reveal)) is not None:
            trial = shown_trial(trial, tool, hides)
    if output is not None:
        _write(output, code)
    if as_json:
        terminal.emit_json(_told(suggested, code, trial))
    elif output is None:
        terminal.emit(code.rstrip("\n"))
    terminal.say("\n".join(_report(suggested, trial, output)))
    if theirs is not None and _has_step(described, suggested):
        terminal.say("The toolbox has this translation already; the draft was tried in its place.")
    return _exit_code(suggested, trial)


def _described(place: Place | None) -> DescribedToolbox | None:
    if place is None:
        return None
    from replay.replayer.questions.asking import Asking

    with Asking(place) as asking:
        return asking.toolbox


def _has_step(described: DescribedToolbox | None, suggested: Draft) -> bool:
    old, new = suggested.old, suggested.new
    steps = described.translations if described is not None else []
    return any((one.tool, one.old, one.to, one.new) == (*old, *new) for one in steps)


def _refuse_equal(before: Definition, after: Definition) -> None:
    if before.at == after.at:
        raise SelectionError(
            f"{before.at} is both the old and the new version: there is nothing to translate.",
            hint="Name two versions; LABEL=... calls one so: 1=git:main.",
        )


def _captured(store: Store | None, version: Definition) -> list[JsonObject]:
    return payloads_of(call.arguments for call in captured_calls(store, version.at))


def _from_file(file: Path | None) -> list[JsonObject]:
    if file is None:
        return []
    lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    payloads = payloads_of(lines)
    if lines and not payloads:
        raise SelectionError(
            f"{str(file)!r} holds no payload: no line of it is a JSON object.",
            hint='One object a line: {"city": "Paris"}.',
        )
    return payloads


def _write(output: Path, code: str) -> None:
    try:
        output.write_text(code, "utf-8")
    except OSError as error:
        raise ReplayError(
            f"The draft could not be written to {str(output)!r}: {error.strerror}.",
            hint="Leave --output out to see it on stdout.",
        ) from error


def _exit_code(suggested: Draft, trial: Trial) -> int:
    if trial.broken:
        return ExitCode.BREAKING
    return ExitCode.NEEDS_A_PERSON if suggested.questions or trial.left else ExitCode.OK


def _told(suggested: Draft, code: str, trial: Trial) -> JsonObject:
    return {
        "old": {"tool": suggested.old.tool, "version": suggested.old.version},
        "new": {"tool": suggested.new.tool, "version": suggested.new.version},
        "edits": [edit.told() for edit in suggested.edits],
        "sure_count": len(suggested.edits) - len(suggested.questions),
        "left_count": len(suggested.questions),
        "drops": suggested.drops,
        "trial": trial.told(),
        "code": code,
    }


def _report(suggested: Draft, trial: Trial, output: Path | None) -> list[str]:
    left = suggested.questions
    sure = [edit for edit in suggested.edits if edit.is_sure]
    lines = [f"{suggested.title}: {len(sure)} sure, {len(left)} left to you."]
    lines += _edit_lines("sure", sure) + _edit_lines("TODO", left)
    if not suggested.edits:
        lines.append("  The payloads need no change: the draft hands them on as they are.")
    lines += _trial_lines(trial)
    if output is not None:
        lines.append(f"Written to {output}. Read it, then put it beside the tools.")
    return lines


def _edit_lines(word: str, edits: list[Edit]) -> list[str]:
    lines = []
    for edit in edits:
        said = f"{edit.path}: {edit.said}" if edit.path else edit.said
        if edit.confidence not in (0.0, 1.0):
            said += f" [confidence {edit.confidence:.2f}]"
        lines += textwrap.wrap(
            said,
            terminal.width(),
            initial_indent=f"  {word}  ",
            subsequent_indent=" " * 8,
            break_on_hyphens=False,
        )
    return lines


def _trial_lines(trial: Trial) -> list[str]:
    if not trial.count:
        return ["No captured payload of the old version is here: it was tried on none."]
    of = f"{trial.fit_count:,} of {trial.count:,}"
    lines = [f"{of} captured payloads translate and validate."]
    for why, found in (("stopped at a TODO", trial.left), ("did not pass", trial.broken)):
        if found:
            lines.append(f"{len(found):,} {why}, the first:")
            lines += _tried_lines(found[0])
    return lines


def _tried_lines(tried: Tried) -> list[str]:
    shown = json.dumps(tried.payload, ensure_ascii=False)
    if len(shown) > _PAYLOAD_CHARS_MAX:
        shown = shown[: _PAYLOAD_CHARS_MAX - 1] + "…"
    return [f"  {shown}", *(f"  {line}" for line in tried.said.splitlines())]
