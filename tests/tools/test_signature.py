from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import AliasChoices, BaseModel, Field

from replay.errors import ToolboxError
from replay.records import JsonObject, Outcome
from replay.tools import FromWorld, Toolbox, run_call_sync


class Cabin(Enum):
    ECONOMY = "economy"
    BUSINESS = "business"


class Passenger(BaseModel):
    name: str
    age: int = Field(ge=0)


class Order(BaseModel):
    """An order of tickets."""

    passengers: list[Passenger]
    cabin: Cabin = Cabin.ECONOMY


def parameters(function: Callable[..., Any], **options: Any) -> JsonObject:
    return Toolbox().add(function, **options).parameters


def call(function: Callable[..., Any], arguments: str, **options: Any) -> Any:
    toolbox = Toolbox()
    toolbox.add(function, name="tool", **options)
    return run_call_sync(toolbox, tool="tool", arguments=arguments)


def search(
    origin: str,
    on: date,
    cabin: Literal["economy", "business"] = "economy",
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
    note: Optional[str] = None,  # noqa: UP045 -- the older spelling is what users write too
) -> list[str]:
    """Find flights.

    Only direct ones.

    Args:
        origin: Airport code,
            three letters.
        on (date): Day of departure.

    Returns:
        Flight numbers.
    """
    return [f"{origin} {on.isoformat()} {cabin} {limit} {note}"]


def test_a_signature_and_its_docstring_make_the_schema() -> None:
    tool = Toolbox().add(search)

    assert tool.description == "Find flights.\n\nOnly direct ones."
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "origin": {"type": "string", "description": "Airport code, three letters."},
            "on": {"type": "string", "format": "date", "description": "Day of departure."},
            "cabin": {"type": "string", "enum": ["economy", "business"], "default": "economy"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["origin", "on"],
        "additionalProperties": False,
    }


def test_arguments_arrive_as_their_types_and_defaults_are_pythons_own() -> None:
    result = call(search, '{"origin": "BER", "on": "2026-05-01"}')

    assert result.result == ["BER 2026-05-01 economy 10 None"]
    assert result.payload == {"origin": "BER", "on": "2026-05-01"}


def test_models_enums_and_lists_of_models_are_validated_into_objects() -> None:
    def book(order: Order) -> str:
        return f"{order.cabin.name} {order.passengers[0].name}"

    good = call(
        book, '{"order": {"passengers": [{"name": "Ada", "age": 36}], "cabin": "business"}}'
    )
    bad = call(book, '{"order": {"passengers": [{"name": "Ada", "age": -1}]}}')

    assert good.response == "BUSINESS Ada"
    assert bad.outcome is Outcome.INVALID_ARGUMENTS
    assert bad.schema_errors == [
        {
            "type": "greater_than_equal",
            "loc": ["order", "passengers", 0, "age"],
            "msg": "Input should be greater than or equal to 0",
            "input": -1,
        }
    ]


def test_a_positional_only_model_is_the_whole_payload() -> None:
    def book(order: Order, /) -> str:
        return order.passengers[0].name

    assert parameters(book)["required"] == ["passengers"]
    assert call(book, '{"passengers": [{"name": "Ada", "age": 36}]}').response == "Ada"
    assert call(book, '{"order": {}}').outcome is Outcome.INVALID_ARGUMENTS


def test_strict_is_the_default_and_can_be_loosened_per_tool_and_toolbox() -> None:
    def double(amount: int) -> int:
        return amount * 2

    loose = Toolbox(strict=False)
    loose.add(double)

    assert call(double, '{"amount": "4"}').outcome is Outcome.INVALID_ARGUMENTS
    assert call(double, '{"amount": "4"}', strict=False).result == 8
    assert run_call_sync(loose, tool="double", arguments='{"amount": "4"}').result == 8


def test_extra_arguments_are_invalid_unless_the_function_takes_them() -> None:
    def closed(a: int) -> int:
        return a

    def open_(a: int, **more: Any) -> dict[str, Any]:
        return more

    assert call(closed, '{"a": 1, "b": 2}').outcome is Outcome.INVALID_ARGUMENTS
    assert call(open_, '{"a": 1, "b": 2}').result == {"b": 2}


def test_field_defaults_aliases_and_plain_text_descriptions_work() -> None:
    def create(
        title: Annotated[str, "What it is called"],
        start: Annotated[str, Field(validation_alias=AliasChoices("start", "from"))],
        minutes: int = Field(30, description="How long", ge=5),
    ) -> str:
        return f"{title} {start} {minutes}"

    shown = parameters(create)["properties"]

    assert shown["title"] == {"type": "string", "description": "What it is called"}
    assert shown["minutes"]["default"] == 30
    assert call(create, '{"title": "Lunch", "from": "12:00"}').response == "Lunch 12:00 30"
    assert call(create, '{"title": "Lunch", "start": "1", "minutes": 4}').outcome is (
        Outcome.INVALID_ARGUMENTS
    )


@pytest.mark.parametrize("name", ["copy", "json", "model_config", "_private", "self_", "schema"])
def test_any_parameter_name_works(name: str) -> None:
    scope: dict[str, Any] = {}
    exec(f"def tool({name}: int) -> int: return {name}", scope)  # a name made at run time

    assert call(scope["tool"], f'{{"{name}": 5}}').result == 5


def test_unannotated_parameters_take_anything_but_their_names_count() -> None:
    def loose(a, b=2):  # type: ignore[no-untyped-def]
        return [a, b]

    assert call(loose, '{"a": {"x": 1}}').result == [{"x": 1}, 2]
    assert call(loose, '{"b": 1}').outcome is Outcome.INVALID_ARGUMENTS


def test_wrapped_functions_partials_and_callable_objects_can_be_tools() -> None:
    def scale(value: int, factor: int = 1) -> int:
        return value * factor

    @functools.wraps(scale)
    def wrapped(*args: Any, **kwargs: Any) -> int:
        return scale(*args, **kwargs) + 1

    class Scaler:
        def __call__(self, value: int) -> int:
            return value * 3

    assert call(wrapped, '{"value": 2, "factor": 5}').result == 11
    assert call(functools.partial(scale, factor=4), '{"value": 2}').result == 8
    assert call(Scaler(), '{"value": 2}').result == 6


def test_a_type_that_json_cannot_carry_is_refused_with_the_way_out() -> None:
    class Connection:
        pass

    def query(connection: Connection, text: str) -> str:
        return text

    tool = Toolbox().add(query)

    with pytest.raises(ToolboxError) as caught:
        tool.check()

    assert "Tool 'query' cannot be described to a model" in str(caught.value)
    assert "FromWorld()" in str(caught.value)


def test_an_annotation_that_cannot_be_resolved_is_named() -> None:
    def broken(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821 -- the point
        del a

    with pytest.raises(ToolboxError, match="name 'Nowhere' is not defined"):
        Toolbox().add(broken).check()


def test_marked_parameters_are_never_shown() -> None:
    def tool(a: int, session: Annotated[Any, FromWorld("session")]) -> Any:
        return [a, session]

    assert list(parameters(tool)["properties"]) == ["a"]
