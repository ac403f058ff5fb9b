from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from replay.records import ModelCall, Outcome, ToolCall, Trace
from replay.store import Store

NOON = "2026-11-21T12:00:00.000000Z"
PAGE = Path(__file__).parents[2] / "docs" / "format.md"
EXAMPLES = re.findall(r"```sql\n(.*?)\n```\n+```text\n(.*?)\n```", PAGE.read_text(), re.DOTALL)

SYSTEM = {"role": "system", "content": "You plan trips. " * 40}
USER = {"role": "user", "content": "Plan a trip to Lisbon"}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "w" * 600}}]
ANSWER = {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}, {"id": "call_2"}]}
FLIGHTS = "no seats left " * 96 + "sorry."


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("format") / "traces.db"
    asked = ModelCall(
        id="model-1",
        trace_id="trace-1",
        step_number=1,
        api="chat.completions",
        model="gpt-x",
        messages=[SYSTEM, USER],
        tools=TOOLS,
        output=ANSWER,
        started_at=NOON,
    )
    told = {"role": "tool", "tool_call_id": "call_2", "content": FLIGHTS}
    with Store.open(path, "create") as store:
        store.append(Trace(id="trace-1", started_at=NOON))
        store.append(asked)
        store.append(
            ToolCall(
                id="call-1",
                trace_id="trace-1",
                step_number=2,
                tool="get_weather",
                arguments='{"city": "Lisbon"}',
                payload={"city": "Lisbon"},
                response="sunny",
                outcome=Outcome.OK,
                started_at=NOON,
                duration_ms=12.5,
            )
        )
        store.append(
            ToolCall(
                id="call-2",
                trace_id="trace-1",
                step_number=3,
                tool="search_flights",
                arguments='{"to": "LIS"}',
                response=FLIGHTS,
                outcome=Outcome.FAILED,
                started_at=NOON,
            )
        )
        prompt = [SYSTEM, USER, ANSWER, {"role": "tool", "content": "sunny"}, told]
        store.append(
            asked.model_copy(
                update={"id": "model-2", "step_number": 4, "messages": prompt, "output": None}
            )
        )
    return path


@pytest.mark.parametrize(("statement", "shown"), EXAMPLES)
def test_the_examples_of_the_format_page_are_true(
    database: Path, statement: str, shown: str
) -> None:
    connection = sqlite3.connect(database)
    rows = connection.execute(statement).fetchall()
    connection.close()

    lines = ["|".join("" if cell is None else str(cell) for cell in row) for row in rows]
    assert "\n".join(lines) == shown


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 6


def test_our_own_query_gives_the_value_instead_of_the_pointer(database: Path) -> None:
    with Store.open(database) as store:
        names, rows = store.query("SELECT response FROM tool_calls WHERE tool = 'search_flights'")

    assert (names, rows) == (["response"], [(FLIGHTS,)])
