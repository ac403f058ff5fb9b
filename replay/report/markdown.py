"""A replay run as Markdown, for a pull request's comment and for a job's summary on GitHub.

What tools and models said is data: it stands in code, where no Markdown, HTML, mention or reference
means anything, between fences longer than any in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from replay.records import CallVerdict, Finding, ReplayRun
from replay.report.ink import Ink, count, plain
from replay.report.masked_words import masked_otherwise_words
from replay.report.places import place_of_finding
from replay.report.policy_lines import policy_words
from replay.report.sample_words import sample_words
from replay.report.terminal import example_lines, headline
from replay.report.version_lines import versions_words
from replay.report.words import cause_words, sign
from replay.report.written_for_lines import written_for_words
from replay.verdicts import ranked

SIZE_MAX: Final = 65_000
"""GitHub takes 65,536 characters of a comment and 1 MiB of a summary; so it fits in both."""

_WIDTH: Final = 110
_PLAIN: Final = re.compile(r"[\w .,;:()'-]*")
_BACKTICKS: Final = re.compile("`+")
_TITLE_CHARS_MAX: Final = 300


def markdown(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> str:
    """Return the report of ``run``: the headline, a table of findings, each one's first example.

    It is at most ``SIZE_MAX`` characters: the last findings lose their examples first, then their
    rows, and it says so.
    """
    still_open = [finding for finding in ranked(findings) if not finding.approved]
    head = [
        f"**{headline(run, findings)}**",
        *map(_safe, sample_words(run) + masked_otherwise_words(run)),
    ]
    tail = _tail(run, findings)
    rows = (_row(run, finding) for finding in still_open)
    blocks = (
        _block(finding, (examples or {}).get(finding.example_tool_call_id))
        for finding in still_open
    )
    room = SIZE_MAX - sum(len(part) + 2 for part in [*head, *tail]) - 500
    shown_rows = _fitting(rows, room)
    shown_blocks = _fitting(blocks, room - sum(len(row) + 1 for row in shown_rows))
    parts = [*head, *_table(shown_rows, len(still_open)), *filter(None, shown_blocks)]
    left_out = len(still_open) - len(shown_blocks)
    if left_out:
        parts.append(f"{count(left_out, 'example')} left out: the report would be too long.")
    return "\n\n".join([*parts, *tail]) + "\n"


def _table(rows: Sequence[str], all_count: int) -> list[str]:
    if not rows:
        return []
    table = "\n".join(["| | finding | calls | cause | where |", "|---|---|---|---|---|", *rows])
    more = all_count - len(rows)
    return [table, f"… and {count(more, 'more finding')}."] if more else [table]


def _tail(run: ReplayRun, findings: Sequence[Finding]) -> list[str]:
    approved = sum(finding.approved for finding in findings)
    parts = [f"{count(approved, 'approved finding')}."] if approved else []
    coverage = run.coverage
    said = [*policy_words(coverage), *written_for_words(coverage), *versions_words(coverage)]
    return parts + [f"{_safe(words)}." for words in said]


def _fitting(texts: Iterable[str], room: int) -> list[str]:
    """Return the first of ``texts`` that take no more than ``room`` characters."""
    fitting = []
    for text in texts:
        room -= len(text) + 2
        if room < 0:
            break
        fitting.append(text)
    return fitting


def _row(run: ReplayRun, finding: Finding) -> str:
    calls = f"{finding.call_count:,} of {finding.tool_call_total:,}"
    cause = cause_words(finding.cause, finding.verdict, finding.error_type)
    place = place_of_finding(run, finding)
    where = "" if place is None else _code(f"{place.file}:{place.line}", in_table=True)
    title = _code(_title(finding), in_table=True)
    return f"| {sign(finding.verdict)} | {title} | {calls} | {cause} | {where} |"


def _block(finding: Finding, example: CallVerdict | None) -> str:
    """Return the example of a finding, folded away; ``""`` where nothing can be shown."""
    lines = [] if example is None else example_lines(example, width=_WIDTH, ink=Ink())
    if not lines:
        return ""
    where = f"{_code(finding.example_trace_id)}, step {finding.example_step_number}"
    fence = "`" * max(3, 1 + max(_longest_run(line) for line in lines))
    body = "\n".join(lines)
    return (
        f"<details><summary>{sign(finding.verdict)} <code>{_html(_title(finding))}</code></summary>"
        f"\n\nin trace {where}; accept it: "
        f"{_code(f'replay approve {finding.signature}')}\n\n"
        f"{fence}diff\n{body}\n{fence}\n\n</details>"
    )


def _title(finding: Finding) -> str:
    text = plain(finding.title).replace("`", "'")
    return text if len(text) <= _TITLE_CHARS_MAX else f"{text[:_TITLE_CHARS_MAX]}…"


def _safe(text: str) -> str:
    """Return a sentence of ours; in code where a name in it could mean something."""
    text = plain(text)
    return text if _PLAIN.fullmatch(text) and "www." not in text else _code(text)


def _code(text: str, *, in_table: bool = False) -> str:
    """Return ``text`` as it is, in code: nothing in it means anything there."""
    text = plain(text)
    fence = "`" * (1 + _longest_run(text))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    text = text.replace("|", "\\|") if in_table else text
    return f"{fence}{pad}{text}{pad}{fence}"


def _html(text: str) -> str:
    return escape(text, quote=True)


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
