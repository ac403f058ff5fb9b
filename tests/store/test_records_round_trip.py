from __future__ import annotations

import os
from pathlib import Path

from replay.records import (
    Approval,
    Attempt,
    CallError,
    CallVerdict,
    Change,
    Feedback,
    Finding,
    Interaction,
    ModelCall,
    Outcome,
    Pin,
    ReplayRun,
    Selection,
    Stage,
    StageTiming,
    ToolCall,
    ToolSchema,
    Trace,
    Verdict,
    pin_id,
)
from replay.records.codes import Cause
from replay.store import Store

NOON = "2026-11-21T12:00:00.000000Z"

LONG = "The quick brown fox jumps over the lazy dog. " * 40

TRACE = Trace(
    id="trace-1",
    app="support",
    started_at=NOON,
    ended_at="2026-11-21T12:00:05.123456Z",
    outcome="solved",
    start={"user": "mia", "orders": [1, 2.0, {"deep": LONG}]},
    labels={"env": "prod", "team": "blue"},
    code_version="abc123",
    attributes={"from": "here"},
)

PROMPT = [
    {"role": "system", "content": LONG},
    {"role": "user", "content": "Where is my order?"},
]

TOOLS = [{"type": "function", "function": {"name": "get_order", "description": LONG}}]

ASKED = ModelCall(
    id="model-1",
    trace_id="trace-1",
    step_number=1,
    provider="openai",
    api="chat.completions",
    model="gpt-x",
    response_model="gpt-x-2026",
    messages=PROMPT,
    tools=TOOLS,
    parameters={"temperature": 0, "seed": 1.0},
    output={"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]},
    finish_reason="tool_calls",
    usage={"prompt_tokens": 10},
    response_id="resp_1",
    streamed=True,
    started_at=NOON,
    duration_ms=12.5,
    status_code=200,
)

CALLED = ToolCall(
    id="call-1",
    trace_id="trace-1",
    step_number=2,
    model_call_id="model-1",
    call_index=1,
    provider_call_id="call_1",
    tool="get_order",
    tool_version="2",
    arguments='{"id": 1, "note": "' + LONG + '"}',
    payload={"id": 1, "note": LONG},
    result={"total": 65.0},
    response='{"total": 65.0}',
    outcome=Outcome.OK,
    stages=[StageTiming(stage=Stage.PARSE, duration_us=1.5)],
    started_at=NOON,
    duration_ms=3,
)

FAILED = ToolCall(
    id="call-2",
    trace_id="trace-1",
    step_number=3,
    actor="user",
    tool="cancel",
    arguments="{broken",
    positional=[1, "x"],
    outcome=Outcome.BAD_JSON,
    response="Error: " + LONG,
    error=CallError(type="ValueError", message="no JSON", stage=Stage.PARSE, details=[1]),
    started_at=NOON,
)

ASKED_AGAIN = ASKED.model_copy(
    update={
        "id": "model-2",
        "step_number": 4,
        "messages": [*PROMPT, ASKED.output, {"role": "tool", "content": FAILED.response}],
    }
)

INTERACTIONS = [
    Interaction(
        id=f"interaction-{index}",
        tool_call_id="call-1",
        interaction_index=index,
        exchange={"url": "https://api.example.com/", "body": LONG},
    )
    for index in range(3)
]

ATTEMPT = Attempt(id="attempt-1", call_id="call-1", attempt_number=1, started_at=NOON)

FEEDBACK = Feedback(
    id="feedback-1", trace_id="trace-1", label="wrong", score=0.5, created_at=NOON, text=LONG
)

SCHEMA = ToolSchema(
    id="schema-1", tool="get_order", dialect="openai", definition=TOOLS[0], first_seen_at=NOON
)

PIN = Pin(id=pin_id("trace-1", 2), trace_id="trace-1", step_number=2, note=LONG, pinned_at=NOON)

RUN = ReplayRun(id="run-1", started_at=NOON, toolbox="shop:tools", trace_count=1)

VERDICT = CallVerdict(
    run_id="run-1",
    trace_id="trace-1",
    tool_call_id="call-1",
    step_number=2,
    tool="get_order",
    model="gpt-x",
    verdict=Verdict.RESPONSE_CHANGED,
    cause=Cause.CODE,
    changes=[Change(path="total", change="changed", recorded=65.0, replayed=66)],
    signature="sig-1",
)

FINDING = Finding(
    run_id="run-1",
    signature="sig-1",
    tool="get_order",
    verdict=Verdict.RESPONSE_CHANGED,
    cause=Cause.CODE,
    title="get_order: total differs",
    call_count=1,
    first_divergence_count=1,
    trace_count=1,
    tool_call_total=1,
    models={"gpt-x": 1},
    example_tool_call_id="call-1",
    example_trace_id="trace-1",
    example_step_number=2,
)

APPROVAL = Approval(signature="sig-1", title="get_order: total differs", approved_at=NOON)

EVERYTHING = [
    TRACE, ASKED, CALLED, FAILED, ASKED_AGAIN, *INTERACTIONS, ATTEMPT, FEEDBACK, PIN, SCHEMA,
    RUN, VERDICT, FINDING, APPROVAL,
]  # fmt: skip


def test_every_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        for record in EVERYTHING:
            store.append(record)

    with Store.open(tmp_path / "traces.db") as store:
        transcript = store.transcript("trace-1")
        assert transcript.trace == TRACE
        assert transcript.steps == [ASKED, CALLED, FAILED, ASKED_AGAIN]
        assert transcript.interactions == {"call-1": INTERACTIONS}
        assert transcript.attempts == {"call-1": [ATTEMPT]}
        assert transcript.feedback == [FEEDBACK]
        assert transcript.pins == store.pins() == [PIN]
        assert [one for one in store.tool_schemas() if one.id == SCHEMA.id] == [SCHEMA]
        assert store.runs() == [RUN]
        assert store.verdicts("latest") == [VERDICT]
        assert store.findings("run-1") == [FINDING]
        assert store.approvals() == [APPROVAL]
        assert store.tool_call("call-2") == FAILED


def test_one_frame_of_many_records_reads_like_many_appends(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(EVERYTHING)

        assert store.transcript("trace").steps == [ASKED, CALLED, FAILED, ASKED_AGAIN]
        assert store.verdicts("run-1") == [VERDICT]


def test_a_plain_dict_is_stored_like_its_record(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_fields("trace", TRACE.model_dump(exclude={"kind"}))
        store.append(CALLED.model_dump())

        assert store.transcript("trace-1").trace == TRACE
        assert store.tool_call("call-1") == CALLED


def test_close_leaves_one_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(TRACE)

    assert os.listdir(tmp_path) == ["traces.db"]


def test_a_later_record_of_the_same_id_replaces(tmp_path: Path) -> None:
    ahead = CALLED.model_copy(
        update={"outcome": Outcome.UNFINISHED, "response": None, "result": None}
    )
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(TRACE)
        store.append(ahead)
        assert store.tool_call("call-1") == ahead
        assert store.traces()[0].outcome_counts == {"unfinished": 1}

        store.append(CALLED)

        assert store.tool_call("call-1") == CALLED
        assert store.traces()[0].outcome_counts == {"ok": 1}
        assert store.counts()["tool_call"] == 1


def test_traces_are_selected_by_what_their_calls_did(tmp_path: Path) -> None:
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(EVERYTHING)

        assert store.trace_ids(Selection(tools=["cancel"], outcomes=[Outcome.BAD_JSON])) == [
            "trace-1"
        ]
        assert store.trace_ids(Selection(tools=["cancel"], outcomes=[Outcome.OK])) == []
        assert store.trace_ids(Selection(models=["gpt-*-2026"])) == ["trace-1"]
        assert store.trace_ids(Selection(text="LAZY DOG")) == ["trace-1"]
        assert store.trace_ids(Selection(labels={"env": "prod"})) == ["trace-1"]
        assert store.trace_ids(Selection(labels={"env": "test"})) == []
