from __future__ import annotations

import json
from typing import Any

from replay.config import IgnoreRule
from replay.records import CallVerdict, InteractionChange, Outcome, ReplayRun
from replay.report.diff_text import render_runs, render_verdict
from replay.report.json_report import run_report, runs_report
from replay.verdicts import Rules, Situation, collect
from tests.verdicts.calls import AT, failure, miss, recorded, replayed, verdict_on


def changed(old: Any, new: Any, rules: Rules | None = None) -> CallVerdict:
    return verdict_on(recorded(json.dumps(old)), replayed(json.dumps(new)), rules)


def test_a_call_is_shown_with_what_was_asked_and_every_difference() -> None:
    verdict = changed(
        {"state": "TX", "etag": 1, "rows": [1, 2]},
        {"state": "CA", "etag": 2, "rows": [2, 1], "zip": None},
        Rules([IgnoreRule(path="etag")]),
    )

    assert (
        render_verdict(verdict, recorded())
        == """\
~ book: changed
  trace t1, step 2
  cause: unknown
  arguments: {"room": 7}
  - state: "TX"
  + state: "CA"
  ~ rows: reordered (was 0 1, now 1 0)
  + zip: null
  allowed (1 difference):
    - etag: 1
    + etag: 2"""
    )


def test_long_values_take_several_lines_and_nothing_is_cut() -> None:
    value = {"name": "x" * 50, "tags": ["one", "two"], "more": {"deep": "y" * 90}}

    text = render_verdict(changed({}, {"v": value}), width=60)

    assert max(map(len, text.splitlines())) <= 60
    assert text.count("x") == 50
    assert text.count("y") == 90
    assert '  +   "tags": [' in text


def test_a_text_of_several_lines_shows_only_the_lines_that_differ() -> None:
    old = "Dear Mia,\nyour room is 7.\nIt has a view.\nBreakfast is at 8.\nYours"
    verdict = changed({"mail": old}, {"mail": old.replace("at 8", "at 9")})

    assert render_verdict(verdict).splitlines()[3:] == [
        "  ~ mail:",
        "    ⋮",
        "     It has a view.",
        "    -Breakfast is at 8.",
        "    +Breakfast is at 9.",
        "     Yours",
    ]


def test_what_the_outside_is_asked_is_shown_request_by_request() -> None:
    outside = [
        InteractionChange(
            change="changed",
            request="POST https://api.example.com/refunds",
            field="body.amount",
            recorded=10,
            replayed=1000,
        ),
        InteractionChange(change="removed", request="GET https://api.example.com/rates"),
        InteractionChange(change="added", request="GET https://api.example.com/rates/2"),
        InteractionChange(change="reordered", request="GET https://api.example.com/a"),
        miss().model_copy(update={"nearest": "GET https://api.example.com/rooms/8"}),
    ]

    text = render_verdict(verdict_on(recorded("ok"), replayed("ok", outside=outside)))

    assert text.splitlines()[3:] == [
        "  ~ POST https://api.example.com/refunds",
        "    - body.amount 10",
        "    + body.amount 1000",
        "  no longer asks GET https://api.example.com/rates",
        "  now asks GET https://api.example.com/rates/2",
        "  asks GET https://api.example.com/a at another place",
        "  ? GET https://api.example.com/rooms/7: no recorded answer",
        "    nearest: GET https://api.example.com/rooms/8",
    ]


def test_a_long_request_is_cut_and_not_what_is_said_of_it() -> None:
    gone = InteractionChange(change="reordered", request="GET https://a.example/" + "x" * 90)

    text = render_verdict(verdict_on(recorded("ok"), replayed("ok", outside=[gone])))

    assert text.splitlines()[-1].endswith("xxx… at another place")
    assert max(map(len, text.splitlines())) <= 80


def test_the_facts_of_a_verdict_are_said() -> None:
    today = replayed("x", Outcome.FAILED, error=failure("x"), state_hash="b")
    today = today.model_copy(
        update={"schema_errors": [{"loc": ["room"], "msg": "Field required"}], "note": "Slow."}
    )
    verdict = verdict_on(
        recorded("ok", state_hash="a"),
        today,
        situation=Situation(conditional=True, same_world_before=True),
    )

    assert render_verdict(verdict).splitlines()[2:-2] == [
        "  cause: today's code answers differently",
        "  outcome: ok when recorded, failed today",
        "  conditional: an earlier call of the trace differs already",
        "  effect: it leaves another state of the world behind",
        "  Slow.",
        "  today's schema: room: Field required",
    ]


