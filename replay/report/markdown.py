"""A replay run as Markdown, for a pull request's comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from replay.records import CallVerdict, Finding, ReplayRun
from replay.report.ink import Ink, count, plain
from replay.report.policy_lines import policy_words
from replay.report.terminal import example_lines, headline
from replay.report.words import cause_words, sign
from replay.verdicts import ranked

_WIDTH = 110


def markdown(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> str:
    """Return the report of ``run``: the headline, a table of findings, their first examples."""
    still_open = [finding for finding in ranked(findings) if not finding.approved]
    parts = [f"**{headline(run, findings)}**"]
    if still_open:
        rows = [_row(finding) for finding in still_open]
        parts.append("\n".join(["| | finding | calls | cause |", "|---|---|---|---|", *rows]))
    for finding in still_open:
        example = (examples or {}).get(finding.example_tool_call_id)
        if example is not None and (block := _example(finding, example)):
            parts.append(block)
    approved = len(findings) - len(still_open)
    if approved:
        parts.append(f"{count(approved, 'approved finding')}.")
    parts += [f"{plain(words)}." for words in policy_words(run.coverage)]
    return "\n\n".join(parts) + "\n"


def _row(finding: Finding) -> str:
    calls = f"{finding.call_count:,} of {finding.tool_call_total:,}"
    title = plain(finding.title).replace("|", "\\|").replace("<", "&lt;")
    cause = cause_words(finding.cause, finding.verdict, finding.error_type)
    return f"| {sign(finding.verdict)} | {title} | {calls} | {cause} |"


def _example(finding: Finding, example: CallVerdict) -> str:
    lines = example_lines(example, width=_WIDTH, ink=Ink())
    if not lines:
        return ""
    where = f"{finding.example_trace_id}, step {finding.example_step_number}"
    fence = "`" * max(3, 1 + max(_longest_run(line) for line in lines))
    body = "\n".join(lines)
    return f"`{finding.tool}` in trace {where}\n\n{fence}diff\n{body}\n{fence}"


def _longest_run(text: str) -> int:
    longest = 0
    while "`" * (longest + 1) in text:
        longest += 1
    return longest
