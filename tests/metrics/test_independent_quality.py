"""Labels, calibration, retries, endings and cold starts, equal to what exported lines give."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from tests.metrics.cases import Case, name_of
from tests.metrics.independent import (
    Row,
    Told,
    arguments_of,
    moment_us,
    reliability,
)
from tests.metrics.test_calls import quantile


def test_accuracy_is_what_the_newest_label_of_each_step_says(drawn: Case) -> None:
    found = drawn.quality()["accuracy"]

    rows: dict[str, Counter[str]] = {}
    for one in drawn.traces:
        for step, said in newest_labels(one).items():
            called = called_at(one, step)
            row = rows.setdefault(called["tool"] if called else "no call", Counter())
            row["labelled"] += 1
            row["right tool"] += right_tool(said, called)
            row["right"] += is_right(said, called)
    assert {
        one["tool"]: (one["labelled_count"], one["right_tool_count"], one["right_count"])
        for one in found
    } == {tool: (row["labelled"], row["right tool"], row["right"]) for tool, row in rows.items()}
    assert rows


def newest_labels(one: Told) -> dict[int, Row]:
    counting = [
        said
        for said in one.feedback
        if said["step_number"] is not None
        and (said["correction"] is not None or said["score"] in (0.0, 1.0))
    ]
    counting.sort(key=lambda said: (said["created_at"], said["id"]))
    return {said["step_number"]: said for said in counting}


def called_at(one: Told, step: int) -> Row | None:
    (row,) = [row for row in one.steps if row["step_number"] == step]
    if row["kind"] == "tool_call":
        return row
    calls = [call for call in one.calls if call["model_call_id"] == row["id"]]
    return min(calls, key=lambda call: call["call_index"], default=None)


def right_tool(said: Row, called: Row | None) -> bool:
    if said["correction"] is not None:
        return called is not None and bool(said["correction"]["tool"] == called["tool"])
    return bool(said["score"] == 1)


def is_right(said: Row, called: Row | None) -> bool:
    if said["correction"] is None or not right_tool(said, called):
        return right_tool(said, called)
    assert called is not None
    return bool(said["correction"]["arguments"] == arguments_of(called))


def test_calibration_is_the_reliability_table_of_the_log_probabilities(drawn: Case) -> None:
    found = drawn.quality()["calibration"]

    judged: dict[str, list[tuple[float, bool, bool]]] = {}
    for one in drawn.traces:
        labels = newest_labels(one)
        for model in one.models:
            said = model["attributes"].get("token_logprobs")
            calls = [call for call in one.calls if call["model_call_id"] == model["id"]]
            of_calls = [
                is_right(labels[call["step_number"]], call)
                for call in calls
                if call["step_number"] in labels
            ]
            if not said:
                continue
            if model["step_number"] in labels:
                step = model["step_number"]
                right, by_person = is_right(labels[step], called_at(one, step)), True
            elif of_calls:
                right, by_person = all(of_calls), True
            elif calls:
                right, by_person = all(call["outcome"] == "ok" for call in calls), False
            else:
                continue
            sure = math.exp(sum(said) / len(said))
            judged.setdefault(name_of(model), []).append((sure, right, by_person))
    assert {one["model"] for one in found} == set(judged)
    for one in found:
        rows, error = reliability(
            [sure for sure, _, _ in judged[one["model"]]],
            [right for _, right, _ in judged[one["model"]]],
        )
        assert one["error"] == pytest.approx(error)
        assert one["labelled_count"] == sum(by for _, _, by in judged[one["model"]])
        assert [
            {**{name: bin[name] for name in ("low", "output_count", "sure")}}
            | {"right": bin["right"]["value"]}
            for bin in one["bins"]
        ] == [pytest.approx(row) for row in rows]


def test_what_was_asked_again_is_what_the_lines_say_came_later(drawn: Case) -> None:
    found = drawn.quality()["retries"]

    rows: dict[str, Counter[str]] = {}
    for one in drawn.traces:
        for call in one.calls:
            row = rows.setdefault(call["tool"], Counter())
            row["extra"] += one.attempts[call["id"]]
            if call["outcome"] == "ok":
                continue
            later = [
                other
                for other in one.calls
                if other["step_number"] > call["step_number"]
                and (other["tool"], other["actor"]) == (call["tool"], call["actor"])
            ]
            row["not ok"] += 1
            row["again"] += bool(later)
            row["mended"] += any(other["outcome"] == "ok" for other in later)
    names = ("not_ok_count", "asked_again_count", "mended_count", "extra_attempt_count")
    assert {one["tool"]: tuple(one[name] for name in names) for one in found} == {
        tool: (row["not ok"], row["again"], row["mended"], row["extra"])
        for tool, row in rows.items()
        if row["not ok"] or row["extra"]
    }


def test_successes_are_the_traces_that_say_so(drawn: Case) -> None:
    found = drawn.quality()["endings"]

    said = [one.trace["outcome"] for one in drawn.traces if one.trace["outcome"] is not None]
    good = [one for one in said if one in ("success", "Success: booked")]
    assert found["success"]["value"] == pytest.approx(len(good) / len(said))
    assert found["outcome_counts"] == Counter(said)
    assert found["unsaid_count"] == len(drawn.traces) - len(said)


def test_cold_calls_are_those_after_ten_minutes_without_one(drawn: Case) -> None:
    since = sorted(one.trace["started_at"] for one in drawn.traces)[13]

    check_cold(drawn, drawn.quality()["cold_starts"], since="")
    check_cold(drawn, drawn.quality("--since", since)["cold_starts"], since=since)
    of_one = drawn.quality("--model", "small-1")["cold_starts"]
    check_cold(drawn, of_one, since="", model="small-1")


def check_cold(case: Case, found: list[Row], since: str, model: str | None = None) -> None:
    calls = [(call, one) for one in case.traces for call in one.calls]
    wanted = {}
    for tool in {call["tool"] for call, _ in calls}:
        starts = [moment_us(call["started_at"]) for call, _ in calls if call["tool"] == tool]
        cold, warm = [], []
        for call, one in calls:
            asked = one.model_of(call)
            if call["tool"] != tool or call["duration_ms"] is None or call["started_at"] < since:
                continue
            if model is not None and (asked is None or name_of(asked) != model):
                continue
            start = moment_us(call["started_at"])
            before = [other for other in starts if other < start]
            is_cold = not before or start - max(before) > 600 * 10**6
            (cold if is_cold else warm).append(call["duration_ms"])
        if cold and warm:
            halves = quantile(cold, 0.5), quantile(warm, 0.5)
            wanted[tool] = (len(cold), len(warm), *map(pytest.approx, halves))
    names = ("cold_count", "warm_count", "cold_p50_ms", "warm_p50_ms")
    assert {one["tool"]: tuple(one[name] for name in names) for one in found} == wanted
    assert wanted
