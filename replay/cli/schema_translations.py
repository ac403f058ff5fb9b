"""`replay schema translations`: every chain of a toolbox, tried on what models wrote."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from replay.cli import terminal
from replay.cli.arguments import examples, json_option
from replay.cli.audit import note_in
from replay.cli.hidden import hide, reveal_option
from replay.cli.hidden_reports import shown_translations
from replay.cli.schema_sources import (
    captured_calls,
    opened,
    payload_of,
)
from replay.cli.tools_options import toolbox_options, tools_place
from replay.errors import ExitCode, SelectionError

if TYPE_CHECKING:
    from replay.records import JsonObject, JsonValue, ToolCall
    from replay.replayer.questions.asking import DescribedStep, DescribedToolbox
    from replay.replayer.questions.checking import (
        CapturedPayload,
        CheckedChain,
        TranslationFinding,
    )
    from replay.store import Store
    from replay.tools.translations import ToolVersion

_PAYLOAD_CHARS_MAX: Final = 300
_TITLES: Final = {
    "raises": "raises",
    "no_object": "returns no object",
    "invalid": "makes a payload that the new version does not take",
    "loses": "loses `{path}`",
    "differs": "is not pure",
    "hangs": "does not end well",
    "impure": "reads more than its payload",
    "round_trip": "does not come back as it went: `{path}`",
    "ambiguous": "is one of two ways",
    "leads_nowhere": "leads nowhere",
    "unseen": "was tried on nothing",
}
_HINTS: Final = {
    "loses": "If it is meant to be gone, say so: @toolbox.translate(..., drops=[{path!r}]).",
    "differs": "A translation must say the same of the same payload, whenever it is asked.",
    "impure": "A replay holds clock, draws and environment still; production does not.",
    "ambiguous": "Remove a step, or add the direct one.",
    "leads_nowhere": "Add the step from there to the version that runs, or remove this one.",
    "unseen": "Name a database with calls of it, or keep the old version in the toolbox.",
}


@click.command(
    short_help="Check translations on captured payloads.",
    epilog=examples(
        "replay schema translations traces.db --tools shop.tools:toolbox",
        "replay schema translations traces.db --tools shop.tools:toolbox --tool create_event",
    ),
)
@click.argument("database", required=False, type=click.Path(path_type=Path))
@toolbox_options()
@click.option("--tool", "names", multiple=True, metavar="NAME", help="Only this tool's steps.")
@reveal_option
@json_option
def translations(
    database: Path | None,
    toolbox: str | None,
    paths: tuple[Path, ...],
    variables: tuple[str, ...],
    names: tuple[str, ...],
    reveal: bool,
    as_json: bool,
) -> int:
    """List the translations of today's tools, and carry recorded payloads of DATABASE along them.

    A chain that raises, loses a value, makes what the new version does not take, or says two things
    of one payload is a finding. Payloads are made from the old schema where no call gave one.
    """
    from replay.cli.progress import Progress
    from replay.replayer.questions.asking import Asking
    from replay.replayer.questions.checking import chains_of, check_chains

    place = tools_place(toolbox, paths, variables)
    from dataclasses import replace

    with opened(database) as store, Asking(replace(place, observed={"salt": ""})) as asking:
        described = asking.toolbox
        _refuse_unknown(described, names)
        chains, idle = chains_of(described)
        chains = [one for one in chains if not names or _is_of(one, names)]
        payloads = [
            _results(store, one.begin) if one.of_results else _payloads(store, described, one.begin)
            for one in chains
        ]
        with Progress("payloads") as progress:
            check_chains(asking, chains, payloads, on_progress=progress.update)
        if store is not None:
            note_in(store.path, "schema translations", "revealed" if reveal else "read")
            if (hides := hide(store, reveal=reveal)) is not None:
                for one in chains:
                    one.findings = shown_translations(one.findings, one.begin.tool, hides)
    idle = [] if names else idle
    if as_json:
        terminal.emit_json(_told(described, chains, idle))
    else:
        terminal.emit("\n".join(_report(described, chains, idle, terminal.width())))
    return _exit_code(chains, idle)


def _is_of(chain: CheckedChain, names: Sequence[str]) -> bool:
    return chain.begin.tool in names or chain.chain.end.tool in names


def _refuse_unknown(described: DescribedToolbox, names: Sequence[str]) -> None:
    from difflib import get_close_matches

    known = sorted({one for step in described.translations for one in (step.tool, step.to)})
    for name in names:
        if name not in known:
            raise SelectionError(
                f"No translation of {described.name!r} is of a tool {name!r}.",
                nearest=next(iter(get_close_matches(name, known, 1, cutoff=0.4)), None),
                hint=f"There are some of: {', '.join(known)}." if known else "It has none.",
            )


def _results(store: Store | None, version: ToolVersion) -> list[CapturedPayload]:
    """Return what a version's calls were answered, each once, as ``translate_result`` gets it."""
    from replay.records import Outcome
    from replay.tools.older_results import value_of

    ended_well = [call for call in captured_calls(store, version) if call.outcome is Outcome.OK]
    return _distinct(
        (value_of(call.response), call) for call in ended_well if call.response is not None
    )


def _distinct(values: Iterable[tuple[JsonValue, ToolCall]]) -> list[CapturedPayload]:
    """Return ``values``, each once with its calls counted; the newest call comes first."""
    from replay.replayer.questions.checking import CapturedPayload

    found: dict[str, CapturedPayload] = {}
    for value, call in values:
        key = json.dumps(value, sort_keys=True)
        count = found[key].call_count if key in found else 0
        found[key] = CapturedPayload(value, count + 1, call.trace_id, call.step_number)
    return list(reversed(found.values()))


