"""One finding: what it is, how often, and one of its calls recorded against today."""

from __future__ import annotations

from collections.abc import Mapping

from replay.records import Approval, CallVerdict, Finding, ReplayRun, ToolCall
from replay.report.sample_words import is_sampled, sampled
from tui.rows.both import Both
from tui.views.approval_view import approval_entries
from tui.views.entries import Entry
from tui.views.json_entries import json_entries
from tui.views.messages import parsed
from tui.views.parts import Part, count, cut, printable
from tui.views.signs import verdict_sign, verdict_words
from tui.views.verdict_view import cause_entry, source_entries, verdict_entries


def finding_entries(
    finding: Finding,
    verdict: CallVerdict | None,
    call: ToolCall | None,
    both: Both | None = None,
    approval: Approval | None = None,
    *,
    source: str = "",
) -> list[Entry]:
    """Return the finding, then the call; ``both``: what the model was told, where it was read.

    ``approval``: who approved it. ``source``: file and line of today's tool.
    """
    sign, role = verdict_sign(finding.verdict, approved=finding.approved)
    calls = f"{finding.call_count:,} of {count(finding.tool_call_total, 'call')} of the tool"
    entries = [
        Entry(((f"{sign} ", f"{role} strong"), (printable(finding.title), "strong"))),
        Entry(
            (
                (f"{calls}, in {count(finding.trace_count, 'trace')}", ""),
                (behind_words(finding), "dim"),
            )
        ),
        *approval_entries(approval),
        *_approval_note(finding),
        cause_entry(finding.cause, finding.verdict, finding.error_type),
        *source_entries(source),
    ]
    if finding.models:
        models = ", ".join(f"{name} {number:,}" for name, number in finding.models.items())
        entries.append(Entry((("models ", "dim"), (printable(models), ""))))
    if verdict is None or call is None:
        return entries
    arguments = call.arguments
    entries.append(Entry((("", ""),)))
    if arguments[:1] in ("{", "["):
        short = cut(printable(arguments[:200]), 70)
        entries.append(
            Entry(
                (("arguments ", "strong"),),
                children=lambda: _raw(arguments),
                folded=((short, "dim"),),
                value=arguments,
            )
        )
    else:
        entries.append(Entry((("arguments: ", "strong"),), text=arguments))
    return entries + verdict_entries(verdict, call, both, with_head=False)


def behind_words(finding: Finding) -> str:
    """Return in how many traces something differs before it already; empty: in none."""
    behind = finding.trace_count - finding.first_divergence_count
    if behind <= 0:
        return ""
    if behind < finding.trace_count:
        return f", in {behind:,} of them behind an earlier difference"
    return ", behind an earlier difference" + (" in each" if behind > 1 else "")


def _raw(text: str) -> list[Entry]:
    value = parsed(text)
    return [Entry((), 1, text=text)] if value is None else json_entries(value, depth=1)


def _approval_note(finding: Finding) -> list[Entry]:
    """What the approval did not know; of a finding that is open again, that it is."""
    note = finding.approval_note
    if note is None:
        return []
    if finding.approved:
        return [Entry(((note, "dim"),))]
    return [Entry(((f"{note}: look again", "unsure"),))]


def run_words(run: ReplayRun, counts: Mapping[str, int]) -> list[Part]:
    """Return a run's headline; ``counts``: of `counts_of`."""
    words: list[Part] = [
        (printable(run.toolbox), "strong"),
        (f"  {run.started_at[:16].replace('T', ' ')}", "dim"),
        (f"  {count(run.call_count, 'call')}", ""),
    ]
    if is_sampled(run):
        words.append((f" of {count(run.trace_count, 'trace')}{sampled(run)}", ""))
    return words + count_parts(counts)


def count_parts(counts: Mapping[str, int]) -> list[Part]:
    """Return calls by verdict, each with its sign."""
    return [
        (f"  {sign} {number:,} {verdict_words(verdict)}", role)
        for verdict, number in counts.items()
        for sign, role in (verdict_sign(verdict),)
    ]
