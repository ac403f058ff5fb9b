"""Captured calls of a clinic's agent, and its tools of today and of then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.records import CallError, ModelCall, Outcome, Stage, ToolCall, Trace
from replay.replayer.environment import place_of
from replay.replayer.questions.asking import Asking
from replay.store import Store

HERE = Path(__file__).parent
AT = "2026-11-21T09:00:00.000000Z"


@pytest.fixture(scope="session")
def today() -> Iterator[Asking]:
    with Asking(place_of("clinic_v2:toolbox", paths=[HERE]), answer_wait_s=10.0) as asking:
        yield asking


@pytest.fixture(scope="session")
def then() -> Iterator[Asking]:
    with Asking(place_of("clinic_v1:toolbox", paths=[HERE]), answer_wait_s=10.0) as asking:
        yield asking


class Recorded:
    """Writes captured calls: one trace for each, one model call, one tool call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = Store.open(path, mode="create")
        self.count = 0

    def call(
        self,
        tool: str,
        arguments: dict[str, Any] | str,
        *,
        payload: Any = ...,
        outcome: Outcome = Outcome.OK,
        stage: Stage | None = None,
        model: str = "m1",
        version: str | None = "1",
        strict: bool = False,
        **fields: Any,
    ) -> str:
        """Append one call that was accepted as it is, unless something else is said."""
        self.count += 1
        name = f"t{self.count}"
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        if payload is ...:
            payload = arguments if outcome is Outcome.OK else None
        shown: dict[str, Any] = {"name": tool, "parameters": {}}
        if strict:
            shown["strict"] = True
        error = CallError(type="Error", message="no", stage=stage) if stage else None
        self.store.append_all(
            [
                Trace(id=name, started_at=AT),
                ModelCall(
                    id=f"{name}-m",
                    trace_id=name,
                    step_number=1,
                    api="chat.completions",
                    model=model,
                    tools=[{"type": "function", "function": shown}],
                    started_at=AT,
                ),
                ToolCall(
                    id=f"{name}-c",
                    trace_id=name,
                    step_number=2,
                    model_call_id=f"{name}-m",
                    tool=tool,
                    tool_version=version,
                    arguments=text,
                    payload=payload,
                    outcome=outcome,
                    error=error,
                    started_at=AT,
                    **fields,
                ),
            ]
        )
        return name


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    written = Recorded(tmp_path / "traces.db")
    yield written
    written.store.close()


def change(
    rule: str,
    path: str = "",
    *,
    tool: str = "book",
    on: OnPayloads = OnPayloads.MAY_BREAK,
    old: Any = None,
    new: Any = None,
) -> SchemaChange:
    """Return a difference as the rules say it."""
    return SchemaChange(rule, tool, path, on, OnModel.CHANGED, "is otherwise", old, new)
