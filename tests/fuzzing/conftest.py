"""What tests of fuzzing and of contracts share: traces of given calls, and where tools are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.records import Interaction, ToolCall, Trace
from replay.replayer.environment import Place, place_of
from replay.store import Store

ROOT = Path(__file__).parent.parent.parent
AT = "2026-11-20T10:00:00.000000Z"

WriteTrace = Callable[..., None]


def write_trace(
    store: Store,
    trace_id: str,
    calls: list[tuple[str, dict[str, Any]]],
    *,
    start: Any = None,
    asked: dict[str, list[dict[str, Any]]] | None = None,
) -> None:
    """Write one trace of ``calls``; ``asked``: the exchanges of a tool's calls."""
    records: list[Any] = [Trace(id=trace_id, started_at=AT, start=start)]
    for number, (tool, arguments) in enumerate(calls, start=1):
        call_id = f"{trace_id}/{number}"
        records.append(
            ToolCall(
                id=call_id,
                trace_id=trace_id,
                step_number=number,
                tool=tool,
                arguments=json.dumps(arguments),
                response="",
                started_at=AT,
            )
        )
        for index, exchange in enumerate((asked or {}).get(tool, ())):
            records.append(
                Interaction(
                    id=f"{call_id}/{index}",
                    tool_call_id=call_id,
                    interaction_index=index,
                    exchange=exchange,
                )
            )
    store.append_all(records)


@pytest.fixture(scope="module")
def place() -> Place:
    """Where the tools of the tests are."""
    return place_of("tests.fuzzing.fuzzed_tools:toolbox", folder=ROOT)
