"""The critical path of traces whose data's way is known."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from replay.metrics.what_if import TraceWhatIf, WhatIf, read_what_if
from replay.records import Interaction, ModelCall, ToolCall, Trace
from replay.store import Store
from tests.metrics.stores import moment

ASK = {"role": "user", "content": "Find user mia_li and order A-1733, then the weather of Oslo."}


def model(number: int, at: float, took_ms: float, *told: Any) -> ModelCall:
    return ModelCall(
        id=f"m{number}",
        trace_id="t1",
        step_number=number,
        api="chat.completions",
        messages=[ASK, *told],
        started_at=moment(at),
        duration_ms=took_ms,
    )


def tool(number: int, of: int, at: float, took_ms: float | None, **arguments: Any) -> ToolCall:
    response = arguments.pop("response", "nothing")
    return ToolCall(
        id=f"c{number}",
        trace_id="t1",
        step_number=number,
        model_call_id=f"m{of}",
        tool=f"tool_{number}",
        arguments=json.dumps(arguments),
        response=response,
        outcome="ok",
        started_at=moment(at),
        duration_ms=took_ms,
    )


def answer(text: str) -> dict[str, str]:
    return {"role": "tool", "tool_call_id": "x", "content": text}


def what_if(path: Path, *steps: Any) -> WhatIf:
    trace = Trace(id="t1", started_at=moment(0))
    with Store.open(path / "traces.db", "create") as store:
        store.append_all([trace, *steps])
    connection = sqlite3.connect(path / "traces.db")
    found = read_what_if(connection)
    connection.close()
    return found


def test_calls_of_one_output_that_ran_one_after_another_could_run_at_once(tmp_path: Path) -> None:
    steps = [
        model(1, 0, 1000),
        tool(2, 1, 1, 300, user="mia_li"),
        tool(3, 1, 1.3, 500, order="A-1733"),
        model(4, 2, 1000, answer("nothing")),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    # Both calls need only what the user said, so at best they end before the model asks.
    assert one == TraceWhatIf("t1", 2800.0, 2500.0, 2000.0, (1, 4), (2, 3))
    assert (one.at_once_saved_ms, one.started_early_saved_ms) == (300.0, 800.0)


def test_calls_that_overlapped_count_once_and_have_nothing_to_save(tmp_path: Path) -> None:
    steps = [
        model(1, 0, 1000),
        tool(2, 1, 1, 300, made="up"),
        tool(3, 1, 1, 500, made="upper"),
        model(4, 2, 1000),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    assert (one.recorded_ms, one.at_once_ms, one.at_once_steps) == (2500.0, 2500.0, ())


def test_a_call_waits_for_the_call_whose_response_has_its_value(tmp_path: Path) -> None:
    steps = [
        model(1, 0, 100),
        tool(2, 1, 1, 900, user="mia_li", response='{"cards": ["visa-4421"]}'),
        model(3, 2, 100, answer('{"cards": ["visa-4421"]}')),
        tool(4, 3, 3, 700, card="visa-4421"),
        model(5, 4, 100, answer("nothing")),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    # The first starts at once, the second when the first has answered: 900 + 700, then the model.
    assert one.started_early_ms == 1700.0
    assert one.critical_steps == (2, 4, 5)


def test_two_calls_on_one_answer_and_one_on_both_make_a_diamond(tmp_path: Path) -> None:
    first, left, right = '{"id": "aa-11"}', '{"b": "bb-22"}', '{"c": "cc-33"}'
    steps = [
        model(1, 0, 100),
        tool(2, 1, 1, 400, user="mia_li", response=first),
        model(3, 2, 100, answer(first)),
        tool(4, 3, 3, 300, to="aa-11", response=left),
        tool(5, 3, 3.3, 500, to="aa-11", response=right),
        model(6, 4, 100, answer(first), answer(left), answer(right)),
        tool(7, 6, 5, 200, both=["bb-22", "cc-33"]),
        model(8, 6, 100, answer(first), answer(left), answer(right), answer("nothing")),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    # 400, then the longer of both, then the last, then the model; the other steps stand beside.
    assert one == TraceWhatIf("t1", 1800.0, 1500.0, 1200.0, (2, 5, 7, 8), (4, 5))


def test_a_call_that_mends_another_waits_for_the_error_that_told_it_how(tmp_path: Path) -> None:
    said = "Error: no such order. Did you mean B-2044?"
    steps = [
        model(1, 0, 100),
        tool(2, 1, 1, 300, order="A-1733", response=said),
        model(3, 2, 100, answer(said)),
        tool(4, 3, 3, 200, order="B-2044"),
        model(5, 4, 100, answer("nothing")),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    assert (one.started_early_ms, one.critical_steps) == (600.0, (2, 4, 5))


def test_a_day_told_without_its_year_and_a_name_told_in_parts_are_told(tmp_path: Path) -> None:
    said = '{"first": "Mia", "last": "Li", "on": "leaves May 20th"}'
    steps = [
        model(1, 0, 100),
        tool(2, 1, 1, 300, user="mia_li", response=said),
        model(3, 2, 500, answer(said)),
        tool(4, 3, 3, 900, name="Li, Mia", day="2026-05-20"),
    ]

    (one,) = what_if(tmp_path, *steps).traces

    assert (one.started_early_ms, one.critical_steps) == (1200.0, (2, 4))


def test_a_call_with_a_value_of_nobodys_waits_for_its_model(tmp_path: Path) -> None:
    steps = [model(1, 0, 400), tool(2, 1, 1, 900, code="SFO-77"), model(3, 2, 100)]

    (one,) = what_if(tmp_path, *steps).traces

    assert (one.started_early_ms, one.critical_steps) == (1400.0, (1, 2, 3))


def test_a_call_that_wrote_outside_waits_for_its_model(tmp_path: Path) -> None:
    asked = Interaction(
        id="i1",
        tool_call_id="c2",
        interaction_index=0,
        exchange={"request": {"method": "POST", "uri": "http://x/orders"}},
    )
    steps = [model(1, 0, 400), tool(2, 1, 1, 900, user="mia_li"), asked, model(3, 2, 100)]

    (one,) = what_if(tmp_path, *steps).traces

    assert one.started_early_ms == 1400.0


@pytest.mark.parametrize("value", [True, None, 3, "", "x"])
def test_common_values_wait_for_nobody(tmp_path: Path, value: object) -> None:
    steps = [model(1, 0, 400), tool(2, 1, 1, 900, user="mia_li", flag=value), model(3, 2, 100)]

    (one,) = what_if(tmp_path, *steps).traces

    assert one.started_early_ms == 1000.0


def test_a_trace_whose_steps_do_not_say_how_long_they_took_is_left_out(tmp_path: Path) -> None:
    found = what_if(tmp_path, model(1, 0, 400), tool(2, 1, 1, None, user="mia_li"))

    assert (found.traces, found.untimed_count, found.read_count, found.trace_count) == ([], 1, 1, 1)


def test_no_time_is_ever_longer_than_the_one_before(
    store_path: Path, connection: sqlite3.Connection
) -> None:
    found = read_what_if(connection)

    assert found.traces
    for one in found.traces:
        assert one.recorded_ms >= one.at_once_ms >= one.started_early_ms > 0
