"""What the tests of contracts share: a database whose calls kept every promise when recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cassettes
from replay.records import Interaction, ModelCall, Outcome, ToolCall, Trace
from replay.replayer.environment import Place, place_of
from replay.store import Store

ROOT = Path(__file__).parent.parent.parent
AT = "2026-11-20T10:00:00.000000Z"

CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("pay_once", {"amount": 5}, 5),
    ("pay", {"amount": 5}, "paid"),
    ("count_calls", {}, 1),
    ("notify", {}, "{}"),
    ("notify_with_key", {}, "{}"),
    ("moment", {}, {"at": 1.5, "zone": "UTC"}),
    ("steady", {"number": 1}, 2),
    ("slow", {}, "done"),
    ("quick", {}, "done"),
    ("get_order", {"order_id": "o1"}, {"status": "sent", "items": [{"id": "i1"}]}),
    ("find_customer", {"name": "Ann"}, {"customer": {"id": "C-7781"}, "city": "Lisbon"}),
    ("promises_nothing", {"customer_id": "C-7781"}, "C-7781"),
    ("sizes", {}, [1]),
]


def post(path: str) -> cassettes.Interaction:
    """A recorded POST and its answer."""
    request = cassettes.Request("POST", f"http://127.0.0.1:9{path}", [], b"{}")
    return cassettes.Interaction(request, cassettes.Response(200, body=b"{}"))


def write(store: Store) -> None:
    """Write one trace in which each tool was called once, and one with a call that failed."""
    records: list[Any] = [Trace(id="t1", started_at=AT), Trace(id="t2", started_at=AT)]
    records.append(
        ModelCall(
            id="t1/m",
            trace_id="t1",
            step_number=1,
            api="chat.completions",
            messages=[{"role": "user", "content": "Who is Ann?"}],
            started_at=AT,
        )
    )
    for number, (tool, arguments, response) in enumerate(CALLS, start=2):
        text = response if isinstance(response, str) else json.dumps(response)
        records.append(_call("t1", number, tool, arguments, text))
    records.append(
        ModelCall(
            id="t1/m2",
            trace_id="t1",
            step_number=len(CALLS) + 2,
            api="chat.completions",
            output={"role": "assistant", "content": "Ann lives in Lisbon."},
            started_at=AT,
        )
    )
    for tool, path in (("notify", "/notes"), ("notify_with_key", "/keyed")):
        number = next(i for i, call in enumerate(CALLS, start=2) if call[0] == tool)
        records.append(
            Interaction(
                id=f"t1/{number}/0",
                tool_call_id=f"t1/{number}",
                interaction_index=0,
                exchange=post(path).to_json(),
            )
        )
    records.append(_call("t2", 1, "pay", {"amount": "x"}, "Error", Outcome.INVALID_ARGUMENTS))
    store.append_all(records)


def _call(
    trace_id: str,
    number: int,
    tool: str,
    arguments: dict[str, Any],
    response: str,
    outcome: Outcome = Outcome.OK,
) -> ToolCall:
    return ToolCall(
        id=f"{trace_id}/{number}",
        trace_id=trace_id,
        step_number=number,
        tool=tool,
        arguments=json.dumps(arguments),
        response=response,
        outcome=outcome,
        started_at=AT,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("contracts") / "traces.db"
    with Store.open(path, "create") as opened:
        write(opened)
        opened.flush()
        yield opened


@pytest.fixture(scope="module")
def place() -> Place:
    """Where the tools of the tests are."""
    return place_of("tests.contracts.promising_tools:toolbox", folder=ROOT)
