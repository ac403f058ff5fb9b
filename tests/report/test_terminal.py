from __future__ import annotations

import json
import re
from typing import Any

import pytest

from replay.records import CallVerdict, Cause, Finding, Outcome, ReplayRun, Stage, Verdict
from replay.report.ink import Ink, cells
from replay.report.terminal import finding_lines, headline, render_run
from replay.verdicts import Situation, collect, exit_code
from tests.verdicts.calls import AT, failure, miss, recorded, replayed, verdict_on


def changed(
    old: Any, new: Any, step: int = 2, *, stateless: bool = False, **fields: Any
) -> CallVerdict:
    call = recorded(json.dumps(old), step_number=step, id=f"c{step}", **fields)
    after = Situation(conditional=step > 4, stateless=stateless)
    return verdict_on(call, replayed(json.dumps(new), tool=call.tool), situation=after)


def run_of(verdicts: list[CallVerdict], **fields: Any) -> ReplayRun:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.verdict.value] = counts.get(verdict.verdict.value, 0) + 1
    return ReplayRun(
        id="run_1",
        started_at=AT,
        status="finished",
        toolbox="shop.tools:toolbox",
        trace_count=len({verdict.trace_id for verdict in verdicts}),
        call_count=len(verdicts),
        verdict_counts=counts,
        conditional_count=sum(verdict.conditional for verdict in verdicts),
        exit_code=exit_code(verdicts),
        **fields,
    )


def report(verdicts: list[CallVerdict], width: int = 80, **fields: Any) -> str:
    color = fields.pop("color", False)
    findings = fields.pop("findings", None) or collect(verdicts)
    examples = {verdict.tool_call_id: verdict for verdict in verdicts}
    return render_run(
        run_of(verdicts, **fields), findings, examples=examples, width=width, color=color
    )


MIXED = [
    changed({"address": {"province": "TX"}}, {"address": {"state": "TX"}}, 2),
    changed({"address": {"province": "CA"}}, {"address": {"state": "CA"}}, 3, trace_id="t2"),
    changed({"address": {"province": "CA"}}, {"address": {"state": "CA"}}, 5),
    changed({"a": 1}, {"a": 1}, 4),
    verdict_on(
        recorded('{"id": 7}', tool="pay", id="c6", step_number=6),
        replayed("Error: no", Outcome.FAILED, error=failure("card 12 was declined"), tool="pay"),
    ),
]


def test_a_report_reads_well_at_80_columns_without_colour() -> None:
    coverage = {
        "tools": ["cancel", "refund"],
        "arguments": {"book": ["note"]},
        "values": {"book": {"board": ["full"]}},
        "outcomes": {"book": ["failing"]},
    }

    text = report(MIXED, coverage=coverage)

    pay, book = (finding.signature for finding in collect(MIXED))
    assert (
        text.split("\nNext\n")[0]
        == f"""\
5 calls of 2 traces: 1 same, 1 now failing, 3 changed in 2 findings
1 call came after the first difference of their trace: there the model spoke to
a world that no longer holds (conditional).

✗ pay: now fails: ValueError: card 12 was declined
  1 of 1 call, 1 trace
  cause: unknown; `--baseline git:REF` would tell: it runs the old code too
  finding {pay}, first in trace t1, step 6
    - {{"id": 7}}
    + "Error: no"

~ book: `address.province` is now `address.state`
  3 of 4 calls, 2 traces, 1 after an earlier difference (conditional)
  cause: unknown; `--baseline git:REF` would tell: it runs the old code too
  finding {book}, first in trace t1, step 2
    - address.province: "TX"
    + address.state: "TX"

Not reached by this traffic
  never called: cancel, refund
  book: never given note
  book: board never full
"""
    )


def test_a_report_ends_with_what_to_type_next() -> None:
    assert report(MIXED).split("\n\n")[-1].splitlines() == [
        "Next",
        "  replay diff traces.db run_1 --all      every differing call",
        "  replay show traces.db t1               the example's whole trace",
        f"  replay approve traces.db {collect(MIXED)[0].signature}  accept the first finding",
    ]


def test_what_nobody_could_judge_is_not_offered_for_approval() -> None:
    call = recorded(None, outcome=Outcome.UNFINISHED)

    text = report([verdict_on(call, replayed("{}", tool=call.tool))])

    assert "could not be judged" in text
    assert "replay show" in text
    assert "replay approve" not in text


def test_a_schema_that_forbids_what_tools_accept_is_told() -> None:
    coverage = {"schema_disagrees": {"book": {"calls": 179, "objection": "room: is not a number"}}}

    assert (
        report([changed(1, 1)], coverage=coverage)
        == """\
1 call of 1 trace: all the same

Ran, though today's schema forbids it
  book: 179 calls, room: is not a number"""
    )


def test_nothing_changed_is_one_line() -> None:
    assert report([changed({"a": 1}, {"a": 1})]) == "1 call of 1 trace: all the same"


def test_a_run_of_nothing_says_so_and_not_that_all_is_well() -> None:
    assert headline(run_of([])) == "0 calls of 0 traces: nothing was replayed"


def test_counts_have_thousands_separators() -> None:
    run = run_of([]).model_copy(
        update={
            "call_count": 1164,
            "trace_count": 200,
            "verdict_counts": {"same": 1044, "response_changed": 120},
        }
    )
    finding = collect([changed(1, 2)])

    assert headline(run, finding) == (
        "1,164 calls of 200 traces: 1,044 same, 120 changed in 1 finding"
    )


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    verdicts = [
        *MIXED,
        changed({"名前": "東京都" * 40}, {"名前": "大阪府" * 40}, 7, tool="find_town"),
        changed([{"id": n} for n in range(50)], [{"id": n} for n in range(49, -1, -1)], 8),
        verdict_on(
            recorded("x", id="c9", step_number=9, tool="look_up_the_weather_of_a_town"),
            replayed("x", outside=[miss("GET https://api.example.com/" + "long/" * 30)]),
        ),
    ]

    lines = report(verdicts, width).split("\nNext\n")[0].splitlines()

    assert [line for line in lines if cells(line) > width] == []


