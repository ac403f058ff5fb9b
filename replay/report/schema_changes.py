"""What a change of schemas does, as a page of text and as JSON.

Reads well at 80 columns and without colour; nothing is said by colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from replay.compatibility.changes import Evidence, OnModel, OnPayloads, SchemaChange
from replay.compatibility.rules import RULES, WORDS_ONLY
from replay.errors import ExitCode
from replay.records import JsonObject
from replay.report.ink import Ink, count, plain, wrap

SIGNS: Final = {
    OnPayloads.BREAKS: "✗",
    OnPayloads.MAY_BREAK: "?",
    OnPayloads.SILENT: "~",
    OnPayloads.SAFE: "✓",
}
_COLORS: Final = {"✗": "red", "?": "yellow", "~": "yellow", "!": "yellow", "✓": "green"}
_ORDER: Final = list(SIGNS)
_PAYLOADS: Final = {
    OnPayloads.BREAKS: "payloads break",
    OnPayloads.MAY_BREAK: "payloads may break",
    OnPayloads.SILENT: "payloads mean something else",
    OnPayloads.SAFE: "payloads are safe",
}
_MODEL: Final = {
    OnModel.SAME: "models see the same",
    OnModel.CHANGED: "models see a change",
    OnModel.REFUSED: "a provider rejects or rewrites what models see",
}
_COUNTED: Final = {
    OnPayloads.BREAKS: "breaks",
    OnPayloads.MAY_BREAK: "may break",
    OnPayloads.SILENT: "silent",
    OnPayloads.SAFE: "safe",
}

Places = Mapping[str, tuple[str | None, int | None]]
"""By tool: the file and the line of its function."""


def exit_code(changes: Sequence[SchemaChange], evidence: Sequence[Evidence] = ()) -> ExitCode:
    """Return how a check ends: 1 something breaks, 2 a person must look, 0 neither.

    Captured calls decide where there are any: what one of them shows to break does, and where none
    of a tool's calls is affected, what may break does not count, and what breaks is for a person.
    """
    proofs = {_key(one.change): one for one in evidence if one.call_count}
    codes = {_code(change, proofs.get(_key(change))) for change in changes}
    codes |= {ExitCode.BREAKING for one in evidence if one.breaks}
    codes |= {ExitCode.NEEDS_A_PERSON for one in evidence if one.silent or one.reported}
    if ExitCode.BREAKING in codes:
        return ExitCode.BREAKING
    return max(codes, default=ExitCode.OK)


def _code(change: SchemaChange, proof: Evidence | None) -> ExitCode:
    refused = change.on_model is OnModel.REFUSED
    breaks = change.on_payloads is OnPayloads.BREAKS
    if proof is not None and not proof.breaks:
        is_open = refused or breaks or proof.silent or proof.reported
        return ExitCode.NEEDS_A_PERSON if is_open else ExitCode.OK
    if breaks:
        return ExitCode.BREAKING
    quiet = change.on_payloads is OnPayloads.SAFE and not refused
    return ExitCode.OK if quiet else ExitCode.NEEDS_A_PERSON


def render_changes(
    changes: Sequence[SchemaChange],
    *,
    against: str,
    places: Places,
    evidence: Sequence[Evidence] = (),
    ignored_count: int = 0,
    show_all: bool = False,
    width: int = 80,
    color: bool = False,
) -> str:
    """Return the page: changes by tool, the gravest first, and what they come to."""
    ink = Ink(color)
    found = {id(one.change): one for one in evidence}
    equal = {_key(one.change): one for one in evidence}
    lines: list[str] = []
    for tool, own in _by_tool(changes).items():
        lines += [ink.paint(_title(tool, places), "bold")]
        safe = [one for one in own if _is_quiet(one)]
        advice: set[str] = set()
        for change in own:
            if show_all or not _is_quiet(change):
                proof = found.get(id(change)) or equal.get(_key(change))
                lines += _change_lines(change, proof, width, ink)
                lines += _mend_lines(change, advice, width)
        if safe and not show_all:
            lines += wrap(_in_short(safe), width, indent="  ", hang="  ")
        lines.append("")
    shown = sum(_is_shown(one, found.get(id(one)) or equal.get(_key(one))) for one in changes)
    lines += wrap(_summary(changes, against, ignored_count, shown), width, hang="")
    if not show_all and any(map(_is_quiet, changes)):
        lines += ["`--all` shows each of the safe ones, too."]
    return "\n".join(lines)


def changes_json(
    changes: Sequence[SchemaChange],
    *,
    against: str,
    places: Places,
    evidence: Sequence[Evidence] = (),
    ignored_count: int = 0,
) -> JsonObject:
    """Return the same as JSON: every change with its rule, place, verdicts, file and line."""
    equal = {_key(one.change): one for one in evidence}
    return {
        "against": against,
        "exit_code": int(exit_code(changes, evidence)),
        "counts": {str(verdict): _counts(changes)[verdict] for verdict in OnPayloads},
        "ignored": ignored_count,
        "changes": [_change_json(one, places, equal.get(_key(one))) for one in changes],
    }


def _change_json(change: SchemaChange, places: Places, proof: Evidence | None) -> JsonObject:
    file, line = places.get(change.tool, (None, None))
    return {
        "rule": change.rule,
        "tool": change.tool,
        "path": change.path,
        "on_payloads": str(change.on_payloads),
        "on_model": str(change.on_model),
        "said": change.said,
        "mend": RULES[change.rule].mend or None,
        "old": change.old,
        "new": change.new,
        "file": file,
        "line": line,
        "evidence": None if proof is None else _evidence_json(proof),
    }


def _evidence_json(proof: Evidence) -> JsonObject:
    return {
        "call_count": proof.call_count,
        "breaks": proof.breaks,
        "silent": proof.silent,
        "reported": proof.reported,
        "same": proof.same,
        "by_model": {name: list(counts) for name, counts in proof.by_model.items()},
        "first": None if proof.first is None else list(proof.first),
        "witness": proof.witness,
    }


def _key(change: SchemaChange) -> tuple[str, str, str, str]:
    return change.tool, change.rule, change.path, change.said


def _by_tool(changes: Sequence[SchemaChange]) -> dict[str, list[SchemaChange]]:
    """Return the changes by tool, gravest tools and changes first."""
    ordered = sorted(changes, key=lambda one: _ORDER.index(one.on_payloads) + 0.5 * _is_quiet(one))
    grouped: dict[str, list[SchemaChange]] = {}
    for change in ordered:
        grouped.setdefault(change.tool, []).append(change)
    return grouped


def _is_quiet(change: SchemaChange) -> bool:
    return change.on_payloads is OnPayloads.SAFE and change.on_model is not OnModel.REFUSED


def _title(tool: str, places: Places) -> str:
    file, line = places.get(tool, (None, None))
    return f"== {plain(tool) or 'all tools'}" + (f"  {file}:{line}" if file else "")


def sign_of(change: SchemaChange) -> str:
    """Return the one-character sign of a change, readable without colour."""
    if change.on_model is OnModel.REFUSED and change.on_payloads is OnPayloads.SAFE:
        return "!"
    return SIGNS[change.on_payloads]


def _change_lines(change: SchemaChange, proof: Evidence | None, width: int, ink: Ink) -> list[str]:
    sign = SIGNS[OnPayloads.BREAKS] if _is_shown(change, proof) else sign_of(change)
    where = f"`{change.path}` " if change.path else ""
    lines = wrap(f"{sign} {plain(where + change.said)}", width)
    lines = [ink.paint(line, _COLORS[sign]) for line in lines]
    shown = ", and captured ones do" if _is_shown(change, proof) else ""
    does = f"{change.rule}: {_PAYLOADS[change.on_payloads]}{shown}; {_MODEL[change.on_model]}"
    lines += [ink.paint(line, "dim") for line in wrap(does, width, indent="    ", hang="")]
    if proof is not None:
        lines += _proof_lines(proof, width)
    return lines


def _is_shown(change: SchemaChange, proof: Evidence | None) -> bool:
    """Whether captured calls show that what the schemas say may break does."""
    return change.on_payloads is OnPayloads.MAY_BREAK and proof is not None and proof.breaks > 0


def _mend_lines(change: SchemaChange, known: set[str], width: int) -> list[str]:
    """Return how to mend it, where that was not said of the tool before."""
    mend = RULES[change.rule].mend
    if mend in known or _is_quiet(change) or change.rule == "LEAVES_PROVIDER_SUBSET":
        return []
    known.add(mend)
    return wrap(mend, width, indent="    ", hang="") if mend else []


def _proof_lines(proof: Evidence, width: int) -> list[str]:
    affected = proof.breaks + proof.silent + proof.reported
    if not proof.call_count:
        said = "no captured call of this tool"
    elif not affected:
        said = f"none of {count(proof.call_count, 'captured call')}"
    else:
        parts = (
            [f"{proof.breaks:,} break{'s' if proof.breaks == 1 else ''}"] if proof.breaks else []
        )
        parts += (
            [f"{proof.silent:,} mean{'s' if proof.silent == 1 else ''} something else"]
            if proof.silent
            else []
        )
        if proof.reported:
            does = "does not fit, and runs" if proof.reported == 1 else "do not fit, and run"
            parts += [f"{proof.reported:,} {does}"]
        share = f"{100 * affected / proof.call_count:.0f} %"
        said = f"of {count(proof.call_count, 'captured call')} {_and(parts)}, {share}"
        models = [
            f"{name} {100 * bad / of:.0f} %" for name, (bad, of) in proof.by_model.items() if of
        ]
        said += f" ({', '.join(models[:6])})" if len(models) > 1 else ""
    if proof.first is not None:
        said += f"; first: trace {proof.first[0]}, step {proof.first[1]}"
    lines = wrap(plain(said), width, indent="    ", hang="")
    if proof.witness is not None:
        import json

        witness = json.dumps(proof.witness, ensure_ascii=False)
        lines += wrap(f"a payload that shows it: {plain(witness)}", width, indent="    ")
    return lines


def _and(parts: Sequence[str]) -> str:
    return "; ".join(parts) if len(parts) > 2 else " and ".join(parts)


def _in_short(safe: Sequence[SchemaChange]) -> str:
    """Return the safe changes in one line: what they are, and where."""
    named = [one for one in safe if one.rule not in WORDS_ONLY]
    words = len(safe) - len(named)
    parts = [f"`{one.path}` {one.said}" if one.path else one.said for one in named]
    parts += [count(words, "change of words", "changes of words")] if words else []
    return plain("✓ safe: " + "; ".join(parts))


def _counts(changes: Sequence[SchemaChange]) -> Counter[OnPayloads]:
    return Counter(change.on_payloads for change in changes)


def _summary(
    changes: Sequence[SchemaChange], against: str, ignored_count: int, shown_count: int
) -> str:
    if not changes:
        said = f"No schema changed against {against}."
    else:
        counts = _counts(changes)
        counts += Counter({OnPayloads.BREAKS: shown_count})
        counts[OnPayloads.MAY_BREAK] -= shown_count
        parts = [
            f"{counts[verdict]:,} {_COUNTED[verdict]}" for verdict in _ORDER if counts[verdict]
        ]
        refused = sum(one.on_model is OnModel.REFUSED for one in changes)
        parts += [f"{refused:,} that a provider rejects or rewrites"] if refused else []
        tools = len({change.tool for change in changes})
        said = f"{count(len(changes), 'change')} of {count(tools, 'tool')} against {against}: "
        said += ", ".join(parts) + "."
    return f"{said} Ignored: {ignored_count:,}." if ignored_count else said
