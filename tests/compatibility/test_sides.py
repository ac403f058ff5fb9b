"""Sides of a comparison: like is compared with like, whatever the dialect that was shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from replay.compatibility.changes import Evidence, OnModel, OnPayloads, SchemaChange
from replay.compatibility.loosening import loosened
from replay.compatibility.reading import Reading
from replay.compatibility.sides import (
    Side,
    compare_sides,
    definition_side,
    limits_of_sides,
    recorded_side,
)
from replay.compatibility.tools import ToolVersion
from replay.errors import ExitCode, ToolboxError
from replay.records import ToolSchema
from replay.report.schema_changes import exit_code, render_changes
from replay.tools.schemas import DIALECTS, definition_in

TOOLBOX = Reading(null_is_left_out=True)


def parameters(**properties: Any) -> dict[str, Any]:
    required = [name for name, part in properties.items() if "default" not in part]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


CITY = {"type": "string"}
UNIT = {"type": "string", "default": "c"}
DAYS = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}


def today(schema: dict[str, Any], version: str | None = None, *, runs: bool = True) -> Side:
    shown, not_shown = {}, {}
    for dialect in DIALECTS:
        try:
            shown[dialect] = definition_in(
                dialect, name="get", description="Get.", parameters=schema
            )
        except ToolboxError as error:
            not_shown[dialect] = error.wanted
    tool = ToolVersion("get", schema, "Get.", version=version, reading=TOOLBOX)
    return Side(tool, shown, not_shown, runs=runs)


def recorded(schema: dict[str, Any], dialect: str) -> Side:
    definition = definition_in(dialect, name="get", description="Get.", parameters=schema)
    side = recorded_side(ToolSchema(id="x", tool="get", dialect=dialect, definition=definition))
    assert side is not None
    return side


def rules(changes: list[SchemaChange]) -> list[tuple[str, str, str]]:
    return [(one.rule, one.path, str(one.on_payloads)) for one in changes]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_models_were_shown_of_the_same_tool_is_no_change(dialect: str) -> None:
    schema = parameters(city=CITY, unit=UNIT, days=DAYS)

    assert compare_sides([recorded(schema, dialect)], [today(schema)]) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_only_what_changed_is_told_in_every_dialect(dialect: str) -> None:
    old = recorded(parameters(city=CITY, unit=UNIT, days=DAYS), dialect)
    new = parameters(city=CITY, unit=UNIT, days=DAYS, day={"type": "string"})

    assert rules(compare_sides([old], [today(new)])) == [
        ("REQUIRED_PROPERTY_ADDED", "day", "breaks")
    ]


@pytest.mark.parametrize("dialect", ["openai", "openai-strict"])
def test_a_changed_default_is_silent_where_null_is_read_as_it(dialect: str) -> None:
    old = recorded(parameters(city=CITY, unit=UNIT), dialect)
    new = today(parameters(city=CITY, unit={"type": "string", "default": "f"}))
    plain = replace(new, tool=replace(new.tool, reading=Reading()))
    found = ("DEFAULT_CHANGED", "unit")

    assert (*found, "silent") in rules(compare_sides([old], [new]))
    verdict = "safe" if dialect == "openai-strict" else "silent"
    assert (*found, verdict) in rules(compare_sides([old], [plain]))


def test_a_strict_form_is_read_back_to_what_it_was_made_of() -> None:
    schema = parameters(city=CITY, unit=UNIT)
    shown = definition_in("openai-strict", name="get", description="", parameters=schema)

    assert loosened(shown["function"]["parameters"]) == {
        **schema,
        "properties": {
            "city": CITY,
            "unit": {"type": ["string", "null"], "default": "c"},
        },
    }


def test_older_versions_are_compared_with_themselves_where_they_are_still_there() -> None:
    first, second = parameters(city=CITY), parameters(town=CITY, zone=CITY)
    old = [today(first, "1", runs=False), today(second, "2")]
    new = [today(first, "1", runs=False), today(second, "2")]

    assert compare_sides(old, new) == []
    gone = [today(second, "2")]
    assert {one.path for one in compare_sides(old, gone)} == {"city", "town", "zone"}


def test_what_is_translated_is_safe_for_payloads_and_a_change_for_models() -> None:
    old = [today(parameters(city=CITY), "1")]
    new = [today(parameters(city=CITY, day=CITY), "3")]
    steps = [("get", "1", "2"), ("get", "2", "3"), ("other", "1", "3")]

    assert rules(compare_sides(old, new, steps=steps[1:])) == [
        ("REQUIRED_PROPERTY_ADDED", "day", "breaks")
    ]
    changes = compare_sides(old, new, steps=steps)
    assert rules(changes) == [("REQUIRED_PROPERTY_ADDED", "day", "safe")]
    assert changes[0].on_model is OnModel.CHANGED
    assert changes[0].said == "is new, and required; payloads of version 1 are translated"


def test_a_definition_says_nothing_of_results() -> None:
    definition = definition_in("anthropic", name="get", description="Get.", parameters={})
    side = today({})
    side = replace(side, tool=replace(side.tool, result={"type": "string"}))

    assert compare_sides([definition_side(definition)], [side]) == []


def test_leaving_what_strict_mode_takes_is_told_once() -> None:
    free = {"type": "object", "additionalProperties": {"type": "string"}}
    old, new = parameters(city=CITY), parameters(city=free)

    changes = compare_sides([recorded(old, "openai-strict")], [today(new)])
    refused = [one for one in changes if one.on_model is OnModel.REFUSED]

    assert [one.rule for one in refused] == ["LEAVES_PROVIDER_SUBSET"]
    assert "an object with free keys" in refused[0].said
    assert [one.rule for one in limits_of_sides([today(new)], ["openai-strict"])] == [
        "LEAVES_PROVIDER_SUBSET"
    ]


# -- exit codes ------------------------------------------------------------------------------------


def change(verdict: OnPayloads, model: OnModel = OnModel.CHANGED) -> SchemaChange:
    return SchemaChange("ENUM_VALUE_REMOVED", "get", "unit", verdict, model, str(verdict))


def proof(one: SchemaChange, *, calls: int = 0, breaks: int = 0, silent: int = 0) -> Evidence:
    same = calls - breaks - silent
    return Evidence(one, calls, breaks, silent, same, {}, None, None)


@pytest.mark.parametrize(
    ("verdict", "model", "counts", "code"),
    [
        (OnPayloads.SAFE, OnModel.CHANGED, None, ExitCode.OK),
        (OnPayloads.SAFE, OnModel.REFUSED, None, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.SILENT, OnModel.CHANGED, None, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.MAY_BREAK, OnModel.CHANGED, None, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.BREAKS, OnModel.CHANGED, None, ExitCode.BREAKING),
        (OnPayloads.MAY_BREAK, OnModel.CHANGED, {"calls": 0}, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.MAY_BREAK, OnModel.CHANGED, {"calls": 9}, ExitCode.OK),
        (OnPayloads.MAY_BREAK, OnModel.CHANGED, {"calls": 9, "breaks": 1}, ExitCode.BREAKING),
        (OnPayloads.SILENT, OnModel.CHANGED, {"calls": 9, "silent": 1}, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.SAFE, OnModel.CHANGED, {"calls": 9, "breaks": 1}, ExitCode.BREAKING),
        (OnPayloads.BREAKS, OnModel.CHANGED, {"calls": 9}, ExitCode.NEEDS_A_PERSON),
        (OnPayloads.SAFE, OnModel.REFUSED, {"calls": 9}, ExitCode.NEEDS_A_PERSON),
    ],
)
def test_captured_calls_decide_where_there_are_any(
    verdict: OnPayloads, model: OnModel, counts: dict[str, int] | None, code: ExitCode
) -> None:
    one = change(verdict, model)

    assert exit_code([one], [] if counts is None else [proof(one, **counts)]) is code


def test_what_may_break_and_is_shown_to_break_counts_as_breaking() -> None:
    shown, other = change(OnPayloads.MAY_BREAK), change(OnPayloads.MAY_BREAK)
    other = replace(other, path="currency")
    evidence = [proof(shown, calls=9, breaks=2), proof(other, calls=9)]

    text = render_changes([shown, other], against="the lock", places={}, evidence=evidence)

    assert "✗ `unit` may_break" in text
    assert "payloads may break, and captured ones do;" in text
    assert "? `currency` may_break" in text
    assert text.endswith("2 changes of 1 tool against the lock: 1 breaks, 1 may break.")
