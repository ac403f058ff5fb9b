"""What later steps read from a response: found by values, and not by chance."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay.contracts.judging import has_path, percentiles
from replay.contracts.reads import Reads
from replay.records import ModelCall, ToolCall, Trace, Transcript

AT = "2026-11-20T10:00:00.000000Z"


def reads_of(*steps: Any, prompt: str = "", tools: list[Any] | None = None) -> Reads:
    """The reads of one trace: a tuple is a call (tool, arguments, response), a text the model's."""
    first = ModelCall(
        id="m0",
        trace_id="t",
        step_number=1,
        api="messages",
        messages=[{"role": "user", "content": prompt}],
        tools=tools or [],
        started_at=AT,
    )
    made: list[Any] = [first]
    for number, step in enumerate(steps, start=2):
        if isinstance(step, str):
            output = {"role": "assistant", "content": [{"type": "text", "text": step}]}
            made.append(
                ModelCall(
                    id=f"m{number}",
                    trace_id="t",
                    step_number=number,
                    api="messages",
                    output=output,
                    messages=first.messages,
                    started_at=AT,
                )
            )
            continue
        tool, arguments, response = step
        made.append(
            ToolCall(
                id=f"c{number}",
                trace_id="t",
                step_number=number,
                tool=tool,
                arguments=json.dumps(arguments),
                response=json.dumps(response),
                started_at=AT,
            )
        )
    reads = Reads()
    reads.add(Transcript(trace=Trace(id="t", started_at=AT), steps=made))
    return reads


def test_an_argument_reads_the_response_that_brought_its_value() -> None:
    reads = reads_of(
        ("find", {"name": "Ann"}, {"people": [{"id": "p-1"}, {"id": "p-2"}]}),
        ("refund", {"to": {"id": "p-2"}}, {}),
    )

    found = reads.of_tool["find"]["people[*].id"]
    assert (found.in_arguments, found.in_words) == (1, 0)
    assert (found.step_number, found.reader) == (3, "refund(to.id)")


def test_a_value_that_somebody_said_before_proves_nothing() -> None:
    call = ("find", {}, {"id": "p-1"}), ("refund", {"id": "p-1"}, {})

    assert reads_of(*call, prompt="Refund p-1, please.").of_tool == {}
    assert reads_of(*call, tools=[{"enum": ["p-1"]}]).of_tool == {}
    assert reads_of(("look", {"id": "p-1"}, {}), *call).of_tool == {}


def test_short_and_common_values_prove_nothing() -> None:
    reads = reads_of(("find", {}, {"ok": True, "n": 3, "x": "eu"}), ("go", {"a": 3, "b": "eu"}, {}))

    assert reads.of_tool == {}


def test_a_field_of_the_arguments_name_goes_before_another_with_the_same_value() -> None:
    reads = reads_of(
        ("find", {}, {"order": "id-77", "customer": "id-77"}), ("go", {"customer": "id-77"}, {})
    )

    assert reads.paths("find") == ["customer"]


def test_the_models_words_read_texts_and_numbers_as_whole_words() -> None:
    found = {"city": "Lisbon", "degrees": 18.5, "total": 628, "left": 62_800}
    reads = reads_of(("weather", {}, found), "In Lisbon it is 18.5 degrees: 628 euros.")

    assert reads.paths("weather") == ["city", "degrees", "total"]


@pytest.mark.parametrize(
    ("pattern", "is_there"),
    [
        ("a.b", True),
        ("items[*].id", True),
        ("items[1].id", False),
        ("items[*].name", False),
        ("**.id", True),
        ("a.*", True),
        ("c", False),
        ("", True),
    ],
)
def test_a_path_is_found_where_something_stands(pattern: str, is_there: bool) -> None:
    value = {"a": {"b": None}, "items": [{"id": 1}, {"sku": 2}], "none": []}

    assert has_path(value, pattern) is is_there


def test_of_few_calls_the_95th_percentile_is_the_slowest_one() -> None:
    assert percentiles([3.0, 1.0, 2.0]) == (2.0, 3.0)
    assert percentiles([float(number) for number in range(1, 101)]) == (50.5, 95.0)
