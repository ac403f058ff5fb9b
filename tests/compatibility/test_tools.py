"""Whole tools and their results: there or not, renamed, said otherwise, read otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.reading import Reading
from replay.compatibility.results import compare_results
from replay.compatibility.tools import ToolVersion, compare_tool, compare_tools, tool_of
from replay.errors import ToolboxError

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
    "required": ["city"],
}


def named(name: str, **fields: Any) -> ToolVersion:
    return ToolVersion(name, **{"parameters": CITY, **fields})


def rules(changes: list[SchemaChange]) -> list[tuple[str, str, str]]:
    return [(one.rule, one.path, str(one.on_payloads)) for one in changes]


def test_a_tool_that_is_gone_breaks_and_one_that_is_new_is_safe() -> None:
    assert rules(compare_tools([named("a")], [])) == [("TOOL_REMOVED", "", "breaks")]
    assert rules(compare_tools([], [named("a")])) == [("TOOL_ADDED", "", "safe")]


def test_a_tool_that_takes_the_same_under_another_name_is_renamed() -> None:
    changes = compare_tools([named("get_weather")], [named("fetch_weather")])

    assert rules(changes) == [("TOOL_RENAMED", "", "breaks")]
    assert (changes[0].tool, changes[0].new) == ("get_weather", "fetch_weather")


def test_another_prefix_is_another_namespace() -> None:
    changes = compare_tools(
        [named("search"), named("show")], [named("gh.search"), named("gh.show")]
    )

    assert [one.rule for one in changes] == ["NAMESPACE_CHANGED", "NAMESPACE_CHANGED"]


def test_tools_that_share_nothing_are_not_called_renamed() -> None:
    other = named("send_mail", parameters={"type": "object", "properties": {"to": {}}})

    assert [one.rule for one in compare_tools([named("get_weather")], [other])] == [
        "TOOL_REMOVED",
        "TOOL_ADDED",
    ]


def test_descriptions_annotations_strictness_and_order_are_for_models_only() -> None:
    old = [named("a", description="x", strict=False), named("b", annotations={"title": "B"})]
    new = [named("b"), named("a", description="y", strict=True)]

    changes = compare_tools(old, new)

    assert [one.rule for one in changes] == [
        "TOOL_DESCRIPTION_CHANGED",
        "STRICT_CHANGED",
        "TOOL_ANNOTATIONS_CHANGED",
        "TOOL_ORDER_CHANGED",
    ]
    assert {one.on_payloads for one in changes} == {OnPayloads.SAFE}
    assert {one.on_model for one in changes} == {OnModel.CHANGED}


def test_an_order_that_nobody_knows_is_not_compared() -> None:
    assert compare_tools([named("a"), named("b")], [named("b"), named("a")], in_order=False) == []


def test_coercion_and_gating_change_what_schemas_do_not_show() -> None:
    lax = named("a", reading=Reading(coerces=True, gates=False))
    strict = named("a", reading=Reading())

    assert rules(compare_tool(lax, strict)) == [
        ("COERCION_REMOVED", "", "may_break"),
        ("GATE_ADDED", "", "may_break"),
    ]
    assert rules(compare_tool(strict, lax)) == [
        ("COERCION_ADDED", "", "safe"),
        ("GATE_REMOVED", "", "safe"),
    ]
    assert {one.on_model for one in compare_tool(lax, strict)} == {OnModel.SAME}


def test_where_a_tool_only_notes_what_does_not_fit_nothing_breaks_for_sure() -> None:
    new = {**CITY, "required": ["city", "day"], "properties": {**CITY["properties"], "day": {}}}

    changes = compare_tool(named("a"), named("a", parameters=new, reading=Reading(gates=False)))

    assert rules(changes) == [("REQUIRED_PROPERTY_ADDED", "day", "may_break")]
    assert "only notes it" in changes[0].said


def test_errors_that_a_tool_says_it_answers_with_are_a_contract() -> None:
    changes = compare_tool(named("a", errors=["not_found"]), named("a", errors=["gone"]))

    assert rules(changes) == [("ERROR_CONTRACT_CHANGED", "", "safe")]
    assert compare_tool(named("a", errors=["not_found"]), named("a")) == []


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "function", "function": {"name": "a", "description": "A.", "parameters": CITY}},
        {"type": "function", "name": "a", "description": "A.", "parameters": CITY, "strict": False},
        {"name": "a", "description": "A.", "input_schema": CITY},
        {"name": "a", "description": "A.", "inputSchema": CITY},
    ],
)
def test_definitions_of_every_provider_are_one_tool(definition: dict[str, Any]) -> None:
    tool = tool_of(definition)

    assert (tool.name, tool.description, tool.parameters) == ("a", "A.", CITY)


def test_a_definition_without_a_name_is_refused_with_what_to_give() -> None:
    with pytest.raises(ToolboxError, match=r"has no name(?s:.)*OpenAI, Anthropic or MCP"):
        tool_of({"inputSchema": CITY})


# -- results: the other direction -----------------------------------------------------------------

OLD = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "price": {"type": "number"},
        "state": {"enum": ["open", "done"]},
        "note": {"type": "string"},
    },
    "required": ["id", "price", "state"],
}


def without(schema: dict[str, Any], name: str, **others: Any) -> dict[str, Any]:
    properties = {key: value for key, value in schema["properties"].items() if key != name}
    required = [key for key in schema["required"] if key != name]
    return {**schema, "properties": {**properties, **others}, "required": required}


def with_part(name: str, part: Any, *, required: bool = True) -> dict[str, Any]:
    names = list(dict.fromkeys([*OLD["required"], name] if required else OLD["required"]))
    return {**OLD, "properties": {**OLD["properties"], name: part}, "required": names}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (without(OLD, "price"), ("RESULT_PROPERTY_REMOVED", "price", "breaks")),
        (without(OLD, "note"), ("RESULT_PROPERTY_REMOVED", "note", "may_break")),
        (with_part("tax", {"type": "number"}), ("RESULT_PROPERTY_ADDED", "tax", "safe")),
        (with_part("price", {"type": "string"}), ("RESULT_TYPE_CHANGED", "price", "breaks")),
        (with_part("price", {"type": "integer"}), ("RESULT_TYPE_NARROWED", "price", "safe")),
        (
            with_part("id", {"type": ["string", "integer"]}),
            ("RESULT_TYPE_WIDENED", "id", "may_break"),
        ),
        (with_part("id", {"type": ["string", "null"]}), ("RESULT_NULL_ADDED", "id", "may_break")),
        (
            with_part("state", {"enum": ["open", "done", "lost"]}),
            ("RESULT_VALUES_WIDENED", "state", "may_break"),
        ),
        (with_part("state", {"enum": ["open"]}), ("RESULT_VALUES_NARROWED", "state", "safe")),
        (
            {**OLD, "required": ["id", "price"]},
            ("RESULT_PROPERTY_BECAME_OPTIONAL", "state", "may_break"),
        ),
        (
            {**OLD, "required": [*OLD["required"], "note"]},
            ("RESULT_PROPERTY_BECAME_REQUIRED", "note", "safe"),
        ),
        (
            with_part("price", {"type": "number", "description": "In euros."}),
            ("RESULT_WORDS_CHANGED", "price", "safe"),
        ),
        (
            {
                **OLD,
                "properties": {
                    "id": {"type": "string"},
                    "price_eur": {"type": "number"},
                    "state": {"enum": ["open", "done"]},
                    "note": {"type": "string"},
                },
                "required": ["id", "price_eur", "state"],
            },
            ("RESULT_RENAME_SUSPECTED", "price", "breaks"),
        ),
    ],
)
def test_results_are_judged_for_those_who_know_the_old_shape(
    new: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert rules(compare_results(OLD, new)) == [expected]


def test_a_result_that_is_said_at_last_is_safe_and_one_no_longer_said_may_break() -> None:
    assert rules(compare_results(None, OLD)) == [("RESULT_SCHEMA_ADDED", "", "safe")]
    assert rules(compare_results(OLD, None)) == [("RESULT_SCHEMA_REMOVED", "", "may_break")]
    assert compare_results(None, None) == []


def test_words_of_results_are_not_what_models_see() -> None:
    changes = compare_results(OLD, {**OLD, "description": "An order."})

    assert [(one.rule, one.on_model) for one in changes] == [("RESULT_WORDS_CHANGED", OnModel.SAME)]
