"""Evidence as a page of text: what today's tools do to captured calls, tool by tool."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from replay.compatibility.changes import Evidence, OnPayloads
from replay.evidence import AffectedCalls, Effect, ToolEvidence
from replay.evidence.tool_evidence import shares
from replay.records import JsonValue
from replay.report.ink import Ink, count, cut, plain, wrap

_KINDS_MAX: Final = 8
_MODELS_MAX: Final = 6
_GREEN_MAX: Final = 8
_UNSHOWN_MAX: Final = 12

_WORDS: Final[dict[Effect, str]] = {
    Effect.SAME: "read as they were",
    Effect.BREAKS: "now rejected",
    Effect.SILENT: "silently read otherwise",
    Effect.MENDED: "now accepted",
    Effect.STILL_REJECTED: "rejected as before",
    Effect.REPORTED: "that do not fit, and run",
    Effect.UNSAID: "now rejected, and perhaps before",
}
"""After a number of calls. In the order of a headline."""

_AFFECTED: Final = (Effect.BREAKS, Effect.SILENT, Effect.REPORTED)

_STYLES: Final[dict[Effect, tuple[str, str]]] = {
    Effect.BREAKS: ("✗", "red"),
    Effect.SILENT: ("~", "yellow"),
    Effect.UNSAID: ("?", "yellow"),
    Effect.REPORTED: ("?", "yellow"),
    Effect.MENDED: ("✓", "green"),
    Effect.STILL_REJECTED: ("✓", "green"),
    Effect.SAME: ("✓", "green"),
}
"""Sign and colour, the gravest first."""


def evidence_text(
    tools: Sequence[ToolEvidence],
    *,
    width: int = 80,
    color: bool = False,
    left_out: Mapping[str, int] | None = None,
    is_partial: bool = False,
) -> str:
    """Return the report of all ``tools``; those with nothing to say are one line together.

    ``left_out``: calls of other agents' tools, by tool. ``is_partial``: it was stopped.
    """
    ink = Ink(color)
    lines = wrap(_headline(tools, is_partial=is_partial), width, hang="")
    for one in tools:
        if one.affected:
            lines += ["", *tool_lines(one, width=width, ink=ink)]
    lines += _unshown_lines(tools, width, ink)
    rest = [f"{one.tool} {one.call_count:,}" for one in tools if not _is_told(one)]
    if rest:
        more = f", and {len(rest) - _GREEN_MAX} more" if len(rest) > _GREEN_MAX else ""
        said = f"✓ left alone: {', '.join(rest[:_GREEN_MAX])}{more}"
        lines += ["", *wrap(plain(said), width)]
    if left_out:
        calls = count(sum(left_out.values()), "call")
        said = f"Left out: {calls} of another agent's tools: {_listed(list(left_out))}"
        lines += ["", *wrap(plain(said), width)]
    return "\n".join(lines)


def _headline(tools: Sequence[ToolEvidence], *, is_partial: bool) -> str:
    calls = sum(one.call_count for one in tools)
    said = [
        f"{number:,} {words}"
        for effect, words in _WORDS.items()
        if (number := sum(one.effects[effect] for one in tools))
    ]
    begun = "Stopped: of the first " if is_partial else ""
    what = f"{begun}{count(calls, 'captured call')} of {count(len(tools), 'tool')}"
    return f"{what}: {', '.join(said) or 'none'}"


def _is_told(one: ToolEvidence) -> bool:
    return bool(one.affected) or any(_is_unshown(each) for each in one.evidence)


def _is_unshown(each: Evidence) -> bool:
    is_at_stake = each.change.on_payloads is not OnPayloads.SAFE
    return is_at_stake and not (each.breaks or each.silent or each.reported)


def tool_lines(one: ToolEvidence, *, width: int, ink: Ink) -> list[str]:
    """Return what becomes of one tool's calls, and why."""
    nothing = Effect.SAME if one.call_count else Effect.UNSAID
    gravest = next((effect for effect in _STYLES if one.effects[effect]), nothing)
    sign, style = _STYLES[gravest]
    said = [
        f"{number:,} {words}{_percent(number, one.call_count)}"
        for effect, words in _WORDS.items()
        if (number := one.effects[effect])
    ]
    called = count(one.call_count, "captured call") if one.call_count else "never called"
    title = f"{sign} {one.tool}: {', '.join([called, *said])}"
    lines = [ink.paint(line, "bold", style) for line in wrap(plain(title), width)]
    if one.call_count:
        lines += wrap(plain(_versions(one)), width, indent="  ", hang="")
    for affected in one.affected[:_KINDS_MAX]:
        lines += _affected_lines(affected, one, width, ink)
    hidden = len(one.affected) - _KINDS_MAX
    if hidden > 0 or one.others:
        calls = sum(kind.call_count for kind in one.affected[_KINDS_MAX:]) + one.others
        more = f"… {count(max(hidden, 1), 'more way')}, {count(calls, 'call')}; --json has them"
        lines += wrap(more, width, indent="  ")
    return lines


