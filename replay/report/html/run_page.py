"""A replay run as a page: headline, findings with their differences, what was not reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from replay.records import CallVerdict, Finding, ReplayRun, Transcript, Verdict
from replay.report.html.page import facts, folded, page, tag, text
from replay.report.html.trace_page import trace_parts
from replay.report.html.values import changes, labelled, outside_changes
from replay.report.ink import Ink, count
from replay.report.terminal import coverage_lines, headline
from replay.report.words import VERDICT_WORDS, cause_words, color, sign
from replay.verdicts import counts_now, ranked
from replay.verdicts.counts import APPROVED

_COLORS: Final = {"red": "bad", "green": "good", "cyan": "note", "yellow": "warn"}
_WIDTH: Final = 100
_OPEN_MAX: Final = 3
"""Findings whose differences are open when the page is."""


def run_page(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict],
    transcripts: Mapping[str, Transcript],
    verdicts: Mapping[str, CallVerdict],
) -> Iterator[str]:
    """Yield the page of ``run``, in pieces.

    ``examples``: the verdict of each finding's example, by tool call id; ``transcripts``: the
    traces of the examples, by id; ``verdicts``: of their calls.
    """
    return page(f"Replay run {run.id}", _body(run, findings, examples, transcripts, verdicts))


def _body(
    run: ReplayRun,
    findings: Sequence[Finding],
    examples: Mapping[str, CallVerdict],
    transcripts: Mapping[str, Transcript],
    verdicts: Mapping[str, CallVerdict],
) -> Iterator[str]:
    yield tag("h1", text(headline(run, findings)))
    yield tag("div", "".join(_chips(run, findings)), "chips")
    yield facts(
        [
            ("run", run.id),
            ("started", f"{run.started_at[:19].replace('T', ' ')} UTC"),
            ("tools", run.toolbox),
            ("code version", run.code_version),
            ("baseline", run.baseline),
            ("status", run.status),
            ("exit code", run.exit_code),
        ]
    )
    ordered = ranked(findings)
    still_open = [finding for finding in ordered if not finding.approved]
    approved = [finding for finding in ordered if finding.approved]
    if still_open:
        yield tag("h2", text(count(len(still_open), "finding")))
    for number, finding in enumerate(still_open):
        yield _finding(run, finding, examples, is_open=number < _OPEN_MAX)
    if approved:
        yield tag("h2", text(f"Approved: {count(len(approved), 'finding')}"))
    for finding in approved:
        yield _finding(run, finding, examples, is_open=False)
    coverage = coverage_lines(run.coverage, width=_WIDTH, ink=Ink())
    words = "\n".join(coverage).strip("\n")
    if words:
        yield folded(
            "What the run says of its traffic", [f"<pre>{text(words)}</pre>"], is_open=True
        )
    if transcripts:
        yield tag("h2", "Traces of the examples")
    for transcript in transcripts.values():
        head = text(f"Trace {transcript.trace.id}")
        yield folded(head, trace_parts(transcript, verdicts), css="finding")


def _chips(run: ReplayRun, findings: Sequence[Finding]) -> Iterator[str]:
    counts = counts_now(run.verdict_counts, findings)
    for verdict in VERDICT_WORDS:
        if number := counts.get(verdict.value, 0):
            css = _COLORS[color(verdict)]
            words = f"{sign(verdict)} {number:,} {VERDICT_WORDS[verdict]}"
            yield tag("span", text(words), f"badge {css}")
    if approved := counts.get(APPROVED, 0):
        yield tag("span", text(f"≈ {approved:,} {APPROVED}"), "badge dim")


def _finding(
    run: ReplayRun, finding: Finding, examples: Mapping[str, CallVerdict], *, is_open: bool
) -> str:
    example = examples.get(finding.example_tool_call_id)
    css = _COLORS[color(finding.verdict)]
    head = f"{tag('span', sign(finding.verdict), css)} {text(finding.title)}"
    total = f" of {finding.tool_call_total:,}" if finding.tool_call_total else ""
    where = f"{finding.example_trace_id}, step {finding.example_step_number}"
    parts = [
        facts(
            [
                ("calls", f"{finding.call_count:,}{total}, {count(finding.trace_count, 'trace')}"),
                ("cause", cause_words(finding.cause, finding.verdict, finding.error_type)),
                ("models", ", ".join(f"{k} {v:,}" for k, v in finding.models.items())),
                ("example", where),
                ("approved", finding.approval_note),
                ("finding", finding.signature),
            ]
        )
    ]
    if example is not None:
        parts += [tag("p", text(example.note)) if example.note else ""]
        parts += [changes(example.changes), outside_changes(example.interaction_changes)]
        if example.state_changes:
            parts += [tag("h3", "the world it leaves behind"), changes(example.state_changes)]
        parts += [_answer(example)]
    return folded(head, parts, css="finding", is_open=is_open)


def _answer(example: CallVerdict) -> str:
    """What today's tool said, where no difference shows it."""
    if example.replayed is None or example.verdict in (Verdict.SAME, Verdict.EQUIVALENT):
        return ""
    error = example.replayed.error
    if error is not None:
        return labelled("today's error", f"{error.type}: {error.message}")
    return folded("today's answer", [labelled("", example.replayed.response)])
