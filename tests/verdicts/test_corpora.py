"""Real calls whose verdicts are known, with both texts: only what differs is listed there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from replay.records import CallError, CallVerdict, Finding, Lanes, Outcome, ReplayedCall, Stage
from replay.records import Verdict as V
from replay.verdicts import Rules, collect, diff_values, judge
from replay.verdicts.canonical import read_response
from tests.verdicts.calls import recorded, replayed

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
TEXT_CHARS_MAX = 3000
"""The corpora cut longer texts: such a pair no longer parses."""

VERDICTS = {
    "changed": V.RESPONSE_CHANGED,
    "cosmetic": V.EQUIVALENT,
    "ok_to_error": V.NOW_FAILING,
    "unknown_tool": V.NOW_REJECTED,
}
CAUSES = {"code": "code", "data": "outside", "carried": "carried"}

pytestmark = pytest.mark.corpora


def calls(scenario: str) -> list[dict[str, Any]]:
    file = CORPORA / "diffs" / f"{scenario}.jsonl"
    if not file.exists():
        pytest.skip(f"The recorded corpora are not at {CORPORA}.")
    return [json.loads(line) for line in file.read_text().splitlines()]


def judged(row: dict[str, Any], index: int) -> CallVerdict:
    call = recorded(
        row["recorded"],
        id=f"c{index}",
        tool=row["tool"],
        trace_id=row["transcript"],
        step_number=row["call_index"] + 1,
    )
    today, old = answer(row), replayed(row["recorded"], tool=row["tool"])
    if row.get("cause") is None:
        return judge(call, Lanes(replayed=today), Rules(), run_id="r1")
    lanes = Lanes(
        replayed=today,
        baseline=old,
        on_old_state=today if row["cause"] == "code" else old,
        on_old_start=old if row["cause"] == "data" else today,
    )
    return judge(call, lanes, Rules(), run_id="r1")


def answer(row: dict[str, Any]) -> ReplayedCall:
    outcome, stage = Outcome.OK, Stage.ENCODE
    if row["verdict"] == "ok_to_error":
        outcome, stage = Outcome.FAILED, Stage.INVOKE
    if row["verdict"] == "unknown_tool":
        outcome, stage = Outcome.UNKNOWN_TOOL, Stage.RESOLVE
    error = CallError(type=row["exc"] or "", message=row["replayed"], stage=stage)
    failed = error if outcome is not Outcome.OK else None
    return replayed(row["replayed"], outcome, error=failed, tool=row["tool"])


def findings(scenario: str) -> list[Finding]:
    whole = [row for row in calls(scenario) if is_whole(row)]
    return collect(judged(row, index) for index, row in enumerate(whole))


@pytest.mark.parametrize("scenario", ["t1a.head", "t1a.pr44", "bfgt.5e24ad97", "bfgt.8db0b7ca"])
def test_every_known_call_has_its_known_verdict_and_cause(scenario: str) -> None:
    rows = calls(scenario)

    confusion = Counter(
        (
            verdict.verdict is VERDICTS[row["verdict"]],
            row.get("cause") is None or verdict.cause == CAUSES[row["cause"]],
        )
        for verdict, row in ((judged(row, index), row) for index, row in enumerate(rows))
    )

    assert confusion == {(True, True): len(rows)}


def test_a_renamed_field_in_120_calls_is_one_finding_with_both_names() -> None:
    (finding,) = findings("t1a.head")

    assert finding.title == "get_user_details: `address.province` is now `address.state`"
    assert finding.call_count == 120


def test_330_changed_calls_are_eight_findings() -> None:
    told = {finding.title: finding.call_count for finding in findings("t1a.pr44")}

    assert told == {
        "get_user_details: `address.province` is now `address.state`": 120,
        "search_direct_flight: new `[*].date`, results reordered": 116,
        "update_reservation_flights: `cabin` differs": 48,
        "search_onestop_flight: results reordered": 8,
        "update_reservation_baggages: `cabin` differs": 6,
        "book_reservation: `payment_history` reordered": 5,
        'cancel_reservation: `cabin` differs ("basic_economy" → "economy")': 3,
        "update_reservation_baggages: `payment_history` reordered": 1,
    }


@pytest.mark.parametrize("scenario", ["t1a.head", "t1a.pr44", "bfgt.8db0b7ca"])
def test_the_paths_that_differ_are_those_that_are_known(scenario: str) -> None:
    for row in calls(scenario):
        paths = row["changed_paths"]
        if not paths or not is_whole(row) or any("(reordered)" in p or p[0] == "#" for p in paths):
            continue
        old, new = read_response(row["recorded"]).value, read_response(row["replayed"]).value
        changes = diff_values(old, new)
        if any(change.change == "moved" for change in changes):
            continue  # said as an order here, as single fields there

        assert sorted(pointer(change.path) for change in changes) == sorted(
            path[1:] for path in paths
        )


def is_whole(row: dict[str, Any]) -> bool:
    return max(len(row["recorded"]), len(row["replayed"])) < TEXT_CHARS_MAX


def pointer(path: str) -> str:
    from replay.verdicts.paths import split

    return "".join(f"/{part}" for part in split(path))
