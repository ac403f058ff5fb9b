"""Calls of which only the shape is stored: nobody takes it for what the model wrote."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from replay.fuzzing.captured import captured_calls
from replay.metrics.invented import read_made_up
from replay.records import ModelCall, Outcome, Selection, ToolCall, Trace
from replay.store import Store
from replay.store.database import connect_reading

SHAPE = '{"stored":"shape","hash":"ab","shape":{"who":"string"}}'
AT = "2026-11-21T09:00:00.000000Z"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("clinic") / "traces.db"
    schema = {"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"]}
    tool = {"type": "function", "function": {"name": "diagnosis", "parameters": schema}}
    asked = {"id": "c", "type": "function", "function": {"name": "diagnosis", "arguments": SHAPE}}
    with Store.open(found, "create") as store:
        store.append_all(
            [
                Trace(id="t", started_at=AT),
                ModelCall(
                    id="m",
                    trace_id="t",
                    step_number=1,
                    started_at=AT,
                    api="chat.completions",
                    messages=[{"role": "user", "content": "What has he?"}],
                    tools=[tool],
                    output={"role": "assistant", "content": None, "tool_calls": [asked]},
                ),
                ToolCall(
                    id="c",
                    trace_id="t",
                    step_number=2,
                    started_at=AT,
                    model_call_id="m",
                    tool="diagnosis",
                    arguments=SHAPE,
                    outcome=Outcome.OK,
                ),
            ]
        )
    return found


def test_a_shape_is_no_evidence_of_what_a_schema_breaks_and_nothing_to_fuzz_with(
    path: Path,
) -> None:
    tool = cast("Any", SimpleNamespace(name="diagnosis", actor="assistant"))
    with Store.open(path, "r") as store:
        assert list(store.captured_calls()) == []
        assert captured_calls(store, Selection(), [tool]).of_tool == {"diagnosis": []}


def test_a_shape_is_no_invented_value_and_no_misfit(path: Path) -> None:
    found = read_made_up(connect_reading(path))

    assert (found.calls, found.arguments) == ([], [])
