"""`replay diff`: one call with every difference, or two replay runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from replay.records import CallVerdict, Finding, ReplayRun, ToolCall
from replay.records.codes import outcome_words
from replay.report.change_lines import full_lines, one_value, outside_lines
from replay.report.ink import Ink, count, cut, plain, wrap
from replay.report.terminal import headline, wrap_painted
from replay.report.version_lines import translation_notes, version_fact
from replay.report.words import VERDICT_WORDS, cause_words, color, sign
from replay.verdicts.canonical import read_response


def render_verdict(
    verdict: CallVerdict,
    call: ToolCall | None = None,
    *,
    width: int = 80,
    colored: bool = False,
) -> str:
    """Return one call's verdict with every difference; ``call`` adds what the model asked."""
    ink = Ink(colored)
    said = f"{sign(verdict.verdict)} {verdict.tool}: {VERDICT_WORDS[verdict.verdict]}"
    lines = wrap_painted(said, width, ink, ("bold", color(verdict.verdict)))
    where = f"trace {verdict.trace_id}, step {verdict.step_number}"
    lines.append(ink.paint(cut(f"  {where}{_model(verdict)}", width), "dim"))
    lines += [f"  {line}" for line in _facts(verdict, call, width - 2)]
    if call is not None:
        asked = one_value(read_response(call.arguments).value)
        lines += wrap(f"arguments: {asked}", width, indent="  ")
    lines += [f"  {line}" for line in full_lines(verdict.changes, width=width - 2, ink=ink)]
    if verdict.state_changes:
        lines.append("  the state afterwards, of the baseline and of today's:")
        lines += [
            f"    {line}" for line in full_lines(verdict.state_changes, width=width - 4, ink=ink)
        ]
    many = len(verdict.interaction_changes) or 1
    lines += [
        f"  {line}"
        for line in outside_lines(
            verdict.interaction_changes, width=width - 2, ink=ink, lines_max=many
        )
    ]
    if verdict.output:
        lines.append("  printed:")
        for printed in verdict.output.rstrip("\n").split("\n"):
            lines += [ink.paint(part, "dim") for part in wrap(plain(printed), width, indent="    ")]
    if verdict.allowed:
        lines.append(f"  allowed ({count(len(verdict.allowed), 'difference')}):")
        allowed = full_lines(verdict.allowed, width=width - 4, ink=Ink())
        lines += [ink.paint(f"    {line}", "dim") for line in allowed]
    return "\n".join(lines)


def render_runs(
    before: ReplayRun,
    before_findings: Sequence[Finding],
    after: ReplayRun,
    after_findings: Sequence[Finding],
    *,
    width: int = 80,
    colored: bool = False,
) -> str:
    """Return what the findings of two replay runs have against each other."""
    ink = Ink(colored)
    lines = wrap(f"{before.id}  {headline(before, before_findings)}", width)
    lines += wrap(f"{after.id}  {headline(after, after_findings)}", width)
    if before.digest is not None and before.digest == after.digest:
        return "\n".join([*lines, "", "Both runs gave the same results, byte for byte."])
    old = {finding.signature: finding for finding in before_findings}
    new = {finding.signature: finding for finding in after_findings}
    lines += _section("New", [new[s] for s in new if s not in old], width, ink)
    lines += _section("Gone", [old[s] for s in old if s not in new], width, ink)
    both = [(old[s], new[s]) for s in new if s in old]
    lines += _both(both, width, ink)
    if not old and not new:
        lines += ["", "Neither run has a finding."]
    return "\n".join(lines)


def _facts(verdict: CallVerdict, call: ToolCall | None, width: int) -> list[str]:
    facts = []
    version = version_fact(verdict, call)
    if version is not None:
        facts.append(plain(version))
    facts += map(plain, translation_notes(verdict))
    if verdict.cause is not None:
        said = verdict.replayed.error if verdict.replayed else None
        kind = said.type if said else None
        facts.append(f"cause: {cause_words(verdict.cause, verdict.verdict, kind)}")
    if verdict.replayed is not None and verdict.recorded_outcome is not None:
        old, new = (
            outcome_words(one) for one in (verdict.recorded_outcome, verdict.replayed.outcome)
        )
        if old != new:
            facts.append(f"outcome: {old} when recorded, {new} today")
    if verdict.conditional:
        facts.append("conditional: an earlier call of the trace differs already")
    if verdict.effect_changed:
        facts.append("effect: it leaves another state of the world behind")
    if verdict.approved:
        facts.append("approved")
    if verdict.note:
        facts.append(plain(verdict.note))
    for error in verdict.schema_errors:
        loc = ".".join(str(part) for part in error.get("loc", ())) or "arguments"
        facts.append(f"today's schema: {loc}: {error.get('msg', 'is not valid')}")
    return [line for fact in facts for line in wrap(fact, width)]


def _model(verdict: CallVerdict) -> str:
    return f", {verdict.model}" if verdict.model else ""


def _section(title: str, findings: Sequence[Finding], width: int, ink: Ink) -> list[str]:
    if not findings:
        return []
    lines = ["", ink.paint(f"{title}: {count(len(findings), 'finding')}", "bold")]
    for finding in findings:
        text = f"{sign(finding.verdict)} {plain(finding.title)}"
        lines += [
            ink.paint(line, color(finding.verdict))
            for line in wrap(f"{text} ({count(finding.call_count, 'call')})", width, indent="  ")
        ]
    return lines


def _both(pairs: Sequence[tuple[Finding, Finding]], width: int, ink: Ink) -> list[str]:
    if not pairs:
        return []
    lines = ["", ink.paint(f"In both: {count(len(pairs), 'finding')}", "bold")]
    for old, new in pairs:
        calls = count(new.call_count, "call")
        if old.call_count != new.call_count:
            calls = f"{old.call_count:,} → {calls}"
        lines += wrap(f"{sign(new.verdict)} {plain(new.title)} ({calls})", width, indent="  ")
    return lines
