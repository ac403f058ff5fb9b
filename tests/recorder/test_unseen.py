"""Calls that no captured function saw: what the facts allow, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay.recorder.calls import Execution, LiveTrace, OpenCall, Turn
from replay.recorder.unseen import fits, settle
from replay.records import Outcome

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}},
    {"type": "custom", "name": "run_sql"},
]


@pytest.mark.parametrize(
    ("tool", "arguments", "is_captured", "outcome", "fact"),
    [
        ("get_weather", '{"city": "Paris"}', False, Outcome.OK, "prompt"),
        ("get_weather", '{"city": "Paris"}', True, Outcome.UNFINISHED, "prompt"),
        ("get_weather", '{"town": "Paris"}', True, Outcome.INVALID_ARGUMENTS, "schema"),
        # An uncaptured tool may be more lenient than its schema: it was answered, so it ran.
        ("get_weather", '{"town": "Paris"}', False, Outcome.OK, "prompt"),
        ("get_weather", '{"city": "Par', True, Outcome.BAD_JSON, "arguments"),
        ("get_weather", '["Paris"]', False, Outcome.BAD_JSON, "arguments"),
        ("get_weather", "", True, Outcome.INVALID_ARGUMENTS, "schema"),
        # Toolsets are shown in parts: what answered is a tool.
        ("book_hotel", "{}", False, Outcome.OK, "prompt"),
        ("run_sql", "select 1", False, Outcome.OK, "prompt"),
    ],
)
def test_what_is_known_of_a_call_decides_its_outcome(
    tool: str, arguments: str, is_captured: bool, outcome: Outcome, fact: str
) -> None:
    trace = LiveTrace(id="t", started_at="")
    turn = Turn("m", trace, None, 0, None, None, TOOLS, 0.0, 0)
    call = OpenCall(trace, 2, tool, arguments, "", Execution("c"), turn=turn)

    settle(call, is_captured=is_captured)

    assert call.execution.outcome == outcome
    assert call.execution.attributes == {"outcome_from": fact}


@pytest.mark.parametrize(
    ("told", "is_error", "outcome", "fact"),
    [
        ("AF", None, Outcome.OK, "prompt"),
        ("AF", True, Outcome.UNKNOWN_TOOL, "answer"),
        ("Error: no such tool 'search_flights'", None, Outcome.UNKNOWN_TOOL, "answer"),
        ("Tool search_flights not found.", None, Outcome.UNKNOWN_TOOL, "answer"),
        ("Tool search_flights not found.", False, Outcome.OK, "prompt"),
        ("The flight was not found.", None, Outcome.OK, "prompt"),
    ],
)
def test_a_tool_outside_the_toolset_is_unknown_only_when_its_answer_says_so(
    told: str, is_error: bool | None, outcome: Outcome, fact: str
) -> None:
    trace = LiveTrace(id="t", started_at="")
    turn = Turn("m", trace, None, 0, None, None, TOOLS, 0.0, 0)
    call = OpenCall(trace, 2, "search_flights", "{}", "", Execution("c"), turn=turn)
    call.told, call.told_error = told, is_error

    settle(call, is_captured=False)

    assert call.execution.outcome == outcome
    assert call.execution.attributes == {"outcome_from": fact}


CLOSED = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/A"}},
    "additionalProperties": False,
}
DEFINED: Any = {**CLOSED, "$defs": {"A": {"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}]}}}


@pytest.mark.parametrize(
    ("value", "schema", "fitting"),
    [
        ({"a": "x"}, DEFINED, True),
        ({"a": None}, DEFINED, True),
        ({"a": "z"}, DEFINED, False),
        ({"b": 1}, DEFINED, False),
        ([1, 2], {"type": "array", "items": {"type": "integer"}}, True),
        ([1, "2"], {"type": "array", "items": {"type": "integer"}}, False),
        (2.0, {"type": "integer"}, True),
        (True, {"type": "integer"}, False),
        ("x", {"type": ["string", "null"]}, True),
        ("x", {"const": "y"}, False),
        ("x", {"pattern": "^y"}, True),
        ({"a": 1}, True, True),
        ({"a": 1}, {"$ref": "#/$defs/missing"}, True),
        # Whoever runs the tool may fill it in: strict schemas require everything.
        ({}, {"properties": {"a": {"default": "c"}}, "required": ["a"]}, True),
    ],
)
def test_only_what_every_validator_refuses_does_not_fit(
    value: Any, schema: Any, fitting: bool
) -> None:
    assert fits(value, schema, schema if isinstance(schema, dict) else {}) is fitting


def test_real_json_schemas_agree_where_we_refuse() -> None:
    import jsonschema  # type: ignore[import-untyped]  # its stubs are not installed

    values: list[Any] = [{}, {"city": "x"}, {"city": 1}, {"city": "x", "days": 1.5}, [], None, "x"]
    for value in values:
        if not fits(value, SCHEMA, SCHEMA):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(json.loads(json.dumps(value)), SCHEMA)
