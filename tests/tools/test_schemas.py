from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from replay.errors import ToolboxError
from replay.tools import DIALECTS, Toolbox, strict_form


class Item(BaseModel):
    sku: str
    count: int = 1


class Node(BaseModel):
    name: str
    children: list[Node] = []


toolbox = Toolbox("shop")


@toolbox.tool(version="2")
def buy(
    item: Item, gift: bool = False, note: Annotated[str | None, "For the parcel"] = None
) -> str:
    """Buy something."""
    return f"{item.sku} {gift} {note}"


SHOWN = {
    "$defs": {
        "Item": {
            "type": "object",
            "title": "Item",
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "default": 1}},
            "required": ["sku"],
        }
    },
    "type": "object",
    "properties": {
        "item": {"$ref": "#/$defs/Item"},
        "gift": {"type": "boolean", "default": False},
        "note": {
            "anyOf": [{"type": "string"}, {"type": "null"}],
            "default": None,
            "description": "For the parcel",
        },
    },
    "required": ["item"],
    "additionalProperties": False,
}
STRICT = {
    "$defs": {
        "Item": {
            "type": "object",
            "title": "Item",
            "properties": {
                "sku": {"type": "string"},
                "count": {"type": ["integer", "null"], "description": "(default: 1)"},
            },
            "required": ["sku", "count"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {
        "item": {"$ref": "#/$defs/Item"},
        "gift": {"type": ["boolean", "null"], "description": "(default: false)"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "For the parcel"},
    },
    "required": ["item", "gift", "note"],
    "additionalProperties": False,
}
NAMED = {"name": "buy", "description": "Buy something."}


@pytest.mark.parametrize(
    ("dialect", "definition"),
    [
        ("openai", {"type": "function", "function": {**NAMED, "parameters": SHOWN}}),
        (
            "openai-strict",
            {"type": "function", "function": {**NAMED, "parameters": STRICT, "strict": True}},
        ),
        ("openai-responses", {"type": "function", **NAMED, "parameters": SHOWN, "strict": False}),
        (
            "openai-responses-strict",
            {"type": "function", **NAMED, "parameters": STRICT, "strict": True},
        ),
        ("anthropic", {**NAMED, "input_schema": SHOWN}),
        ("mcp", {**NAMED, "inputSchema": SHOWN}),
    ],
)
def test_every_dialect_has_its_own_form(dialect: str, definition: dict[str, Any]) -> None:
    assert toolbox.schemas(dialect) == [definition]


def test_an_unknown_dialect_names_the_nearest() -> None:
    with pytest.raises(ToolboxError) as caught:
        toolbox.schemas("open-ai")

    assert str(caught.value).splitlines()[:2] == [
        "There is no schema dialect 'open-ai'.",
        "Nearest: openai",
    ]


def test_a_given_definition_is_shown_as_it_was_given_in_every_dialect() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "string", "title": "A"}}}
    given = {
        "type": "function",
        "function": {"name": "look", "description": "Look.", "parameters": parameters},
    }
    other = Toolbox()
    other.add(lambda **arguments: "seen", schema=given)
    other.add(lambda: "", name="bare", schema={"type": "object", "properties": {}})

    assert other.schemas("openai")[0] == given
    assert other.schemas("mcp")[0] == {
        "name": "look",
        "description": "Look.",
        "inputSchema": parameters,
    }
    assert other.names() == ["look", "bare"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_definition_of_any_dialect_can_be_given(dialect: str) -> None:
    definition = toolbox.schemas(dialect)[0]

    tool = Toolbox().add(lambda **arguments: None, schema=definition)

    assert (tool.name, tool.description) == ("buy", "Buy something.")
    assert tool.parameters in (SHOWN, STRICT)


def test_something_else_than_a_definition_is_refused() -> None:
    with pytest.raises(ToolboxError, match="no tool definition and no JSON Schema"):
        Toolbox().add(lambda: None, name="x", schema={"colour": "red"})


def test_the_identity_of_a_schema_follows_its_content_alone() -> None:
    def tool(a: int) -> None:
        """Do."""

    def made(**options: Any) -> str:
        return Toolbox().add(tool, **options).schema_hash

    assert made() == made()
    assert len({made(), made(version="2"), made(description="Other."), made(name="b")}) == 4


def test_schemas_are_records_with_their_dialect() -> None:
    record = toolbox.tool_schemas()[0]

    assert (record.tool, record.tool_version, record.dialect) == ("buy", "2", "pydantic")
    assert record.id == toolbox.tools()[0].schema_hash
    assert [one.dialect for one in toolbox.tool_schemas("anthropic")] == ["anthropic"]


def test_the_strict_form_is_a_fixpoint() -> None:
    assert strict_form(STRICT, tool="buy") == STRICT


def test_a_default_is_said_in_the_description_of_the_strict_form() -> None:
    given = {
        "$defs": {"Unit": {"type": "string", "enum": ["c", "f"], "description": "Of degrees."}},
        "type": "object",
        "properties": {
            "days": {"type": "integer", "description": "How many.", "default": 3},
            "unit": {"$ref": "#/$defs/Unit", "default": "c"},
        },
    }

    days, unit = strict_form(given, tool="weather")["properties"].values()

    assert days == {"type": ["integer", "null"], "description": "How many. (default: 3)"}
    assert unit == {
        "type": ["string", "null"],
        "enum": ["c", "f", None],
        "description": 'Of degrees. (default: "c")',
    }


@pytest.mark.parametrize("name", ["mail.send", "naïve", "two words", "a" * 65, "line\n"])
@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one != "mcp"])
def test_a_name_that_a_provider_turns_down_is_refused_where_it_is_shown(
    dialect: str, name: str
) -> None:
    other = Toolbox()
    other.add(lambda: "", name=name, schema={"type": "object", "properties": {}})

    with pytest.raises(ToolboxError, match="1 to 64 of the characters A-Z, a-z, 0-9, _ and -"):
        other.schemas(dialect)

    assert other.schemas("mcp")[0]["name"] == name
    assert other.tool_schemas()[0].tool == name


