"""Tool definitions as models are shown them: which tool each is of, in which dialect, which one.

=========================== ======================================================================
``openai``                  ``{"type": "function", "function": {...}}``, or bare ``parameters``
``openai-strict``           the same with ``strict: true``
``openai-responses``        flat: ``{"type": "function", "name", "parameters"}``
``openai-responses-strict`` the same with ``strict: true``
``anthropic``               ``{"name", "input_schema"}``
``mcp``                     ``{"name", "inputSchema"}``
``openai-custom``           OpenAI's custom tools: one text, perhaps with a grammar; no JSON Schema
``provider``                told by its type alone (``web_search``): the provider has its schema
``pydantic``                seen by no model: what a toolbox validates with, in pydantic's words
=========================== ======================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from replay.records.base import JsonObject, JsonValue
from replay.records.canonical import content_hash


@dataclass(frozen=True, slots=True)
class ShownDefinition:
    """One tool's definition as a model was shown it."""

    tool: str
    dialect: str
    definition: JsonObject


def shown_definitions(entry: JsonValue) -> Iterator[ShownDefinition]:
    """Yield the definitions in one entry of a prompt's tools: one, or those of a namespace.

    None where an entry names no tool: a gateway sent what no provider takes.
    """
    if not isinstance(entry, dict):
        return
    nested = entry.get("tools")
    if entry.get("type") == "namespace" and isinstance(nested, list):
        for one in nested:
            yield from shown_definitions(one)
        return
    dialect = _dialect_of(entry)
    inner = _inner(entry)
    name = inner.get("name") or entry.get("server_label") or entry.get("type")
    if isinstance(name, str) and name:
        yield ShownDefinition(name, dialect, entry)


def schema_id(
    tool: str,
    version: str | None,
    dialect: str,
    definition: JsonValue,
    validation: JsonObject | None = None,
) -> str:
    """Return the identity of a tool's schema; equal ones have equal ids whatever their key order.

    ``validation``: how arguments are judged by it, where that is not what is usual.

    Raises:
        ValueError: ``definition`` holds NaN or an infinity.
    """
    named: JsonObject = {
        "tool": tool,
        "version": version,
        "dialect": dialect,
        "definition": definition,
    }
    if validation:
        named["validation"] = validation
    return content_hash(named)


def _inner(entry: JsonObject) -> JsonObject:
    for key in ("function", "custom"):
        inner = entry.get(key)
        if isinstance(inner, dict):
            return inner
    return entry


def _dialect_of(entry: JsonObject) -> str:
    if isinstance(entry.get("function"), dict):
        strict = entry["function"].get("strict") is True
        return "openai-strict" if strict else "openai"
    if "input_schema" in entry:
        return "anthropic"
    if "inputSchema" in entry:
        return "mcp"
    kind = entry.get("type")
    if kind == "function":
        return "openai-responses-strict" if entry.get("strict") is True else "openai-responses"
    if kind == "custom":
        return "openai-custom"
    return "provider" if isinstance(kind, str) and "parameters" not in entry else "openai"
