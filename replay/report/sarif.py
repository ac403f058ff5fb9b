"""A replay run as SARIF 2.1.0: an alert at the source of the tool that answers otherwise today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from replay import __version__
from replay.records import CallVerdict, Finding, JsonObject, ReplayRun
from replay.report.ink import Ink, plain
from replay.report.masked_words import masked_otherwise_words
from replay.report.places import SourcePlace, place_of_finding
from replay.report.sample_words import sample_words
from replay.report.terminal import finding_lines, headline
from replay.report.words import VERDICT_WORDS, cause_words
from replay.verdicts import ranked
from replay.verdicts.exit_codes import BREAKING

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_RULES_AT: Final = "docs/verdicts.md"
FINGERPRINT: Final = "replayFinding/v1"
"""Under this name a finding's signature keeps an alert one and the same from run to run."""


def sarif(
    run: ReplayRun,
    findings: Sequence[Finding],
    *,
    examples: Mapping[str, CallVerdict] | None = None,
) -> JsonObject:
    """Return ``run`` as a SARIF log: a result for each finding, suppressed where it is approved."""
    ordered = ranked(findings)
    rules = {_rule_id(finding): finding for finding in ordered}
    index_of = {rule_id: index for index, rule_id in enumerate(rules)}
    results = [
        _result(run, one, (examples or {}).get(one.example_tool_call_id), index_of)
        for one in ordered
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(rules.values())},
                "automationDetails": {"id": f"replay/{run.toolbox}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run)],
                "results": results,
                "properties": {
                    "run": run.id,
                    "headline": headline(run, findings),
                    "notes": sample_words(run) + masked_otherwise_words(run),
                },
            }
        ],
    }


def _driver(findings: Iterable[Finding]) -> JsonObject:
    return {
        "name": "replay",
        "semanticVersion": __version__,
        "rules": [_rule(finding) for finding in findings],
    }


def _rule(finding: Finding) -> JsonObject:
    verdict = VERDICT_WORDS[finding.verdict]
    why = cause_words(finding.cause, finding.verdict, finding.error_type)
    return {
        "id": _rule_id(finding),
        "name": "".join(part.title() for part in _rule_id(finding).replace(".", "_").split("_")),
        "shortDescription": {"text": f"Recorded calls are {verdict}: {why}"},
        "fullDescription": {
            "text": f"Recorded tool calls, run through today's tools, are {verdict}. "
            f"Cause: {why}. {_RULES_AT} of replay says what each verdict and cause means."
        },
        "defaultConfiguration": {"level": _level(finding)},
        "properties": {"tags": ["replay", str(finding.verdict), str(finding.cause)]},
    }


def _result(
    run: ReplayRun, finding: Finding, example: CallVerdict | None, index_of: Mapping[str, int]
) -> JsonObject:
    lines = finding_lines(finding, example, width=100, ink=Ink())
    text = "\n".join(line for line in lines[1:] if line.strip())
    result: JsonObject = {
        "ruleId": _rule_id(finding),
        "ruleIndex": index_of[_rule_id(finding)],
        "level": _level(finding),
        "message": {"text": _linkless(f"{plain(finding.title)}\n\n{text}")},
        "partialFingerprints": {FINGERPRINT: finding.signature},
        "occurrenceCount": finding.call_count,
        "locations": [_location(finding, place_of_finding(run, finding))],
        "properties": {
            "trace": finding.example_trace_id,
            "step": finding.example_step_number,
            "models": finding.models,
        },
    }
    if finding.approved:
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return result


def _linkless(text: str) -> str:
    """Return ``text`` without what SARIF takes for a link: recorded text is not trusted."""
    return text.replace("](", "] (")


def _location(finding: Finding, place: SourcePlace | None) -> JsonObject:
    location: JsonObject = {
        "logicalLocations": [{"fullyQualifiedName": finding.tool, "kind": "function"}]
    }
    if place is not None:
        uri = quote(place.file)
        artifact = {"uri": uri, "uriBaseId": "%SRCROOT%"}
        location["physicalLocation"] = {
            "artifactLocation": artifact,
            "region": {"startLine": place.line},
        }
    return location


def _invocation(run: ReplayRun) -> JsonObject:
    told: JsonObject = {
        "executionSuccessful": run.status == "finished",
        "startTimeUtc": run.started_at,
    }
    if run.ended_at is not None:
        told["endTimeUtc"] = run.ended_at
    if run.exit_code is not None:
        told["exitCode"] = run.exit_code
    return told


def _rule_id(finding: Finding) -> str:
    return f"{finding.verdict}.{finding.cause}"


def _level(finding: Finding) -> str:
    return "error" if finding.verdict in BREAKING else "warning"