def test_recursion_stays_a_reference_in_the_strict_form() -> None:
    def plant(tree: Node) -> None:
        del tree

    strict = Toolbox().add(plant).definition("openai-strict")["function"]["parameters"]

    assert strict["$defs"]["Node"]["required"] == ["name", "children"]


class A(BaseModel):
    kind: Literal["a"]


class B(BaseModel):
    kind: Literal["b"]


def union(part: Annotated[A | B, Field(discriminator="kind")]) -> None:
    """Tell the two apart."""


def test_a_discriminated_union_becomes_any_of_in_the_strict_form() -> None:
    strict = Toolbox().add(union).definition("openai-strict")["function"]["parameters"]

    assert strict["properties"]["part"] == {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}


def free_keys(a: dict[str, int]) -> None: ...
def pair(a: tuple[int, str]) -> None: ...
def anything(a: Any) -> None: ...
def open_ended(a: int, **more: int) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (free_keys, "at 'a': an object with free keys (a dict)"),
        (pair, "at 'a': a list with a type per position (a tuple)"),
        (anything, "at 'a': a value of any type"),
        (open_ended, "an object with free keys (a dict)"),
    ],
)
def test_what_strict_mode_cannot_express_is_named_with_its_place(function: Any, said: str) -> None:
    tool = Toolbox().add(function)

    with pytest.raises(ToolboxError) as caught:
        tool.definition("openai-strict")

    assert said in str(caught.value)
    assert "show the tool in the dialect 'openai'" in str(caught.value)


def test_more_than_ten_levels_are_too_deep_for_strict_mode() -> None:
    deep: dict[str, Any] = functools.reduce(
        lambda inner, _: {"type": "object", "properties": {"a": inner}}, range(12), {"type": "null"}
    )

    with pytest.raises(ToolboxError, match="more than 10 levels deep"):
        strict_form(deep, tool="deep")


def test_shown_schemas_can_be_changed_without_changing_the_tool() -> None:
    toolbox.schemas("openai")[0]["function"]["parameters"]["properties"].clear()

    assert toolbox.tools()[0].parameters == SHOWN


def test_a_given_function_has_the_options_that_stand_beside_it() -> None:
    tools = Toolbox()

    def limited(limit: int = 5) -> dict[str, int]:
        return {"limit": limit}

    assert tools.tool(limited, name="renamed", validation="report", version="7") is limited

    assert tools.schemas("openai")[0]["function"]["name"] == "renamed"
    tool = tools.find("renamed")
    assert tool is not None
    assert (tool.version, tool.options.validation) == ("7", "report")
