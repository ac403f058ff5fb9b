"""Accuracy, calibration, retries, endings and cold starts, of calls made up for each."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.metrics import Scope
from replay.metrics.calibration import confidence, read_calibration
from replay.metrics.labels import NO_CALL, accuracy, read_labels
from replay.metrics.runs import read_cold_starts, read_endings, read_retries
from replay.records import Attempt, Feedback, ModelCall, ToolCall, Trace
from replay.store import Store
from tests.metrics.stores import moment


def step(number: int, sure: float | None = None) -> ModelCall:
    attributes = {} if sure is None else {"token_logprobs": [math.log(sure)] * 3}
    return ModelCall(
        id=f"m{number}",
        trace_id="t1",
        step_number=number,
        api="chat.completions",
        model="demo-1",
        started_at=moment(number * 60),
        attributes=attributes,
    )


def call(number: int, tool: str = "search", outcome: str = "ok", **more: Any) -> ToolCall:
    fields: dict[str, Any] = {
        "id": f"c{number}",
        "trace_id": "t1",
        "step_number": number,
        "model_call_id": f"m{number - 1}",
        "tool": tool,
        "arguments": '{"city": "Oslo"}',
        "outcome": outcome,
        "started_at": moment(number * 60),
    }
    return ToolCall(**(fields | more))


def said(number: int, step_number: int, **more: Any) -> Feedback:
    return Feedback(
        id=f"f{number}", trace_id="t1", step_number=step_number, created_at=moment(number), **more
    )


def should(tool: str | None, **arguments: Any) -> dict[str, Any]:
    return {"correction": {"tool": tool, "arguments": arguments}}


RECORDS = [
    Trace(id="t1", started_at=moment(0), outcome="success"),
    Trace(id="t2", started_at=moment(0), outcome="gave up"),
    Trace(id="t3", started_at=moment(0), outcome="Success: booked"),
    Trace(id="t4", started_at=moment(0)),
    step(1, 0.95),
    call(2),
    step(3, 0.91),
    call(4, outcome="failed"),
    step(5, 0.15),
    call(6, "book", "failed"),
    step(7),
    call(8, "book"),
    step(9, 0.55),
    call(10, "search"),
    step(11),
    call(12, "refund", model_call_id=None),
    call(13, "refund", "failed", model_call_id=None),
    said(1, 2, score=0.0),
    said(2, 2, score=1.0),  # somebody looked again
    said(3, 4, **should("book", city="Oslo")),
    said(4, 6, **should("book", city="Oslo")),
    said(5, 8, **should("book", city="Bergen")),
    said(6, 11, **should("cancel")),
    said(7, 10, score=0.0),
    said(8, 1, label="slow"),
    Attempt(id="a1", call_id="c8", attempt_number=1, started_at=moment(0)),
    Attempt(id="a2", call_id="c8", attempt_number=2, started_at=moment(0)),
]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("labels") / "traces.db"
    with Store.open(path, "create") as store:
        store.append_all(RECORDS)
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def test_labels_tell_how_often_the_right_tool_was_called(labelled: sqlite3.Connection) -> None:
    rows = accuracy(read_labels(labelled))

    told = {
        one.tool: (one.labelled_count, one.right_tool_count, one.right_count, dict(one.instead))
        for one in rows
    }
    assert told == {
        "search": (3, 1, 1, {"book": 1}),
        "book": (2, 2, 1, {}),
        NO_CALL: (1, 0, 0, {"cancel": 1}),
    }


def test_labels_of_a_scope_are_those_of_its_calls(labelled: sqlite3.Connection) -> None:
    assert read_labels(labelled, Scope(models=("other",))).keys() <= {(1, 11)}
    assert len(read_labels(labelled, Scope(tools=("book",)))) == 3


def test_a_reliability_table_sets_how_sure_beside_how_right(labelled: sqlite3.Connection) -> None:
    (one,) = read_calibration(labelled, read_labels(labelled))

    table = [(bin.low, bin.output_count, round(bin.sure, 3), bin.right.value) for bin in one.bins]
    # Sure and right once, sure and wrong once; unsure and right once; undecided and wrong once.
    assert table == [(0.1, 1, 0.15, 1.0), (0.5, 1, 0.55, 0.0), (0.9, 2, 0.93, 0.5)]
    by_hand = (abs(0.15 - 1) + abs(0.55 - 0) + 2 * abs(0.93 - 0.5)) / 4
    assert one.error == pytest.approx(by_hand)
    assert (one.output_count, one.labelled_count) == (4, 4)


def test_how_sure_is_the_geometric_mean_of_the_tokens() -> None:
    assert confidence({"token_logprobs": [math.log(0.5), math.log(0.125)]}) == pytest.approx(0.25)
    assert confidence({"token_logprobs": []}) is None
    assert confidence({}) is None


def test_calls_not_ok_are_followed_to_the_call_that_mended_them(
    labelled: sqlite3.Connection,
) -> None:
    rows = {one.tool: one for one in read_retries(labelled)}

    told = {
        tool: (
            *(one.not_ok_count, one.asked_again_count, one.mended_count, one.extra_attempt_count),
        )
        for tool, one in rows.items()
    }
    # Of `refund` only a call before ended well: that mends nothing.
    assert told == {"search": (1, 1, 1, 0), "book": (1, 1, 1, 1), "refund": (1, 0, 0, 0)}


def test_endings_count_successes_of_the_traces_that_say_how_they_ended(
    labelled: sqlite3.Connection,
) -> None:
    found = read_endings(labelled)
    own = read_endings(labelled, success=("gave*",))

    assert found.success is not None
    assert own.success is not None
    assert (round(found.success.value, 3), found.unsaid_count) == (0.667, 1)
    assert round(own.success.value, 3) == 0.333
    assert dict(found.outcome_counts) == {"success": 1, "gave up": 1, "Success: booked": 1}


def test_a_call_after_a_pause_is_cold(tmp_path: Path) -> None:
    starts = [(0, 900.0), (30, 40.0), (60, 60.0), (2000, 700.0), (2010, 50.0)]
    calls = [
        call(n, model_call_id=None, started_at=moment(at), duration_ms=took)
        for n, (at, took) in enumerate(starts, start=1)
    ]
    with Store.open(tmp_path / "cold.db", "create") as store:
        store.append_all([Trace(id="t1", started_at=moment(0)), *calls])
    connection = sqlite3.connect(tmp_path / "cold.db")

    (one,) = read_cold_starts(connection)

    assert (one.cold_count, one.cold_p50_ms, one.warm_count, one.warm_p50_ms) == (2, 800.0, 3, 50.0)
    connection.close()


def test_a_recorded_chat_keeps_how_sure_and_not_of_what() -> None:
    from replay.recorder.streams import reassemble
    from replay.recorder.wire import CHAT, read_reply

    tokens = [{"token": "sec", "logprob": -0.5}, {"token": "ret", "logprob": -1.5}]
    body = {"choices": [{"message": {"role": "assistant"}, "logprobs": {"content": tokens}}]}
    chunks = [
        {"choices": [{"index": 0, "delta": {}, "logprobs": {"content": [one]}}]} for one in tokens
    ]
    raw = b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)

    whole, streamed = read_reply(CHAT, body), read_reply(CHAT, reassemble(CHAT, raw))

    assert whole.attributes == streamed.attributes == {"token_logprobs": [-0.5, -1.5]}
    assert read_reply(CHAT, {"choices": [{"logprobs": None}]}).attributes == {}
