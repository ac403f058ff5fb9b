"""A replay run as JUnit XML, for the test tab of a CI server: one test case for each finding."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from replay.records import CallVerdict, Finding, JsonObject, Policy, ReplayRun, Verdict
from replay.report.ink import Ink
from replay.report.terminal import finding_lines

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INCONCLUSIVE: Final = frozenset({Verdict.UNANSWERED, Verdict.NOT_RUN, Verdict.NOT_DETERMINISTIC})


def junit_xml(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> str:
    """Return ``run`` as JUnit XML.

    A finding is a failed test case, an error when it is inconclusive, and a passed one when it is
    approved. Tools without a finding are passed test cases.
    """
    cases = [
        _case(finding, (examples or {}).get(finding.example_tool_call_id)) for finding in findings
    ]
    quiet = set(run.coverage.get("calls") or {}) - {finding.tool for finding in findings}
    cases += [_open(tool, "all the same") + "/>" for tool in sorted(quiet)]
    skipped = [_skipped(one) for one in run.coverage.get("policies") or [] if not one["judged"]]
    cases += [case for case in skipped if case]
    failed = [f for f in findings if not f.approved]
    errors = sum(finding.verdict in _INCONCLUSIVE for finding in failed)
    head = (
        f'<testsuite name="replay" tests="{len(cases)}" failures="{len(failed) - errors}" '
        f'errors="{errors}" skipped="{sum(map(bool, skipped))}" '
        f"timestamp={quoteattr(run.started_at[:19])}>"
    )
    body = "\n".join(f"  {case}" for case in cases)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}\n{body}\n</testsuite>\n'


def _case(finding: Finding, example: CallVerdict | None) -> str:
    opened = _open(finding.tool, finding.title)
    if finding.approved:
        return opened + "/>"
    kind = "error" if finding.verdict in _INCONCLUSIVE else "failure"
    text = "\n".join(finding_lines(finding, example, width=100, ink=Ink()))
    about = f"type={quoteattr(finding.verdict.value)} message={_attribute(finding.title)}"
    return f"{opened}><{kind} {about}>{escape(_legal(text))}</{kind}></testcase>"


def _skipped(seen: JsonObject) -> str:
    """A tool whose calls were served: neither passed nor failed. Refused ones are findings."""
    if seen["policy"] != Policy.RECORDED:
        return ""
    said = quoteattr(f"served as recorded ({seen['calls']} calls)")
    return f"{_open(seen['tool'], 'not judged')}><skipped message={said}/></testcase>"


def _open(tool: str, name: str) -> str:
    return f"<testcase classname={_attribute(tool)} name={_attribute(name)}"


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


def _legal(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
