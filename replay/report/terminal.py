"""A replay run as a page of text: what changed, why, and what to type next.

Reads well at 80 columns and without colour; nothing is said by colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from replay.errors import ExitCode
from replay.records import CallVerdict, Cause, Finding, JsonObject, ReplayRun, Verdict
from replay.report.change_lines import outside_lines, summary_lines
from replay.report.ink import Ink, count, plain, wrap
from replay.report.masked_words import masked_otherwise_words
from replay.report.next_steps import next_lines
from replay.report.not_frozen import not_frozen_lines
from replay.report.parser_text import parser_lines
from replay.report.policy_lines import is_not_run, policy_lines
from replay.report.sample_words import sample_words, sampled
from replay.report.slower_lines import slower_lines
from replay.report.version_lines import translation_notes, version_fact, version_lines
from replay.report.words import VERDICT_WORDS, cause_words, color, sign
from replay.report.written_for_lines import written_for_lines
from replay.verdicts import counts_now, ranked
from replay.verdicts.counts import APPROVED
from replay.verdicts.outside_titles import miss_is_the_answer

FINDINGS_MAX: Final = 12
"""Findings shown in full; ``--all`` shows every one."""

_NAMES_MAX: Final = 6

_CAUSES_NOTED: Final = frozenset({Cause.SCHEMA, Cause.TRANSLATION})
"""Causes of which the example's note says what was read otherwise."""


def render_run(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
    width: int = 80,
    color: bool = False,
    database: str = "traces.db",
    findings_max: int | None = FINDINGS_MAX,
) -> str:
    """Return the report of ``run``.

    ``examples`` holds the verdict of each finding's example, by tool call id: without it the
    findings show no differences. ``database`` is the name to use in the commands at the end.
    ``findings_max`` None: every finding, as for one who asked for all and need not be told how.
    """
    ink = Ink(color)
    lines = wrap_painted(headline(run, findings), width, ink, _style(run, findings))
    lines += _asides(run, findings, width, ink, database)
    open_findings = [finding for finding in ranked(findings) if not finding.approved]
    shown = open_findings[:findings_max]
    for finding in shown:
        example = (examples or {}).get(finding.example_tool_call_id)
        told = finding_lines(
            finding, example, width=width, ink=ink, has_baseline=run.baseline is not None
        )
        lines += ["", *told]
    if len(open_findings) > len(shown):
        more = count(len(open_findings) - len(shown), "more finding")
        lines += ["", f"… {more}; `replay diff {database} {run.id} --all` shows every one."]
    lines += _approved(findings, width, ink)
    lines += coverage_lines(run.coverage, width=width, ink=ink)
    lines += next_lines(run, open_findings, width, ink, database, is_whole=findings_max is None)
    return "\n".join(lines)


def headline(run: ReplayRun, findings: Sequence[Finding] = ()) -> str:
    """Return the run in one sentence.

    ``1,164 calls of 200 traces: 1,044 same, 120 changed in 1 finding``
    """
    calls = f"{count(run.call_count, 'call')} of {count(run.trace_count, 'trace')}{sampled(run)}"
    counts = Counter(counts_now(run.verdict_counts, findings))
    approved, served = counts[APPROVED], counts.pop(Verdict.SERVED, 0)
    beside = f"{served:,} {VERDICT_WORDS[Verdict.SERVED]}" if served else ""
    said = [f"{counts[v]:,} {words}" for v, words in VERDICT_WORDS.items() if counts[v] > 0]
    said += [f"{approved:,} {APPROVED}"] if approved else []
    if not run.call_count:
        return f"{calls}: nothing was replayed"
    if counts[Verdict.SAME] == run.call_count:
        return f"{calls}: all the same"
    still_open = sum(not finding.approved for finding in findings)
    where = f" in {count(still_open, 'finding')}" if still_open else ""
    return f"{calls}: {'; '.join(filter(None, [', '.join(said) + where, beside]))}"


