from __future__ import annotations

import json
from typing import Any

import pytest

from replay.records import Outcome
from replay.tools import (
    Toolbox,
    run_call_sync,
)


def test_null_for_an_optional_argument_counts_as_left_out() -> None:
    box = Toolbox()

    @box.tool
    def page(of: str, size: int = 20) -> int:
        return size

    left_out = run_call_sync(box, tool="page", arguments='{"of": "a", "size": null}')
    required = run_call_sync(box, tool="page", arguments='{"of": null, "size": null}')

    assert (left_out.result, left_out.payload) == (20, {"of": "a"})
    assert left_out.notes == ["null for an optional argument was taken as left out."]
    assert required.outcome is Outcome.INVALID_ARGUMENTS
    assert [error["loc"] for error in required.schema_errors] == [["of"], ["size"]]


def given_tool(**arguments: Any) -> str:
    return json.dumps(arguments)


SCHEMA = {
    "type": "function",
    "function": {
        "name": "given",
        "parameters": {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "required": ["id"],
        },
    },
}


def test_a_given_schema_reports_and_the_tool_runs_all_the_same() -> None:
    box = Toolbox()
    box.add(given_tool, schema=SCHEMA)

    result = run_call_sync(box, tool="given", arguments='{"id": "7"}')

    assert (result.outcome, result.response) == (Outcome.OK, '{"id": "7"}')
    assert result.schema_errors == [
        {"type": "integer_type", "loc": ["id"], "msg": "Should be an integer", "input": "7"}
    ]


def test_a_given_schema_gates_where_it_is_told_to() -> None:
    box = Toolbox()
    box.add(given_tool, schema=SCHEMA, validation="gate")

    assert run_call_sync(box, tool="given", arguments="{}").outcome is Outcome.INVALID_ARGUMENTS


class Service:
    @staticmethod
    def invoke(id: int, label: str = "") -> str:
        return f"{id}{label}"


@pytest.mark.parametrize("arguments", ["{}", '{"id": 1, "colour": "red"}'])
def test_arguments_that_python_cannot_bind_fail_with_pythons_own_words(arguments: str) -> None:
    box = Toolbox()
    box.add(Service.invoke, schema=SCHEMA)
    box.error_text(lambda failed: f"Error: {failed.message}")
    with pytest.raises(TypeError) as pythons:
        Service.invoke(**json.loads(arguments))

    result = run_call_sync(box, tool="given", arguments=arguments)

    assert result.outcome is Outcome.INVALID_ARGUMENTS
    assert result.response == f"Error: {pythons.value}"


def test_a_type_error_inside_the_tool_is_the_tools_failure() -> None:
    box = Toolbox()
    box.add(lambda **arguments: arguments["id"] + 1, name="given", schema=SCHEMA)

    result = run_call_sync(box, tool="given", arguments='{"id": "7"}')

    assert result.outcome is Outcome.FAILED


def test_a_report_only_tool_with_annotations_gets_the_raw_arguments() -> None:
    box = Toolbox()

    @box.tool(validation="report")
    def double(amount: int) -> Any:
        return amount * 2

    result = run_call_sync(box, tool="double", arguments='{"amount": "4"}')

    assert result.response == "44"
    assert result.schema_errors[0]["type"] == "int_type"


def test_positional_arguments_are_validated_under_their_names() -> None:
    box = Toolbox()

    @box.tool
    def move(source: str, target: str, force: bool = False) -> list[Any]:
        return [source, target, force]

    result = run_call_sync(box, tool="move", arguments='{"force": true}', positional=["a", "b"])
    twice = run_call_sync(box, tool="move", arguments='{"source": "x"}', positional=["a", "b"])
    many = run_call_sync(box, tool="move", arguments="{}", positional=["a", "b", True, 4])

    assert result.result == ["a", "b", True]
    assert result.payload == {"source": "a", "target": "b", "force": True}
    assert twice.outcome is many.outcome is Outcome.INVALID_ARGUMENTS


def test_positional_arguments_reach_a_report_only_tool_as_given() -> None:
    box = Toolbox()

    @box.tool(validation="report")
    def join(first: str, *rest: str, sep: str = "-") -> str:
        return sep.join([first, *rest])

    result = run_call_sync(box, tool="join", arguments='{"sep": "+"}', positional=["a", "b", "c"])

    assert result.response == "a+b+c"
