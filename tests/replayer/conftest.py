"""What the replayer's tests share: a store, traces written into it, and a replayer over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.records import ModelCall, Outcome, ReplayRun, ToolCall, Trace
from replay.replayer import Replayer
from replay.store import Store

HERE = Path(__file__).parent

Call = tuple[str, dict[str, Any], str]
"""Tool, arguments, recorded response."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "traces.db", "create") as opened:
        yield opened


@pytest.fixture
def record(store: Store) -> Callable[..., None]:
    """Write one trace; each group of calls was asked for by one model output."""

    def write(
        trace_id: str,
        *groups: list[Call],
        actors: dict[str, Any] | None = None,
        outcomes: dict[str, Outcome] | None = None,
    ) -> None:
        at = "2026-11-20T10:00:00.000000Z"
        records: list[Any] = [Trace(id=trace_id, started_at=at)]
        number = 0
        for index, group in enumerate(groups):
            number += 1
            model_call = ModelCall(
                id=f"{trace_id}/m{index}",
                trace_id=trace_id,
                step_number=number,
                api="chat.completions",
                model="model-1",
                started_at=at,
            )
            records.append(model_call)
            for position, (tool, arguments, response) in enumerate(group):
                number += 1
                records.append(
                    ToolCall(
                        id=f"{trace_id}/{number}",
                        trace_id=trace_id,
                        step_number=number,
                        model_call_id=model_call.id,
                        call_index=position,
                        actor=(actors or {}).get(tool, "assistant"),
                        tool=tool,
                        arguments=json.dumps(arguments),
                        response=response,
                        outcome=(outcomes or {}).get(tool, Outcome.OK),
                        started_at=at,
                    )
                )
        store.append_all(records)

    return write


@pytest.fixture
def replay(store: Store) -> Callable[..., ReplayRun]:
    """Run a replay over everything in the store."""

    def run(toolbox: str, **options: Any) -> ReplayRun:
        options.setdefault("jobs", 1)
        resume = options.pop("resume", None)
        on_progress = options.pop("on_progress", None)
        options.setdefault("folder", HERE)
        replayer = Replayer(store, toolbox=toolbox, **options)
        return replayer.run(resume=resume, on_progress=on_progress)

    return run