def _payloads(
    store: Store | None, described: DescribedToolbox, version: ToolVersion
) -> list[CapturedPayload]:
    """Return what models wrote for a version, each once; else what its schema makes."""
    from replay.compatibility.examples import example_payloads
    from replay.replayer.questions.checking import CapturedPayload

    given = ((payload_of(call.arguments), call) for call in captured_calls(store, version))
    found = _distinct((payload, call) for payload, call in given if payload is not None)
    if found:
        return found
    schema = _schema_of(store, described, version)
    made = [] if schema is None else example_payloads(schema)
    return [CapturedPayload(payload) for payload in made]


def _schema_of(
    store: Store | None, described: DescribedToolbox, version: ToolVersion
) -> JsonObject | None:
    from replay.replayer.questions.definitions import Definitions

    definitions = Definitions(toolbox=described, store=store)
    try:
        return definitions.find(version.tool, version.version or "-").parameters
    except SelectionError:
        return None


def _findings(
    chains: Sequence[CheckedChain], idle: Sequence[TranslationFinding]
) -> list[TranslationFinding]:
    found = [finding for chain in chains for finding in chain.findings]
    return sorted([*found, *idle], key=lambda one: not one.is_broken)


def _exit_code(chains: Sequence[CheckedChain], idle: Sequence[TranslationFinding]) -> int:
    found = _findings(chains, idle)
    if any(finding.is_broken for finding in found):
        return ExitCode.BREAKING
    return ExitCode.NEEDS_A_PERSON if found else ExitCode.OK


def _told(
    described: DescribedToolbox,
    chains: Sequence[CheckedChain],
    idle: Sequence[TranslationFinding],
) -> JsonObject:
    return {
        "toolbox": described.name,
        "steps": [_step_told(step) for step in described.translations],
        "result_steps": [_step_told(step) for step in described.result_translations],
        "chains": [
            {
                "of": "results" if one.of_results else "arguments",
                "from": {"tool": one.begin.tool, "version": one.begin.version},
                "to": {"tool": one.chain.end.tool, "version": one.chain.end.version},
                "versions": one.chain.words,
                "has_way_back": one.has_way_back,
                "drops": list(one.chain.drops),
                "payload_count": one.payload_count,
                "call_count": one.call_count,
                "generated_count": one.generated_count,
            }
            for one in chains
        ],
        "findings": [finding.told() for finding in _findings(chains, idle)],
    }


def _step_told(step: DescribedStep) -> JsonObject:
    return {
        "tool": step.tool,
        "old": step.old,
        "to": step.to,
        "new": step.new,
        "drops": step.drops,
        "file": step.file,
        "line": step.line,
    }


def _report(
    described: DescribedToolbox,
    chains: Sequence[CheckedChain],
    idle: Sequence[TranslationFinding],
    width: int,
) -> list[str]:
    from replay.report.ink import count

    steps = count(len(described.translations), "step")
    results = len(described.result_translations)
    beside = f", {results} of results" if results else ""
    lines = [f"Translations of toolbox {described.name!r}: {steps}{beside}"]
    if not described.translations:
        return [*lines, "Register one with @toolbox.translate(tool, old, new).", *_write_one()]
    lines += ["", *(_chain_line(one) for one in chains)]
    found = _findings(chains, idle)
    for finding in found:
        lines += ["", *_finding_lines(finding, width)]
    if not found:
        lines += ["", "Nothing is lost, and all of it fits the versions that run."]
    return lines


def _write_one() -> list[str]:
    return ["`replay schema suggest TOOL OLD NEW` writes a first draft."]


def _chain_line(one: CheckedChain) -> str:
    from replay.report.ink import count

    tried = count(one.payload_count, "result" if one.of_results else "payload")
    where = f"of {count(one.call_count, 'call')}" if one.call_count else "made from the schema"
    said = f"{tried} {where}" if one.payload_count else "tried on none"
    broken = sum(finding.is_broken for finding in one.findings)
    left = len(one.findings) - broken
    ends = [f"{broken} broken"] if broken else []
    ends += [f"{left} to look at"] if left else []
    sign = "✗" if broken else "~" if left else "✓"
    back = ", and back" if one.has_way_back else ""
    return f"{sign} {one.name}{back}: {said}" + (f"; {', '.join(ends)}" if ends else "")


def _finding_lines(finding: TranslationFinding, width: int) -> list[str]:
    from replay.report.ink import count

    title = _TITLES[finding.kind].format(path=finding.path or "the payload")
    lines = _wrapped(f"{'✗' if finding.is_broken else '~'} {finding.chain}: {title}", width, "")
    said = finding.said
    if finding.path and finding.kind == "invalid":
        said = f"`{finding.path}`: {said}"
    lines += _wrapped(said, width)
    first = finding.example
    if first is not None:
        of = count(finding.payload_count, "payload")
        calls = f" of {count(finding.call_count, 'call')}" if finding.call_count else ""
        where = ", made from the schema"
        if first.trace_id is not None:
            where = f", first in trace {shlex.quote(first.trace_id)}, step {first.step_number}"
        lines.append(f"  {of}{calls}{where}")
        shown = json.dumps(first.payload, ensure_ascii=False)
        if len(shown) > _PAYLOAD_CHARS_MAX:
            shown = f"{shown[: _PAYLOAD_CHARS_MAX - 1]}…"
        lines += _wrapped(shown, width, indent="    ")
    hint = _HINTS.get(finding.kind)
    return lines + (_wrapped(hint.format(path=finding.path), width) if hint else [])


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