def test_colour_adds_nothing_but_colour() -> None:
    plain, colored = report(MIXED), report(MIXED, color=True)

    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_recorded_text_cannot_write_to_the_terminal() -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 \ud800"
    verdicts = [verdict_on(recorded("fine"), replayed(evil, Outcome.FAILED, error=failure(evil)))]

    text = report(verdicts)

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\\x1b[2J" in text


def test_approved_findings_are_told_apart_and_ask_for_nothing() -> None:
    verdicts = [verdict.model_copy(update={"approved": True}) for verdict in MIXED[:2]]

    text = report(verdicts)

    assert (
        text
        == """\
2 calls of 2 traces: 2 approved

Approved
  ✓ book: `address.province` is now `address.state` (2 calls)"""
    )


def test_many_findings_are_cut_and_the_rest_is_counted() -> None:
    verdicts = [changed({f"f{n}": 1}, {f"f{n}": 2}, 2) for n in range(20)]

    text = report(verdicts)

    assert text.count("differs (1 → 2)") == 12
    assert "… 8 more findings; `replay diff traces.db run_1 --all` shows every one." in text


def test_alike_differences_of_one_call_are_shown_once() -> None:
    old = [{"id": n, "price": 5} for n in range(9)]
    new = [{"id": n, "price": 5, "date": "x"} for n in range(9)]

    assert '    + [0].date: "x"  (8 more like it)\n' in report([changed(old, new)])


def test_two_long_texts_are_shown_from_where_they_part() -> None:
    same = "the same words again and again " * 5

    text = report([changed({"note": same + "in May"}, {"note": same + "in June"})])

    assert '    - note: …in and again again in May"' not in text
    assert re.search(r'^    - note: ….{10,30}in May"$', text, re.M)
    assert re.search(r'^    \+ note: ….{10,30}in June"$', text, re.M)


def test_several_models_are_counted() -> None:
    finding: Finding = collect(MIXED)[1].model_copy(update={"models": {"gpt-4o": 2, "gpt-5": 1}})

    text = report(MIXED, findings=[finding])

    assert "(conditional)\n  models: gpt-4o 2, gpt-5 1\n  cause:" in text


def test_an_interrupted_run_says_so() -> None:
    run = run_of([changed(1, 1)]).model_copy(update={"status": "interrupted"})

    assert "The run was interrupted" in render_run(run, [])


def test_a_run_with_everything_approved_says_only_that() -> None:
    verdicts = [changed(1, 1), changed(1, 2, 3).model_copy(update={"approved": True})]

    assert headline(run_of(verdicts), collect(verdicts)) == (
        "2 calls of 1 trace: 1 same, 1 approved"
    )


def test_a_finding_that_outgrew_its_approval_says_so() -> None:
    verdicts = [changed(1, 2)]
    (finding,) = collect(verdicts)
    note = "approved for 2 calls, now 3"
    opened = finding.model_copy(update={"approval_note": note})

    assert f"\n  {note}: look again\n" in report(verdicts, findings=[opened])
    grown = opened.model_copy(update={"approved": True})
    assert report(verdicts, findings=[grown]).endswith(f"({note})")


def test_a_tool_that_is_gone_is_said_to_be_gone() -> None:
    error = failure("no tool", "UnknownTool", Stage.RESOLVE)
    verdict = verdict_on(recorded("ok"), replayed("no", Outcome.UNKNOWN_TOOL, error=error))

    text = report([verdict])

    assert "✗ book: no such tool any more\n" in text
    assert "  cause: today's toolbox has no such tool\n" in text


def test_where_only_values_differ_and_no_baseline_tells_the_doctor_is_named() -> None:
    value = [changed({"total": 3}, {"total": 4}, stateless=True)]
    renamed = [changed({"total": 3}, {"sum": 3}, stateless=True)]
    asked = "replay doctor explain traces.db --tools shop.tools:toolbox --trace t1"

    assert asked in report(value)
    assert asked not in report(value, baseline="git:main")
    assert asked not in report(renamed)


def test_an_effect_of_unknown_place_names_the_baseline_where_none_ran() -> None:
    finding = collect([changed(1, 2)])[0].model_copy(
        update={"verdict": Verdict.EFFECT_CHANGED, "cause": Cause.CODE, "paths": []}
    )
    known = finding.model_copy(update={"paths": ["~refunds[*].amount"]})

    def said(one: Finding, *, has_baseline: bool) -> bool:
        lines = finding_lines(one, None, width=100, ink=Ink(False), has_baseline=has_baseline)
        return "`--baseline git:REF` tells where" in "\n".join(lines)

    assert said(finding, has_baseline=False)
    assert not said(finding, has_baseline=True)
    assert not said(known, has_baseline=False)


def rejected() -> CallVerdict:
    error = failure("no", "ValidationError").model_copy(update={"stage": Stage.VALIDATE})
    return verdict_on(recorded("ok"), replayed("no", Outcome.INVALID_ARGUMENTS, error=error))


def test_where_a_schema_turns_calls_away_the_check_of_schemas_is_named() -> None:
    command = "  replay schema check traces.db --tools shop.tools:toolbox"

    assert command in report([rejected()]).splitlines()
    assert "schema check" not in report(MIXED)