def finding_lines(
    finding: Finding,
    example: CallVerdict | None,
    *,
    width: int,
    ink: Ink,
    has_baseline: bool = True,
) -> list[str]:
    """Return one finding: title, how often, why, and its first example.

    ``has_baseline`` False: say what one would tell of an effect.
    """
    title = f"{sign(finding.verdict)} {plain(finding.title)}"
    lines = wrap_painted(title, width, ink, ("bold", color(finding.verdict)))
    lines += wrap(_how_often(finding), width, indent="  ", hang="")
    if finding.approval_note:
        lines += wrap(f"{finding.approval_note}: look again", width, indent="  ")
    if len(finding.models) > 1:
        lines += wrap(plain(_models(finding)), width, indent="  ")
    lines += wrap(
        f"cause: {cause_words(finding.cause, finding.verdict, finding.error_type)}"
        f"{_advice(finding, has_baseline=has_baseline)}",
        width,
        indent="  ",
    )
    if example is not None and example.note and finding.cause in _CAUSES_NOTED:
        lines += wrap(plain(example.note), width, indent="  ")
    if example is not None and (version := version_fact(example, None)) is not None:
        lines += wrap(plain(version), width, indent="  ")
    for note in [] if example is None else translation_notes(example, only_failed=True):
        lines += wrap(plain(note), width, indent="  ")
    where = f"trace {finding.example_trace_id}, step {finding.example_step_number}"
    named = wrap(plain(f"finding {finding.signature}, first in {where}"), width, indent="  ")
    lines += [ink.paint(line, "dim") for line in named]
    if example is None:
        return lines
    body = width - 4
    shown = example_lines(example, width=body, ink=ink)
    if example.effect_changed and finding.verdict is not Verdict.EFFECT_CHANGED:
        shown.append(ink.paint("~ it also leaves another state of the world behind", "yellow"))
    shown += summary_lines(example.state_changes, width=body, ink=ink)
    return lines + [f"    {line}" for line in shown]


def example_lines(example: CallVerdict, *, width: int, ink: Ink) -> list[str]:
    """Return the differences of a finding's example in a few lines.

    Where no cassette answered, the tool's answer is that miss: what was asked says it all.
    """
    outside = outside_lines(example.interaction_changes, width=width, ink=ink)
    if miss_is_the_answer(example):
        return outside
    return summary_lines(example.changes, width=width, ink=ink) + outside


def coverage_lines(coverage: JsonObject, *, width: int, ink: Ink) -> list[str]:
    """Return what the traffic did not reach; nothing when nothing is known of it."""
    lines = policy_lines(coverage, width=width, ink=ink)
    lines += written_for_lines(coverage, width=width, ink=ink)
    lines += version_lines(coverage, width=width, ink=ink)
    if coverage.get("parsers"):
        lines += ["", *parser_lines(coverage["parsers"], width=width, ink=ink)]
    lines += not_frozen_lines(coverage, width=width, ink=ink)
    lines += slower_lines(coverage, width=width, ink=ink)
    lines += _disagreement_lines(coverage, width, ink)
    said: list[str] = []
    never = [tool for tool in coverage.get("tools") or [] if not is_not_run(coverage, tool)]
    if never:
        said.append(f"never called: {_names(never)}")
    for tool, arguments in (coverage.get("arguments") or {}).items():
        said.append(f"{tool}: never given {_names(arguments)}")
    for tool, values in (coverage.get("values") or {}).items():
        for argument, missing in values.items():
            said.append(f"{tool}: {argument} never {_names([str(v) for v in missing])}")
    if not said:
        return lines
    lines += ["", ink.paint("Not reached by this traffic", "bold")]
    for text in said[:_NAMES_MAX]:
        lines += wrap(plain(text), width, indent="  ")
    if len(said) > _NAMES_MAX:
        lines.append(f"  … and {len(said) - _NAMES_MAX:,} more (--json has all)")
    return lines


def _disagreement_lines(coverage: JsonObject, width: int, ink: Ink) -> list[str]:
    """Calls that ran though the schema that models see forbids them."""
    disagreeing = coverage.get("schema_disagrees") or {}
    if not disagreeing:
        return []
    lines = ["", ink.paint("Ran, though today's schema forbids it", "bold")]
    for tool, seen in disagreeing.items():
        text = f"{tool}: {count(seen['calls'], 'call')}, {seen['objection']}"
        lines += wrap(plain(text), width, indent="  ")
    return lines


