from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import StoreError
from replay.records import ModelCall, Outcome, Selection, ToolCall, Trace
from replay.store import Store, captured

AT = "2026-11-21T09:00:00.000000Z"
LONG = '{"text":"' + "x" * 500 + '"}'


def records(number: int, **fields: object) -> list[Trace | ModelCall | ToolCall]:
    name = f"t{number}"
    call = {
        "tool": "say",
        "arguments": '{"n":1}',
        "payload": {"n": 1},
        "outcome": Outcome.OK,
        **fields,
    }
    return [
        Trace(id=name, started_at=AT),
        ModelCall(
            id=f"{name}m",
            trace_id=name,
            step_number=1,
            api="messages",
            model="asked",
            response_model=f"answered-{number}",
            tools=[{"name": "say", "input_schema": {}}, {"name": "ask", "input_schema": {}}],
            started_at=AT,
        ),
        ToolCall(
            id=f"{name}c",
            trace_id=name,
            step_number=2,
            model_call_id=f"{name}m",
            started_at=AT,
            **call,  # type: ignore[arg-type]  # fields of a record, by name
        ),
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    with Store.open(tmp_path / "traces.db", mode="create") as written:
        written.append_all(records(1))
        written.append_all(records(2, arguments=LONG, payload={"text": "y" * 600}))
        written.append_all(records(3, payload=None, outcome=Outcome.INVALID_ARGUMENTS))
        written.append_all(records(4, tool="ask", positional=[1], actor="user"))
        written.append_all(records(5))
    return Store.open(tmp_path / "traces.db", mode="r")


def test_captured_calls_come_as_they_were_stored_with_who_made_them(store: Store) -> None:
    with store:
        first, second, third, fourth, fifth = store.captured_calls()

    assert (first.trace_id, first.step_number, first.tool) == ("t1", 2, "say")
    assert (first.model, first.dialect) == ("answered-1", "anthropic")
    assert (first.payload_kind, first.outcome, first.stage) == ("arguments", "ok", None)
    assert (second.arguments, second.payload_kind) == (LONG, "own")
    assert second.payload == {"text": "y" * 600}
    assert (third.payload_kind, third.outcome) == ("none", "invalid_arguments")
    assert (fourth.actor, fourth.positional) == ("user", [1])
    assert fifth.identity == first.identity
    assert third.identity != first.identity


def test_pages_are_read_one_after_the_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured.CapturedReader.page, "__defaults__", (2,))
    with store:
        assert [call.trace_id for call in store.captured_calls()] == ["t1", "t2", "t3", "t4", "t5"]


@pytest.mark.parametrize(
    ("selection", "traces"),
    [
        (Selection(tools=["ask"]), ["t4"]),
        (Selection(limit=2), ["t4", "t5"]),
        (Selection(models=["answered-2"]), ["t2"]),
        (Selection(outcomes=[Outcome.OK], trace_ids=["t1", "t3"]), ["t1"]),
        (Selection(text="XXXX"), ["t2"]),
        (Selection(apps=["nobody"]), []),
    ],
)
def test_a_selection_holds_for_captured_calls(
    store: Store, selection: Selection, traces: list[str]
) -> None:
    with store:
        assert [call.trace_id for call in store.captured_calls(selection)] == traces
        assert store.captured_call_count(selection) == len(traces)


def test_what_models_were_shown_together_is_known(store: Store) -> None:
    with store:
        assert store.toolsets() == [
            [{"name": "say", "input_schema": {}}, {"name": "ask", "input_schema": {}}]
        ]


def test_a_text_that_is_gone_from_the_file_is_told(store: Store, tmp_path: Path) -> None:
    import sqlite3

    store.close()
    with sqlite3.connect(tmp_path / "traces.db") as connection:
        connection.execute("DELETE FROM contents")
    connection.close()
    with (
        Store.open(tmp_path / "traces.db", mode="r") as damaged,
        pytest.raises(StoreError, match="missing"),
    ):
        list(damaged.captured_calls())
