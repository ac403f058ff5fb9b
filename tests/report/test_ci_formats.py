from __future__ import annotations

import json
from xml.etree import ElementTree

from replay.records import CallVerdict, ReplayRun
from replay.report.junit import junit_xml
from replay.report.markdown import markdown
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
    toolbox="shop:toolbox",
    trace_count=1,
    call_count=4,
    verdict_counts={"same": 1, "response_changed": 2, "unanswered": 1},
    coverage={"calls": {"book": 1, "pay": 1, "hold": 1, "list": 1}},
)


def test_junit_has_a_case_for_every_finding_and_for_every_quiet_tool() -> None:
    suite = ElementTree.fromstring(junit_xml(RUN, collect(VERDICTS), examples=EXAMPLES))

    cases = {case.get("classname"): [child.tag for child in case] for case in suite}
    assert cases == {"book": ["failure"], "pay": ["error"], "hold": [], "list": []}
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")
    failure = suite.find("testcase[@classname='book']/failure")
    assert failure is not None
    assert failure.get("message") == "book: `province` is now `state`"
    assert '+ state: "TX"' in (failure.text or "")


def test_junit_is_xml_whatever_the_tools_say() -> None:
    evil: CallVerdict = verdict_on(recorded("fine"), replayed("]]> \x00 \x1b & <b> \ud800 \uffff"))

    text = junit_xml(RUN, collect([evil]), examples={evil.tool_call_id: evil})

    assert ElementTree.fromstring(text.encode("utf-8")).get("failures") == "1"


def test_markdown_has_a_table_and_the_differences_of_the_examples() -> None:
    assert (
        markdown(RUN, collect(VERDICTS), examples=EXAMPLES)
        == """\
**4 calls of 1 trace: 1 same, 1 changed, 1 unanswered, 1 approved in 2 findings**

| | finding | calls | cause |
|---|---|---|---|
| ~ | book: `province` is now `state` | 1 of 1 | unknown |
| ? | pay: asks GET /rooms/*, which no cassette answers | 1 of 1 | \
the recording has no answer from the outside |

`book` in trace t1, step 2

```diff
- province: "TX"
+ state: "TX"
```

`pay` in trace t1, step 2

```diff
? GET https://api.example.com/rooms/7: no recorded answer
```

1 approved finding.
"""
    )
