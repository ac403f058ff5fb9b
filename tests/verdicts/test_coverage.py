from __future__ import annotations

import json
from typing import Any

from replay.records import CallResult, Outcome
from replay.verdicts import Coverage

ORDER = {
    "type": "object",
    "properties": {
        "room": {"type": "integer"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "board": {"$ref": "#/$defs/Board"},
        "guests": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "vip": {"type": "boolean"}},
                "required": ["name"],
            },
        },
    },
    "required": ["room", "board", "guests"],
    "$defs": {"Board": {"enum": ["none", "half", "full"]}},
}


def called(coverage: Coverage, tool: str, arguments: Any, outcome: Outcome = Outcome.OK) -> None:
    payload = None if outcome is Outcome.INVALID_ARGUMENTS else arguments
    result = CallResult(outcome=outcome, tool=tool, payload=payload)
    coverage.add(tool, json.dumps(arguments), result)


def test_coverage_says_what_no_call_reached() -> None:
    coverage = Coverage({"book": ORDER, "cancel": {"type": "object"}, "pay": {"type": "object"}})
    called(coverage, "book", {"room": 7, "board": "none", "guests": [{"name": "Mia"}]})
    called(coverage, "book", {"room": 8, "board": "half", "guests": []}, Outcome.FAILED)
    called(coverage, "cancel", {})

    assert coverage.report() == {
        "tool_count": 3,
        "calls": {"book": 2, "cancel": 1},
        "tools": ["pay"],
        "outcomes": {"cancel": ["failing"]},
        "arguments": {"book": ["note", "guests[*].vip"]},
        "values": {"book": {"board": ["full"]}},
        "schema_disagrees": {},
    }


def test_calls_that_run_though_the_schema_forbids_them_are_counted() -> None:
    coverage = Coverage({"book": ORDER})
    errors = [{"loc": ["room"], "msg": "Input should be a valid integer"}]
    for outcome in (Outcome.OK, Outcome.FAILED, Outcome.INVALID_ARGUMENTS):
        coverage.add("book", "{}", CallResult(outcome=outcome, tool="book"), errors)

    assert coverage.report()["schema_disagrees"] == {
        "book": {"calls": 2, "objection": "room: Input should be a valid integer"}
    }


def test_a_call_that_was_rejected_or_not_run_reaches_no_argument() -> None:
    coverage = Coverage({"book": ORDER})
    called(coverage, "book", {"room": 7, "note": "x"}, Outcome.INVALID_ARGUMENTS)
    coverage.add("book", '{"note": "x"}', None)

    report = coverage.report()

    assert report["calls"] == {"book": 1}
    assert "note" in report["arguments"]["book"]


def test_a_schema_that_refers_to_itself_ends() -> None:
    tree = {
        "type": "object",
        "properties": {"child": {"$ref": "#"}},
    }
    coverage = Coverage({"walk": tree})
    called(coverage, "walk", {"child": {"child": {}}})

    assert coverage.report()["tools"] == []


def test_a_default_counts_as_used_where_the_argument_is_left_out() -> None:
    unit = {"enum": ["celsius", "fahrenheit"], "default": "celsius"}
    coverage = Coverage({"weather": {"type": "object", "properties": {"unit": unit}}})
    called(coverage, "weather", {})
    assert coverage.report()["arguments"] == {"weather": ["unit"]}

    called(coverage, "weather", {"unit": "fahrenheit"})

    assert coverage.report()["arguments"] == {}
    assert coverage.report()["values"] == {}


def test_a_call_that_failed_when_recorded_was_seen_failing() -> None:
    coverage = Coverage({"pay": {"type": "object"}})
    result = CallResult(outcome=Outcome.OK, tool="pay", payload={})
    coverage.add("pay", "{}", result, recorded=Outcome.FAILED)

    assert coverage.report()["outcomes"] == {}