def _versions(one: ToolEvidence) -> str:
    names = [f"version {name}" if name else "no version" for name in one.versions]
    today = f"version {one.version}" if one.version else "today's tool"
    by = today if one.exists else "nobody: there is no such tool today"
    said = f"recorded under {_listed(names)}; taken by {by}"
    if one.translated:
        said += f"; {one.translated:,} translated"
    if one.distinct < one.call_count:
        said += f"; {one.distinct:,} distinct"
    return said


def model_words(by_model: Mapping[str, tuple[int, int]]) -> str:
    """Return ``gpt-4o 91 %, claude-sonnet-4 97 %``, the models with most calls first."""
    told = [
        f"{model or 'unknown'} {_share(affected, of)}" for model, (affected, of) in by_model.items()
    ]
    more = f" and {len(told) - _MODELS_MAX} more" if len(told) > _MODELS_MAX else ""
    return ", ".join(told[:_MODELS_MAX]) + more


def _affected_lines(kind: AffectedCalls, one: ToolEvidence, width: int, ink: Ink) -> list[str]:
    sign, style = _STYLES[kind.effect]
    rule = f" [{kind.rule}]" if kind.rule else ""
    if kind.rule is None and one.is_compared and kind.effect in _AFFECTED:
        rule = " [no difference of the schemas says so]"
    share = _percent(kind.call_count, one.call_count)
    said = f"{sign} {kind.call_count:,}{share}: {_what(kind)}{rule}"
    lines = [ink.paint(line, style) for line in wrap(plain(said), width, indent="  ")]
    if kind.effect is Effect.SILENT and kind.type == "changed":
        room = width - 10
        lines += [ink.paint(f"    - {cut(value_text(kind.old), room)}", "red")]
        lines += [ink.paint(f"    + {cut(value_text(kind.new), room)}", "green")]
    if kind.first is not None:
        where = f"first: trace {kind.first[0]}, step {kind.first[1]}"
        if len(one.models) > 1:
            where = f"{model_words(shares(kind.by_model, one.models))}; {where}"
        lines += [ink.paint(line, "dim") for line in wrap(plain(where), width, indent="    ")]
    return lines


def _what(kind: AffectedCalls) -> str:
    place = f"`{kind.path}`" if kind.path else "the arguments"
    if kind.effect is Effect.MENDED:
        return "was rejected, and is accepted now"
    if kind.type == "missing":
        return f"{place} is missing"
    if kind.type == "extra_forbidden":
        return f"{place} is not taken"
    if kind.type == "left_out":
        return f"{place} is left out, and {kind.said}"
    if kind.type == "carried":
        return f"{place} is given, and {kind.said}"
    if kind.type in ("added", "removed", "changed", "moved"):
        return _read_otherwise(kind, place)
    if kind.type in ("unknown_tool", "bad_json", "failed", "crashed", "timeout"):
        return f"{kind.type}: {kind.said}"
    value = f" (it is {cut(value_text(kind.old), 40)})"
    return f"{place}: {kind.said}{value}"


def _read_otherwise(kind: AffectedCalls, place: str) -> str:
    if kind.type == "added":
        return f"{place} is read as {cut(value_text(kind.new), 40)}; it was not there"
    if kind.type == "removed":
        return f"{place} is dropped (it was {cut(value_text(kind.old), 40)})"
    if kind.type == "moved":
        return f"{place} is reordered"
    return f"{place} is read as something else"


def _unshown_lines(tools: Sequence[ToolEvidence], width: int, ink: Ink) -> list[str]:
    """Return the changes that no captured call shows; what several tools have is told once."""
    alike: dict[tuple[str, str, str], list[tuple[str, Evidence]]] = {}
    for one in tools:
        for each in one.evidence:
            if _is_unshown(each):
                key = each.change.rule, each.change.path, each.change.said
                alike.setdefault(key, []).append((one.tool, each))
    if not alike:
        return []
    lines = ["", ink.paint("No captured call shows", "bold")]
    for (rule, path, said), found in list(alike.items())[:_UNSHOWN_MAX]:
        place = f" `{path}`" if path else ""
        names = _listed([tool for tool, _ in found])
        lines += wrap(plain(f"? {names}: {rule}{place}: {said}"), width, indent="  ")
        witness = next((each.witness for _, each in found if each.witness is not None), None)
        if witness is not None:
            shown = f"a payload that would: {cut(value_text(witness), 4 * width)}"
            lines += [ink.paint(line, "dim") for line in wrap(plain(shown), width, indent="    ")]
    if len(alike) > _UNSHOWN_MAX:
        more = f"… {count(len(alike) - _UNSHOWN_MAX, 'more change')}; --json has them"
        lines += wrap(more, width, indent="  ")
    return lines


def value_text(value: JsonValue) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _percent(number: int, of: int) -> str:
    return "" if number == of else f" ({_share(number, of)})"


def _share(number: int, of: int) -> str:
    """Return a share in percent; what is not nothing is not 0 %, what is not all not 100 %."""
    if not of or number in (0, of):
        return "100 %" if number else "0 %"
    share = min(max(100 * number / of, 1), 99)
    return f"{share:.0f} %"
