"""What counts as made up, value by value, and on traces."""

from __future__ import annotations

import gc
import json
import sqlite3
import weakref
from pathlib import Path
from typing import Any

import pytest

from replay.metrics.conversations import Conversations
from replay.metrics.invented import read_made_up
from replay.metrics.scope import Scope
from replay.metrics.told import is_told, left_out, part_of
from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store
from replay.store.database import connect_reading
from tests.metrics.stores import make_store, moment

TOLD = [
    part_of({"role": "system", "content": "You book flights. Today is 2026-11-20."}),
    part_of(
        {
            "role": "user",
            "content": "I am Mia Li (mia_li_3668), born July 15th, 1998. "
            'Book for about 1,250 euros; say "go"!',
        }
    ),
    part_of({"role": "tool", "content": '{"flights": [{"number": "HAT136", "price": 88.50}]}'}),
]


@pytest.mark.parametrize(
    "value",
    [
        "mia_li_3668",
        "MIA_LI_3668",
        "HAT136",
        "Mia Li",
        "Li, Mia",
        1250,
        "1250",
        88.5,
        "2026-11-20",
        "1998-07-15",
        "1998-07-15T00:00:00Z",
    ],
)
def test_a_value_that_was_told_is_not_invented(value: object) -> None:
    assert is_told(value, TOLD)


@pytest.mark.parametrize(
    "value",
    [
        "mia_li_3669",
        "HAT13",
        "Mia Lee",
        1251,
        88,
        "2026-11-21",
        "1998-08-15",
        "SFO",
        "HAT136 HAT137",
    ],
)
def test_a_value_that_stands_nowhere_is_invented(value: object) -> None:
    assert not is_told(value, TOLD)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (True, "common"),
        (None, "common"),
        ("", "common"),
        ("y", "common"),
        (0, "common"),
        (-3, "common"),
        (10, "common"),
        ("7", "common"),
        (11, None),
        (0.5, None),
        ("SFO", None),
        ("three words here", None),
        ("a text of its own", "composed"),
        ("x" * 61, "composed"),
    ],
)
def test_common_values_and_texts_of_its_own_are_left_out(value: object, why: str | None) -> None:
    assert left_out(value) == why


def definition(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


SEARCH = definition("search", city={"type": "string"}, cabin={"enum": ["economy", "business"]})


def model_call(number: int, *messages: Any) -> ModelCall:
    return ModelCall(
        id=f"m{number}",
        trace_id="t1",
        step_number=number,
        api="chat.completions",
        model="demo-1",
        messages=list(messages),
        tools=[SEARCH],
        started_at=moment(number),
    )


def call(number: int, of: int | None, tool: str = "search", **arguments: Any) -> ToolCall:
    return ToolCall(
        id=f"c{number}",
        trace_id="t1",
        step_number=number,
        model_call_id=None if of is None else f"m{of}",
        actor="user" if of is None else "assistant",
        tool=tool,
        arguments=json.dumps(arguments),
        outcome="ok",
        started_at=moment(number),
    )


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    asked = {"role": "user", "content": "To Oslo, please."}
    called = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "x",
                "type": "function",
                "function": {"name": "search", "arguments": '{"city": "Bergen"}'},
            }
        ],
    }
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append_all(
            [
                Trace(id="t1", started_at=moment(0)),
                model_call(1, asked),
                call(2, 1, city="Oslo", cabin="economy"),
                call(3, 1, city="Bergen"),
                model_call(4, asked, called, {"role": "tool", "content": "none"}),
                call(5, 4, city="Bergen", cabin="business"),
                call(6, 4, tool="find", what="trains"),
                call(7, None, city="Narvik"),
            ]
        )
    return sqlite3.connect(tmp_path / "traces.db")


def test_made_up_calls_are_counted_by_what_is_wrong_with_them(
    connection: sqlite3.Connection,
) -> None:
    found = read_made_up(connection)

    told = {
        one.tool: (
            *(one.call_count, one.invented_count, one.misfit_count, one.shown_count),
            one.not_shown_count,
        )
        for one in found.calls
    }
    # What the model said itself is not told: Bergen is invented the second time, too. Members of
    # an enum are in the definition that it was shown. The user's own call is not the model's.
    assert told == {"search": (3, 2, 1, 3, 0), "find": (1, 1, 0, 0, 1)}
    connection.close()


def test_an_invented_argument_has_its_place_and_examples(connection: sqlite3.Connection) -> None:
    found = read_made_up(connection)

    (city, what) = found.arguments
    assert (city.tool, city.path, city.value_count, city.invented_count) == ("search", "city", 3, 2)
    assert city.examples == [("t1", 3, "Bergen"), ("t1", 5, "Bergen")]
    assert (what.tool, what.path) == ("find", "what")
    assert (found.read_count, found.trace_count) == (1, 1)
    connection.close()


def test_nobody_waits_for_what_is_over(connection: sqlite3.Connection) -> None:
    asked = iter([False, False, True])

    found = read_made_up(connection, is_over=lambda: next(asked, True))

    assert sum(one.call_count for one in found.calls) == 1
    connection.close()


def test_of_a_long_trace_the_first_calls_are_looked_at(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.metrics.invented.CALLS_MAX", 2)

    assert sum(one.call_count for one in read_made_up(connection).calls) == 2
    connection.close()


def test_a_long_part_is_looked_through_as_one_text() -> None:
    rows = json.dumps([{"place": "Zürich", "note": "x" * 1_000} for _ in range(1_100)])
    part = part_of({"role": "tool", "content": rows})

    assert part.is_long
    assert part.source.value == {"role": "tool"}  # nothing of megabytes is taken apart
    assert is_told("Zürich", [part])
    assert not is_told("Basel", [part])


def test_arguments_that_no_model_writes_are_not_looked_into(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "traces.db", "w") as store:
        store.append_all([call(8, 4, city="a" * 1_000_001), call(9, 4, city="Bergen")])

    assert sum(one.call_count for one in read_made_up(connection).calls) == 5
    connection.close()


def test_what_was_read_of_prompts_is_gone_without_the_collector(tmp_path: Path) -> None:
    """Two million letters of them are kept from trace to trace, and were a ring of objects."""
    path = make_store(tmp_path / "traces.db", 3)
    connection = connect_reading(path)
    reader = Conversations(connection)
    (trace, *_) = reader.of(Scope(), 1)
    assert reader.told(trace.key, trace.model_calls[0])
    held = weakref.ref(reader)

    gc.disable()
    try:
        del reader
        assert held() is None
    finally:
        gc.enable()
        connection.close()
