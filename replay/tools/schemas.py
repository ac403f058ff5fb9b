"""A tool's schema in the dialects that models are shown, and its identity.

===========================  ==============================================================
``openai``                   chat completions: ``{"type": "function", "function": {...}}``
``openai-strict``            the same with ``strict: true`` and the schema in its strict form
``openai-responses``         the Responses API: flat, ``strict: false`` said aloud
``openai-responses-strict``  the same with ``strict: true`` and the schema in its strict form
``anthropic``                ``{"name", "description", "input_schema"}``
``mcp``                      ``{"name", "description", "inputSchema"}``
===========================  ==============================================================
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue

DIALECTS: Final = (
    "openai",
    "openai-strict",
    "openai-responses",
    "openai-responses-strict",
    "anthropic",
    "mcp",
)
"""Every dialect a tool's schema can be shown in."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What OpenAI and Anthropic take as a tool's name."""

_NOT_IN_STRICT: Final = (
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "unevaluatedProperties",
    "propertyNames",
)
_STRICT_DEPTH_MAX: Final = 10
_STRICT_PROPERTIES_MAX: Final = 5000


def definition_in(
    dialect: str, *, name: str, description: str, parameters: JsonObject
) -> JsonObject:
    """Return one tool's definition in ``dialect``.

    Raises:
        ToolboxError: no such dialect, or the strict form cannot express the schema; says which
            part of it.
    """
    parameters = copy.deepcopy(parameters)
    if dialect == "openai":
        return {"type": "function", "function": _named(name, description, parameters=parameters)}
    if dialect == "openai-strict":
        strict = strict_form(parameters, tool=name)
        function = _named(name, description, parameters=strict)
        return {"type": "function", "function": {**function, "strict": True}}
    if dialect == "openai-responses":
        named = _named(name, description, parameters=parameters)
        return {"type": "function", **named, "strict": False}
    if dialect == "openai-responses-strict":
        named = _named(name, description, parameters=strict_form(parameters, tool=name))
        return {"type": "function", **named, "strict": True}
    if dialect == "anthropic":
        return _named(name, description, input_schema=parameters)
    if dialect == "mcp":
        return _named(name, description, inputSchema=parameters)
    raise ToolboxError(
        f"There is no schema dialect {dialect!r}.", hint=f"There are: {', '.join(DIALECTS)}."
    )


def check_name(name: str, dialect: str) -> None:
    """Say so when a model's provider would turn down a tool called ``name``.

    Raises:
        ToolboxError: it would; says what the provider takes.
    """
    if dialect == "mcp" or _NAME.fullmatch(name):
        return
    provider = "Anthropic" if dialect == "anthropic" else "OpenAI"
    raise ToolboxError(
        f"{provider} takes no tool of the name {_short(name)}: a name is 1 to 64 of the characters "
        "A-Z, a-z, 0-9, _ and -.",
        hint="Give it another: `name=...` where it is registered.",
    )


def _named(name: str, description: str, **schema: JsonObject) -> JsonObject:
    described = {"description": description} if description else {}
    return {"name": name, **described, **schema}


def parameters_of(definition: Mapping[str, Any]) -> tuple[str | None, str | None, JsonObject]:
    """Return (name, description, JSON Schema) of a definition in any dialect, or a bare schema.

    Raises:
        ToolboxError: it is none of these.
    """
    inner = definition.get("function", definition)
    if isinstance(inner, Mapping):
        for key in ("parameters", "input_schema", "inputSchema"):
            if isinstance(inner.get(key), Mapping):
                return inner.get("name"), inner.get("description"), dict(inner[key])
        if definition.get("type") == "function" and isinstance(inner.get("name"), str):
            return inner["name"], inner.get("description"), {"type": "object", "properties": {}}
        if {"properties", "type", "$ref", "anyOf", "oneOf"} & inner.keys() or not inner:
            return None, None, dict(inner)
    raise ToolboxError(
        f"This is no tool definition and no JSON Schema: {_short(definition)}",
        hint="Give an OpenAI, Anthropic or MCP definition, or a JSON Schema with `properties`.",
    )


def strict_form(schema: JsonObject, *, tool: str) -> JsonObject:
    """Return ``schema`` as OpenAI's strict mode takes it.

    Every object is closed and requires all its properties; what was optional may be null. Strict
    mode knows no ``default``: the description says it, where it is not null. A reference with
    keywords beside it is written out in place.

    Raises:
        ToolboxError: strict mode cannot express it (an open object, ``allOf``, a union at the
            root, more than 10 levels...); says where.
    """
    root = copy.deepcopy(schema)
    if "$ref" in root:
        root = {**_resolved(root["$ref"], root), "$defs": root.get("$defs", {})}
    if root.get("type") != "object":
        raise _inexpressible(tool, "", "the arguments must be one object, not a union")
    builder = _Strict(tool, root)
    strict = builder.rewrite(root, "", 0)
    if builder.property_count > _STRICT_PROPERTIES_MAX:
        raise _inexpressible(tool, "", f"it has more than {_STRICT_PROPERTIES_MAX} properties")
    return strict


class _Strict:
    """Rewrites one schema, node by node."""

    def __init__(self, tool: str, root: JsonObject) -> None:
        self.tool = tool
        self.root = root
        self.property_count = 0

    def rewrite(self, node: JsonObject, where: str, depth: int) -> JsonObject:
        if depth > _STRICT_DEPTH_MAX:
            raise _inexpressible(self.tool, where, f"more than {_STRICT_DEPTH_MAX} levels deep")
        for keyword in _NOT_IN_STRICT:
            if keyword in node:
                node = self._without(keyword, node, where)
        if "$ref" in node and len(node) > 1 and where != "":
            beside = {key: value for key, value in node.items() if key != "$ref"}
            node = {**_resolved(node["$ref"], self.root), **beside}
        strict = _default_in_words(node)
        if "oneOf" in strict:
            strict["anyOf"] = strict.pop("oneOf")
            strict.pop("discriminator", None)
        for key in ("$defs", "definitions"):
            if key in strict:
                strict[key] = {
                    name: self.rewrite(part, f"{key}.{name}", 0)
                    for name, part in strict[key].items()
                }
        if "anyOf" in strict:
            strict["anyOf"] = [self.rewrite(part, where, depth) for part in strict["anyOf"]]
        if isinstance(strict.get("items"), dict):
            strict["items"] = self.rewrite(strict["items"], f"{where}[]", depth + 1)
        if "prefixItems" in strict or isinstance(strict.get("items"), list):
            raise _inexpressible(self.tool, where, "a list with a type per position (a tuple)")
        if strict.get("type") == "object" or "properties" in strict:
            self._close(strict, where, depth)
        elif not {"type", "anyOf", "enum", "const", "$ref"} & strict.keys():
            raise _inexpressible(self.tool, where, "a value of any type")
        return strict

    def _without(self, keyword: str, node: JsonObject, where: str) -> JsonObject:
        parts = node[keyword]
        if keyword == "allOf" and isinstance(parts, list) and len(parts) == 1:
            beside = {key: value for key, value in node.items() if key != "allOf"}
            return {**parts[0], **beside}
        raise _inexpressible(self.tool, where, f"the keyword `{keyword}`")

    def _close(self, strict: JsonObject, where: str, depth: int) -> None:
        if strict.get("additionalProperties", False) not in (False, None) or (
            "properties" not in strict and where != ""
        ):
            raise _inexpressible(self.tool, where, "an object with free keys (a dict)")
        properties = strict.get("properties", {})
        self.property_count += len(properties)
        required = set(strict.get("required", ()))
        strict["properties"] = {
            name: self._property(
                part, name in required, f"{where}.{name}" if where else name, depth
            )
            for name, part in properties.items()
        }
        strict["required"] = list(properties)
        strict["additionalProperties"] = False

    def _property(self, part: JsonObject, required: bool, where: str, depth: int) -> JsonObject:
        strict = self.rewrite(part, where, depth + 1)
        return strict if required else nullable(strict)


def nullable(schema: JsonObject) -> JsonObject:
    """Return ``schema`` with null allowed beside what it allows."""
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return schema
    if any(part.get("type") == "null" for part in schema.get("anyOf", ())):
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if isinstance(kind, str) and kind not in ("object", "array") and "const" not in schema:
        widened = {**schema, "type": [kind, "null"]}
        if "enum" in schema and None not in schema["enum"]:
            widened["enum"] = [*schema["enum"], None]
        return widened
    described: JsonObject = {key: schema[key] for key in ("description",) if key in schema}
    bare = {key: value for key, value in schema.items() if key not in described}
    return {**described, "anyOf": [bare, {"type": "null"}]}


def _default_in_words(node: JsonObject) -> JsonObject:
    """Return ``node`` without its default, which the description says instead: ``(default: 1)``."""
    if "default" not in node:
        return dict(node)
    told = {key: value for key, value in node.items() if key != "default"}
    if node["default"] is not None:
        said = f"(default: {json.dumps(node['default'], ensure_ascii=False)})"
        told["description"] = f"{told.get('description') or ''} {said}".strip()
    return told


def _resolved(reference: str, root: JsonObject) -> JsonObject:
    node: JsonValue = root
    for part in reference.removeprefix("#/").split("/") if reference != "#" else []:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return dict(node)


def _inexpressible(tool: str, where: str, what: str) -> ToolboxError:
    place = f" at {where!r}" if where else ""
    return ToolboxError(
        f"OpenAI's strict mode cannot express tool {tool!r}{place}: {what}.",
        hint="Give the parameter a closed type (a pydantic model), or show the tool in the "
        "dialect 'openai'.",
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."