def wrap_painted(text: str, width: int, ink: Ink, styles: Sequence[str]) -> list[str]:
    """Return ``text`` wrapped, every line in ``styles``."""
    return [ink.paint(line, *styles) for line in wrap(text, width)]


def _style(run: ReplayRun, findings: Sequence[Finding]) -> tuple[str, ...]:
    if run.exit_code == ExitCode.BREAKING:
        return ("bold", "red")
    is_judged = run.exit_code in (None, ExitCode.OK)
    is_open = not is_judged or any(not finding.approved for finding in findings)
    return ("bold", "yellow") if is_open else ("bold", "green")


def _asides(
    run: ReplayRun, findings: Sequence[Finding], width: int, ink: Ink, database: str
) -> list[str]:
    said = []
    served = run.verdict_counts.get(Verdict.SERVED.value, 0)
    if served and served == run.call_count:
        said.append("Nothing was judged: every call was served as recorded.")
    if run.conditional_count:
        gaps = any(one["gaps"] for one in run.coverage.get("policies") or [])
        or_served = ", or after a call that was served without its effect" if gaps else ""
        said.append(
            f"{count(run.conditional_count, 'call')} came after the first difference of their "
            f"trace{or_served}: there the model spoke to a world that no longer holds "
            "(conditional)."
        )
    if parser := run.options.get("parser"):
        said.append(f"Arguments were read by the parser `{parser}` (--parser).")
    if traces := run.coverage.get("states_not_compared"):
        whose = "its" if traces == 1 else "their"
        said.append(
            f"Recorded without states: {count(traces, 'trace')}. What {whose} calls leave behind "
            "in the world was not compared; `--baseline git:REF` compares it with the old code's."
        )
    said += sample_words(run) + masked_otherwise_words(run, database)
    if run.status == "interrupted":
        said.append("The run was interrupted: this is what was done until then.")
    if run.verdict_counts.get(Verdict.EQUIVALENT.value):
        said.append("Equivalent calls differ in spelling, or where a rule allows it.")
    return [ink.paint(line, "dim") for text in said for line in wrap(text, width, hang="")]


def _how_often(finding: Finding) -> str:
    total = f" of {finding.tool_call_total:,}" if finding.tool_call_total else ""
    calls = "call" if finding.tool_call_total == 1 else "calls"
    text = f"{finding.call_count:,}{total} {calls}, {count(finding.trace_count, 'trace')}"
    after = finding.call_count - finding.first_divergence_count
    if finding.first_divergence_count == 0:
        text += ", only after an earlier difference (conditional)"
    elif after:
        text += f", {after:,} after an earlier difference (conditional)"
    return text


def _models(finding: Finding) -> str:
    ordered = sorted(finding.models.items(), key=lambda item: (-item[1], item[0]))
    return "models: " + _names([f"{name} {calls:,}" for name, calls in ordered])


def _advice(finding: Finding, *, has_baseline: bool) -> str:
    is_placeless = finding.verdict is Verdict.EFFECT_CHANGED and not finding.paths
    if is_placeless and not has_baseline and finding.cause is not Cause.UNKNOWN:
        return "; `--baseline git:REF` tells where: it runs the old code too"
    if finding.cause is not Cause.UNKNOWN or finding.verdict is Verdict.NOT_RUN:
        return ""
    return "; `--baseline git:REF` would tell: it runs the old code too"


def _approved(findings: Sequence[Finding], width: int, ink: Ink) -> list[str]:
    approved = [finding for finding in findings if finding.approved]
    if not approved:
        return []
    lines = ["", ink.paint("Approved", "bold")]
    for finding in approved:
        calls = finding.approval_note or count(finding.call_count, "call")
        text = f"✓ {plain(finding.title)} ({calls})"
        lines += wrap(text, width, indent="  ")
    return lines


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_MAX])
    more = len(names) - _NAMES_MAX
    return f"{shown} and {more:,} more" if more > 0 else shown
