"""A replay run as JUnit XML, for the test tab of a CI server: one test case for each trace.

Traces keep their names from run to run, so that a server can tell since when one fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from replay.records import CallVerdict, Finding, ReplayRun, Verdict
from replay.report.ink import Ink, count
from replay.report.policy_lines import policy_words
from replay.report.sample_words import sample_words
from replay.report.terminal import finding_lines, headline
from replay.report.version_lines import versions_words
from replay.report.written_for_lines import written_for_words
from replay.verdicts import collect

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INCONCLUSIVE: Final = frozenset({Verdict.UNANSWERED, Verdict.NOT_RUN, Verdict.NOT_DETERMINISTIC})
_TITLES_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class TraceCase:
    """One trace of a run: what differs in it, and how much was looked at."""

    trace_id: str
    call_count: int
    judged_count: int
    """Calls that were neither served nor kept from running."""
    verdicts: list[CallVerdict] = field(default_factory=list)
    """Of all its calls, where one of them differs; else nothing."""


def junit_xml(run: ReplayRun, findings: Sequence[Finding], cases: Iterable[TraceCase]) -> str:
    """Return ``run`` as JUnit XML, in the form that Jenkins and GitLab read.

    A trace fails where a finding of it is open, is an error where that is only inconclusive, passes
    where every finding is approved, and is skipped where none of its calls was judged.
    """
    by_signature = {finding.signature: finding for finding in findings}
    bodies = [_case(run, case, by_signature) for case in cases]
    kinds = [kind for kind, _ in bodies]
    counts = (
        f'tests="{len(bodies)}" failures="{kinds.count("failure")}" errors="{kinds.count("error")}"'
    )
    suite = (
        f'<testsuite name="replay" {counts} skipped="{kinds.count("skipped")}" '
        f'time="{_seconds(run):.3f}" timestamp={quoteattr(run.started_at[:19])}>'
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="replay" {counts}>',
        suite,
        "  <properties>",
        *(f"    <property name={quoteattr(k)} value={_attribute(v)}/>" for k, v in _facts(run)),
        "  </properties>",
        *(f"  {body}" for _, body in bodies),
        f"  <system-out>{_text(headline(run, findings))}</system-out>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _case(run: ReplayRun, case: TraceCase, findings: Mapping[str, Finding]) -> tuple[str, str]:
    """Return what became of a trace (``""``: it passed), and its element."""
    classname = run.toolbox.replace(":", ".")
    opened = f"<testcase classname={_attribute(classname)} name={_attribute(case.trace_id)}"
    open_verdicts = [one for one in case.verdicts if _is_open(one, findings)]
    if open_verdicts:
        kind = "error" if all(one.verdict in _INCONCLUSIVE for one in open_verdicts) else "failure"
        return kind, f"{opened}>{_failure(kind, case.verdicts, findings)}</testcase>"
    if not case.judged_count:
        said = _attribute(f"no call was judged ({count(case.call_count, 'call')})")
        return "skipped", f"{opened}><skipped message={said}/></testcase>"
    return "", f"{opened}/>"


def _failure(kind: str, verdicts: list[CallVerdict], findings: Mapping[str, Finding]) -> str:
    by_call = {one.tool_call_id: one for one in verdicts}
    lines: list[str] = []
    titles: list[str] = []
    worst = ""
    for finding in collect(verdicts):
        if (known := findings.get(finding.signature, finding)).approved:
            continue
        # What a finding is called comes from all of its calls, its example here from this trace.
        titles.append(known.title)
        worst = worst or finding.verdict.value
        shown = finding.model_copy(update={"title": known.title, "cause": known.cause})
        example = by_call.get(finding.example_tool_call_id)
        lines += [*finding_lines(shown, example, width=100, ink=Ink()), ""]
    said = "; ".join(titles[:_TITLES_MAX]) + ("; ..." if len(titles) > _TITLES_MAX else "")
    about = f"type={quoteattr(worst)} message={_attribute(said)}"
    return f"<{kind} {about}>{_text(chr(10).join(lines))}</{kind}>"


def _is_open(verdict: CallVerdict, findings: Mapping[str, Finding]) -> bool:
    finding = findings.get(verdict.signature or "")
    return verdict.signature is not None and (finding is None or not finding.approved)


def _facts(run: ReplayRun) -> Iterator[tuple[str, str]]:
    yield from (("run", run.id), ("toolbox", run.toolbox), ("status", run.status))
    yield "python", run.python
    for name, value in (
        ("baseline", run.baseline),
        ("code_version", run.code_version),
        ("digest", run.digest),
        ("exit_code", run.exit_code),
        ("sample", " ".join(sample_words(run)) or None),
        ("policies", "; ".join(policy_words(run.coverage)) or None),
        ("written_for", "; ".join(written_for_words(run.coverage)) or None),
        ("versions", "; ".join(versions_words(run.coverage)) or None),
    ):
        if value is not None:
            yield name, str(value)
    if run.selection:
        yield "selection", json.dumps(run.selection, ensure_ascii=False)


def _seconds(run: ReplayRun) -> float:
    if run.ended_at is None:
        return 0.0
    ended, started = datetime.fromisoformat(run.ended_at), datetime.fromisoformat(run.started_at)
    return max((ended - started).total_seconds(), 0.0)


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


def _text(text: str) -> str:
    return escape(_legal(text))


def _legal(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
