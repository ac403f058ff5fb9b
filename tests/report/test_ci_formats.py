"""What CI servers read: JUnit, Markdown, SARIF, annotations; of honest and of hostile text."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from replay.records import CallVerdict, Finding, JsonObject, ReplayRun
from replay.report.annotations import SHOWN_MAX, annotation_lines, inert
from replay.report.junit import TraceCase, junit_xml
from replay.report.markdown import SIZE_MAX, markdown
from replay.report.sarif import sarif
from replay.verdicts import collect
from tests.verdicts.calls import AT, miss, recorded, replayed, verdict_on

RENAMED = verdict_on(
    recorded(json.dumps({"province": "TX"}), id="c1"), replayed(json.dumps({"state": "TX"}))
)
UNANSWERED = verdict_on(recorded("x", id="c2", tool="pay"), replayed("x", outside=[miss()]))
APPROVED = verdict_on(recorded("a", id="c3", tool="hold"), replayed("b")).model_copy(
    update={"approved": True}
)
VERDICTS = [RENAMED, UNANSWERED, APPROVED]
EXAMPLES = {verdict.tool_call_id: verdict for verdict in VERDICTS}
RUN = ReplayRun(
    id="r1",
    started_at=AT,
    ended_at="2026-11-21T09:00:01.500000Z",
    status="finished",
    toolbox="shop.tools:toolbox",
    trace_count=1,
    call_count=4,
    exit_code=2,
    verdict_counts={"same": 1, "response_changed": 2, "unanswered": 1},
    coverage={"calls": {"book": 1, "pay": 1, "hold": 1, "list": 1}},
    tool_sources={
        "book": {"file": "shop/tools.py", "line": 12},
        "hold": {"file": "shop/tools.py", "line": 30},
        "list": {"file": "/usr/lib/python/lists.py", "line": 1},
    },
)
HOSTILE = "x`|@team <img src=x> #1 [a](http://evil) ```\n::error::pwned %0A ![b](c) www.evil.com"


def hostile() -> tuple[CallVerdict, Finding]:
    """A call and its finding whose every text is out to be more than text."""
    verdict = verdict_on(
        recorded(json.dumps({"note": HOSTILE}), id="c9", tool=HOSTILE),
        replayed(json.dumps({"other": HOSTILE})),
    ).model_copy(update={"trace_id": HOSTILE})
    (finding,) = collect([verdict])
    return verdict, finding.model_copy(update={"title": HOSTILE, "tool": HOSTILE})


def cases_of(*by_trace: tuple[str, list[CallVerdict]]) -> list[TraceCase]:
    return [TraceCase(name, max(1, len(found)), 1, found) for name, found in by_trace]


def test_junit_has_a_case_for_every_trace() -> None:
    cases = cases_of(
        ("t-changed", [RENAMED, APPROVED]),
        ("t-open", [UNANSWERED]),
        ("t-approved", [APPROVED]),
        ("t-same", []),
    )
    served = TraceCase("t-served", 3, 0)
    root = ElementTree.fromstring(junit_xml(RUN, collect(VERDICTS), [*cases, served]))
    (suite,) = root

    told = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert told == {
        "t-changed": ["failure"],
        "t-open": ["error"],
        "t-approved": [],
        "t-same": [],
        "t-served": ["skipped"],
    }
    counts = {"tests": "5", "failures": "1", "errors": "1"}
    assert root.attrib == {"name": "replay", **counts}
    assert suite.attrib == {
        "name": "replay",
        **counts,
        "skipped": "1",
        "time": "1.500",
        "timestamp": AT[:19],
    }
    failure = suite.find("testcase[@name='t-changed']/failure")
    assert failure is not None
    assert failure.attrib == {
        "type": "response_changed",
        "message": "book: `province` is now `state`",
    }
    assert '+ state: "TX"' in (failure.text or "")
    assert "hold" not in (failure.text or "")  # it is approved


def test_junit_has_only_what_its_schema_allows() -> None:
    """Elements and attributes of Jenkins' schema (xunit-plugin, junit-10), where we use them."""
    allowed = {
        "testsuites": {"name", "time", "tests", "failures", "errors"},
        "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
        "properties": set(),
        "property": {"name", "value"},
        "testcase": {"name", "time", "classname", "group"},
        "failure": {"type", "message"},
        "error": {"type", "message"},
        "skipped": {"type", "message"},
        "system-out": set(),
    }
    text = junit_xml(RUN, collect(VERDICTS), cases_of(("t1", VERDICTS), ("t2", [UNANSWERED])))

    for element in ElementTree.fromstring(text).iter():
        assert set(element.attrib) <= allowed[element.tag], element.tag


def test_junit_is_xml_whatever_the_tools_say() -> None:
    evil = verdict_on(recorded("fine"), replayed("]]> \x00 \x1b & <b> \ud800 \uffff"))

    text = junit_xml(RUN, collect([evil]), cases_of(("]]> \x00 <&\"'", [evil])))

    assert ElementTree.fromstring(text.encode("utf-8")).get("failures") == "1"


