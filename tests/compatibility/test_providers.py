"""What providers reject, and what they rewrite: each limit at its place, with its way out."""

from __future__ import annotations

from typing import Any

import pytest

from replay.compatibility.changes import OnModel
from replay.compatibility.providers import new_limits, provider_limits

CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def with_city(part: Any) -> dict[str, Any]:
    return {**CLOSED, "properties": {"city": part}}


def met(provider: str, schema: dict[str, Any], name: str = "get") -> list[tuple[str, str, str]]:
    return [
        (limit.path, limit.effect, limit.said) for limit in provider_limits(provider, name, schema)
    ]


def nested(levels: int) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        part = {
            "type": "object",
            "properties": {"a": part},
            "required": ["a"],
            "additionalProperties": False,
        }
    return part


def test_a_plain_closed_schema_meets_no_limit_anywhere() -> None:
    for provider in ("openai", "openai-strict", "anthropic", "anthropic-strict", "mcp"):
        assert met(provider, CLOSED) == []


@pytest.mark.parametrize(
    ("schema", "path", "said"),
    [
        ({**CLOSED, "additionalProperties": True}, "", "an object that is not closed"),
        ({**CLOSED, "required": []}, "", "not every property is required: `city`"),
        (with_city({"allOf": [{"type": "string"}]}), "city", "the keyword `allOf`"),
        (with_city({"oneOf": [{"type": "string"}]}), "city", "the keyword `oneOf`"),
        (with_city({"type": "string", "default": "x"}), "city", "the keyword `default`"),
        (with_city({}), "city", "a value of any type"),
        (
            with_city({"type": "object", "additionalProperties": {"type": "string"}}),
            "city",
            "an object with free names",
        ),
        (with_city({"enum": [f"v{n}" for n in range(1_001)]}), "", "1,001 listed values in all"),
        (
            with_city({"enum": ["x" * 99 + str(n) for n in range(251)]}),
            "city",
            "251 listed values of",
        ),
        (nested(12), "a.a.a.a.a.a.a.a.a.a.a", "more than 10 levels"),
        ({"anyOf": [CLOSED]}, "", "the root must be one plain object"),
        (
            {
                **with_city({"$ref": "#/$defs/c", "minLength": 1}),
                "$defs": {"c": {"type": "string"}},
            },
            "city",
            "a `$ref` with other keywords beside it",
        ),
    ],
)
def test_strict_mode_rejects(schema: dict[str, Any], path: str, said: str) -> None:
    found = met("openai-strict", schema)

    assert any(
        (where, effect) == (path, "rejected") and words.startswith(said)
        for where, effect, words in found
    ), found


def test_strict_mode_takes_ten_levels_and_five_thousand_properties() -> None:
    names = {f"p{n}": {"type": "string"} for n in range(5_000)}
    full = {**CLOSED, "properties": names, "required": list(names)}
    more = {**full, "properties": {**names, "q": {"type": "string"}}, "required": [*names, "q"]}

    assert met("openai-strict", nested(10)) == []
    assert met("openai-strict", full) == []
    assert [said for _, _, said in met("openai-strict", more)] == [
        "5,001 properties; it takes 5,000"
    ]


@pytest.mark.parametrize(
    ("part", "effect", "said"),
    [
        ({"type": "integer", "minimum": 1}, "rewritten", "`minimum` is moved into the description"),
        ({"type": "array", "minItems": 2, "items": {"type": "string"}}, "rewritten", "`minItems` "),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "rewritten", "`oneOf` becomes `anyOf`"),
        ({"type": "string", "format": "phone"}, "rewritten", "the format 'phone' is moved"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "rewritten",
            "the object is closed",
        ),
        ({"type": ["string", "null"]}, "rejected", "a list of types"),
        ({}, "rejected", "a value of any type"),
    ],
)
def test_anthropics_strict_tools(part: Any, effect: str, said: str) -> None:
    found = met("anthropic-strict", with_city(part))

    assert [(where, does) for where, does, _ in found] == [("city", effect)]
    assert found[0][2].startswith(said)
    assert met("anthropic", with_city(part)) == []


def test_recursion_is_no_grammar() -> None:
    node = {**CLOSED, "properties": {"city": {"$ref": "#/$defs/n"}}}
    tree = {**node, "$defs": {"n": {**CLOSED, "properties": {"city": {"$ref": "#/$defs/n"}}}}}

    assert ("", "rejected", "the schema is recursive (`#/$defs/n`)") in met(
        "anthropic-strict", tree
    )
    assert met("openai-strict", tree) == []


def test_anthropic_says_what_its_own_sdk_does() -> None:
    transform = pytest.importorskip("anthropic.lib._parse._transform")
    part = {"type": "integer", "minimum": 1, "maximum": 9}

    sent = transform.transform_schema(with_city(part))["properties"]["city"]

    assert sent == {"type": "integer", "description": "{minimum: 1, maximum: 9}"}
    assert len(met("anthropic-strict", with_city(part))) == 2


@pytest.mark.parametrize(
    ("provider", "name", "is_taken"),
    [
        ("openai", "a.b", False),
        ("anthropic", "x" * 65, False),
        ("mcp", "a.b", True),
        ("mcp", "a b", False),
    ],
)
def test_names_are_limited_too(provider: str, name: str, is_taken: bool) -> None:
    assert (met(provider, CLOSED, name) == []) is is_taken


def test_mcp_reads_a_list_of_items_as_draft_7_only_where_it_is_said() -> None:
    tuple_of = with_city({"type": "array", "items": [{"type": "string"}]})

    assert [path for path, _, _ in met("mcp", tuple_of)] == ["city"]
    assert met("mcp", {"$schema": "http://json-schema.org/draft-07/schema#", **tuple_of}) == []


def test_only_limits_that_are_new_are_changes() -> None:
    lax = with_city({"type": "integer", "minimum": 1})
    laxer = with_city({"type": "integer", "minimum": 1, "maximum": 9})

    changes = new_limits("anthropic-strict", "get", lax, laxer)

    assert [(one.rule, one.path, one.on_model) for one in changes] == [
        ("LEAVES_PROVIDER_SUBSET", "city", OnModel.REFUSED)
    ]
    assert changes[0].said == (
        "Anthropic with `strict` silently rewrites it: `maximum` is moved into the description. "
        "Check it in the tool: the model is only told."
    )