def run(run_id: str, verdicts: list[CallVerdict], digest: str | None = None) -> ReplayRun:
    return ReplayRun(
        id=run_id,
        started_at=AT,
        toolbox="shop:toolbox",
        trace_count=1,
        call_count=len(verdicts),
        verdict_counts={"response_changed": len(verdicts)},
        digest=digest,
        exit_code=2,
    )


A, B, C = changed({"a": 1}, {"a": 2}), changed({"b": 1}, {"b": 2}), changed({"c": 1}, {"c": 2})


def test_two_runs_are_compared_by_their_findings() -> None:
    old, new = [A, B], [B, B, C]

    text = render_runs(run("r1", old), collect(old), run("r2", new), collect(new))

    assert (
        text
        == """\
r1  2 calls of 1 trace: 2 changed in 2 findings
r2  3 calls of 1 trace: 3 changed in 2 findings

New: 1 finding
  ~ book: `c` differs (1 → 2) (1 call)

Gone: 1 finding
  ~ book: `a` differs (1 → 2) (1 call)

In both: 1 finding
  ~ book: `b` differs (1 → 2) (1 → 2 calls)"""
    )


def test_two_runs_with_one_digest_gave_the_same_results() -> None:
    text = render_runs(run("r1", [A], "d"), collect([A]), run("r2", [A], "d"), collect([A]))

    assert text.endswith("\n\nBoth runs gave the same results, byte for byte.")


def test_the_json_of_a_run_holds_its_findings_with_their_examples() -> None:
    findings = collect([A])

    report = run_report(run("r1", [A]), findings, examples={A.tool_call_id: A})

    assert json.loads(json.dumps(report)) == report
    assert (report["format"], report["exit_code"]) == (1, 2)
    assert report["headline"] == "1 call of 1 trace: 1 changed in 1 finding"
    assert report["run"]["id"] == "r1"
    assert report["findings"][0]["signature"] == findings[0].signature
    assert report["findings"][0]["example"]["changes"][0]["path"] == "a"


def test_the_json_of_two_runs_says_what_is_new_gone_and_in_both() -> None:
    old, new = [A, B], [B, B, C]

    report = runs_report(run("r1", old), collect(old), run("r2", new), collect(new))

    shown = {key: [f["title"] for f in report[key]] for key in ("new", "gone", "both")}
    assert shown == {
        "new": ["book: `c` differs (1 → 2)"],
        "gone": ["book: `a` differs (1 → 2)"],
        "both": ["book: `b` differs (1 → 2)"],
    }
    assert report["both"][0]["call_count_before"] == 1


def test_the_nearest_request_is_never_cut() -> None:
    nearest = "GET https://api.example.com/rooms/8: it differs in path: " + "/rooms" * 30
    outside = [miss().model_copy(update={"nearest": nearest})]

    text = render_verdict(verdict_on(recorded("ok"), replayed("ok", outside=outside)))

    assert max(map(len, text.splitlines())) <= 80
    assert nearest.replace(" ", "") in "".join(text.split())


def test_fields_of_one_request_stand_under_it_and_it_is_named_once() -> None:
    asked = InteractionChange(
        change="unanswered", request="GET https://a.example/products?query=tea"
    )
    gone = {"field": "query.q", "recorded": "tea"}
    new = {"field": "query.query", "replayed": "tea", "change": "changed"}
    outside = [asked.model_copy(update=gone), asked.model_copy(update=new)]

    text = render_verdict(verdict_on(recorded("ok"), replayed("ok", outside=outside)))

    assert text.splitlines()[-3:] == [
        "  ~ GET https://a.example/products?query=tea: no recorded answer",
        '    - query.q "tea"',
        '    + query.query "tea"',
    ]


def test_a_changed_request_shows_both_values_and_how_often_it_is_sent() -> None:
    asked = InteractionChange(change="unanswered", request="POST https://a.example/refunds")
    amount = {"field": "body.amount", "recorded": 15.5, "replayed": 1550.0}
    times = {"field": "times", "recorded": 1, "replayed": 2}
    outside = [asked.model_copy(update=amount), asked.model_copy(update=times)]

    text = render_verdict(verdict_on(recorded("ok"), replayed("ok", outside=outside)))

    assert text.splitlines()[-4:] == [
        "  ~ POST https://a.example/refunds: no recorded answer",
        "    - body.amount 15.5",
        "    + body.amount 1550.0",
        "  ~ POST https://a.example/refunds: sent twice, recorded once",
    ]