def test_markdown_has_a_table_and_the_differences_folded_away() -> None:
    assert (
        markdown(RUN, collect(VERDICTS), examples=EXAMPLES)
        == """\
**4 calls of 1 trace: 1 same, 1 changed, 1 unanswered, 1 approved in 2 findings**

| | finding | calls | cause | where |
|---|---|---|---|---|
| ~ | `book: 'province' is now 'state'` | 1 of 1 | unknown | `shop/tools.py:12` |
| ? | `pay: asks GET /rooms/*, which no cassette answers` | 1 of 1 | \
the recording has no answer from the outside | `shop/tools.py:1` |

<details><summary>~ <code>book: &#x27;province&#x27; is now &#x27;state&#x27;</code></summary>

in trace `t1`, step 2; accept it: `replay approve SIGNATURE_1`

```diff
- province: "TX"
+ state: "TX"
```

</details>

<details><summary>? <code>pay: asks GET /rooms/*, which no cassette answers</code></summary>

in trace `t1`, step 2; accept it: `replay approve SIGNATURE_2`

```diff
? GET https://api.example.com/rooms/7: no recorded answer
```

</details>

1 approved finding.
""".replace("SIGNATURE_1", RENAMED.signature or "").replace(
            "SIGNATURE_2", UNANSWERED.signature or ""
        )
    )


def test_what_was_read_by_another_version_is_in_junit_and_markdown() -> None:
    coverage = {
        "written_for": [{"tool": "book", "version": "1", "by": "named", "calls": 3}],
        "versions": [
            {"tool": "book", "recorded": "1", "today": "2", "translation": ["1", "2"], "calls": 3}
        ],
    }
    run = RUN.model_copy(update={"coverage": coverage})

    said = markdown(run, [])
    suite = ElementTree.fromstring(junit_xml(run, [], []))

    assert "book: 3 calls taken for version 1: you say so." in said
    assert "book: 3 calls of version 1, translated: 1 → 2" in said
    told = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert told["written_for"] == "book: 3 calls taken for version 1: you say so"
    assert told["versions"] == "book: 3 calls of version 1, translated: 1 → 2"


def test_nothing_that_was_recorded_means_anything_in_markdown() -> None:
    verdict, finding = hostile()

    text = markdown(RUN, [finding], examples={"c9": verdict})

    row = next(line for line in text.splitlines() if line.startswith("| ~"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    without_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    without_code = re.sub(r"<code>.*?</code>", "", without_code)
    for sign in ("@", "<img", "#1", "](", "www."):
        assert sign not in without_code
    assert "<code>x&#x27;|@team &lt;img" in text


@pytest.mark.parametrize("finding_count", [60, 3_000])
def test_markdown_fits_into_a_comment_and_says_what_it_left_out(finding_count: int) -> None:
    verdict = verdict_on(
        recorded(json.dumps({f"key_{n}": "x" * 90 for n in range(8)})),
        replayed(json.dumps({f"other_{n}": "y" * 90 for n in range(8)})),
    )
    (finding,) = collect([verdict])
    found = [finding.model_copy(update={"signature": f"{n:012x}"}) for n in range(finding_count)]

    text = markdown(RUN, found, examples={verdict.tool_call_id: verdict})

    assert SIZE_MAX * 0.9 < len(text) <= SIZE_MAX
    assert re.search(r"[\d,]+ examples left out: the report would be too long\.", text)
    assert ("more findings." in text) == (finding_count == 3_000)
    assert text.count("<details>") == text.count("</details>")


def test_sarif_puts_each_finding_at_its_tool_and_keeps_it_one_alert() -> None:
    log = sarif(RUN, collect(VERDICTS), examples=EXAMPLES)

    (run,) = log["runs"]
    told = {
        result["partialFingerprints"]["replayFinding/v1"]: (
            result["ruleId"],
            result["level"],
            place(result),
            "suppressions" in result,
        )
        for result in run["results"]
    }
    assert told == {
        RENAMED.signature: ("response_changed.unknown", "warning", ("shop/tools.py", 12), False),
        # Its tool is gone: the file of most others.
        UNANSWERED.signature: ("unanswered.outside", "warning", ("shop/tools.py", 1), False),
        APPROVED.signature: ("response_changed.unknown", "warning", ("shop/tools.py", 30), True),
    }
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert run["invocations"][0]["executionSuccessful"] is True


def test_sarif_has_what_its_schema_and_github_require() -> None:
    verdict, finding = hostile()
    log = sarif(RUN, [finding], examples={"c9": verdict})

    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"]
    for rule in driver["rules"]:
        assert rule["id"]
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
    for result in run["results"]:
        assert result["message"]["text"]
        assert "](" not in result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["locations"]
    assert json.loads(json.dumps(log)) == log


def place(result: JsonObject) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_annotations_stand_at_the_tool_and_say_the_finding() -> None:
    lines = annotation_lines(RUN, collect(VERDICTS), examples=EXAMPLES).splitlines()

    assert len(lines) == 2  # the approved one is not said
    assert lines[0].startswith(
        "::warning file=shop/tools.py,line=12,title=replay%3A book%3A `province` is now `state`::"
    )
    assert '%0A    + state: "TX"' in lines[0]


def test_a_finding_is_one_line_whatever_was_recorded() -> None:
    verdict, finding = hostile()

    (line,) = annotation_lines(RUN, [finding], examples={"c9": verdict}).splitlines()

    assert line.startswith("::warning file=shop/tools.py,line=1,title=")
    head, _, value = line[2:].partition("::")
    assert "pwned" in head
    assert "%250A" in head
    assert "\n" not in value


def test_more_annotations_than_github_shows_are_counted() -> None:
    (finding,) = collect([RENAMED])
    many = [finding.model_copy(update={"signature": f"{n:012x}"}) for n in range(SHOWN_MAX + 5)]

    lines = annotation_lines(RUN, many).splitlines()

    assert len(lines) == SHOWN_MAX
    assert lines[-1] == "::warning title=replay::6 more findings; the report has them"


def test_github_obeys_nothing_in_a_report() -> None:
    first, *text, last = inert("a\n::error::pwned").splitlines()

    assert text == ["a", "::error::pwned"]
    token = first.removeprefix("::stop-commands::")
    assert last == f"::{token}::"
    assert len(token) > 30
    assert inert("a") != inert("a")
