"""Two schemas of one tool: their differences in words.

The one function that commands call; what a difference does to payloads is what the rules say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.type_words import resolved, type_words
from replay.records import JsonObject, JsonValue

_DEPTH_MAX: Final = 10

_TOLD_APART: Final = frozenset(
    (
        *("type", "properties", "required", "items", "$ref"),
        *("$defs", "definitions", "anyOf", "oneOf", "enum"),
        *("const", "description", "default", "additionalProperties", "title"),
        *("format", "minimum", "maximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "pattern", "exclusiveMinimum", "exclusiveMaximum"),
    )
)
"""Keywords that have words of their own, or say nothing to a payload."""


def schema_differences(old: JsonObject, new: JsonObject, *, tool: str) -> list[SchemaChange]:
    """Return how the schema ``new`` of a tool's arguments differs from ``old``, in its order."""
    return list(_Comparison(tool, old, new).node(old, new, "", 0))


class _Comparison:
    """Walks two schemas side by side."""

    def __init__(self, tool: str, old: JsonObject, new: JsonObject) -> None:
        self._tool = tool
        self._old = old
        self._new = new
        self._is_same = json.dumps(old) == json.dumps(new)  # the order of properties counts
        self._inside: set[tuple[str, str]] = set()
        """The pairs of references that the walk is in: a recursive schema is walked once."""

    def node(self, old: JsonValue, new: JsonValue, path: str, depth: int) -> Iterator[SchemaChange]:
        pair = _reference(old), _reference(new)
        if self._is_same or depth > _DEPTH_MAX or pair in self._inside:
            return
        is_reference = pair != ("", "")
        if is_reference:
            self._inside.add(pair)
        yield from self._resolved(resolved(old, self._old), resolved(new, self._new), path, depth)
        if is_reference:
            self._inside.discard(pair)

    def _resolved(
        self, before: JsonObject, now: JsonObject, path: str, depth: int
    ) -> Iterator[SchemaChange]:
        was, is_now = type_words(before, self._old), type_words(now, self._new)
        if isinstance(before.get("enum"), list) and isinstance(now.get("enum"), list):
            yield from self._values(before["enum"], now["enum"], path)
        elif was != is_now:
            change = "TYPE_CHANGED", OnPayloads.MAY_BREAK, f"was {was}, is {is_now}"
            yield self._change(*change, path, before, now)
        yield from self._properties(before, now, path, depth)
        if isinstance(before.get("items"), dict) and isinstance(now.get("items"), dict):
            yield from self.node(before["items"], now["items"], f"{path}[*]", depth + 1)
        yield from self._branches(before, now, path, depth)
        yield from self._told(before, now, path)

    def _values(
        self, old: list[JsonValue], new: list[JsonValue], path: str
    ) -> Iterator[SchemaChange]:
        for value in old:
            if value not in new:
                said = f"no longer takes {json.dumps(value, ensure_ascii=False)}"
                yield self._change("ENUM_VALUE_REMOVED", _MAY, said, path, value, None)
        for value in new:
            if value not in old:
                said = f"takes {json.dumps(value, ensure_ascii=False)} too"
                yield self._change("ENUM_VALUE_ADDED", OnPayloads.SAFE, said, path, None, value)

    def _branches(
        self, old: JsonObject, new: JsonObject, path: str, depth: int
    ) -> Iterator[SchemaChange]:
        for name in ("anyOf", "oneOf"):
            parts, others = old.get(name), new.get(name)
            if not isinstance(parts, list) or not isinstance(others, list):
                continue
            for part, other in zip(parts, others, strict=False):
                is_seen = "properties" in _object_in(resolved(part, self._old), self._old)
                if not is_seen and type_words(part, self._old) == type_words(other, self._new):
                    yield from self.node(part, other, path, depth + 1)

    def _properties(
        self, old: JsonObject, new: JsonObject, path: str, depth: int
    ) -> Iterator[SchemaChange]:
        old, new = _object_in(old, self._old), _object_in(new, self._new)
        before, now = _properties_of(old), _properties_of(new)
        needed, needed_now = set(_names(old)), set(_names(new))
        for name, part in before.items():
            place = f"{path}.{name}" if path else name
            if name not in now:
                yield self._change("PROPERTY_REMOVED", _MAY, "is gone", place, part, None)
                continue
            if name in needed_now - needed:
                yield self._change("OPTIONAL_BECAME_REQUIRED", _MAY, "is now required", place)
            if name in needed - needed_now:
                said = "is no longer required"
                yield self._change("REQUIRED_BECAME_OPTIONAL", OnPayloads.SAFE, said, place)
            yield from self.node(part, now[name], place, depth + 1)
        for name, part in now.items():
            if name not in before:
                yield self._added(name, part, path, required=name in needed_now)
        same_names = [name for name in before if name in now]
        if same_names != [name for name in now if name in before]:
            said = "its properties are in another order"
            yield self._change("PROPERTY_ORDER", OnPayloads.SAFE, said, path)

    def _added(self, name: str, part: JsonValue, path: str, *, required: bool) -> SchemaChange:
        words = type_words(part, self._new)
        rule, effect, said = "OPTIONAL_PROPERTY_ADDED", OnPayloads.SAFE, "is new and optional"
        if required:
            rule, effect, said = "REQUIRED_PROPERTY_ADDED", OnPayloads.BREAKS, "is new and required"
        place = f"{path}.{name}" if path else name
        return self._change(rule, effect, f"{said}: {words}", place, None, part)

    def _told(self, old: JsonObject, new: JsonObject, path: str) -> Iterator[SchemaChange]:
        if old.get("default") != new.get("default") or ("default" in old) != ("default" in new):
            said = f"its default was {_said(old, 'default')}, is {_said(new, 'default')}"
            yield self._change("DEFAULT_CHANGED", OnPayloads.SILENT, said, path)
        closed, closed_now = (one.get("additionalProperties") is False for one in (old, new))
        if closed is not closed_now:
            said = "takes no other properties any more" if closed_now else "takes other properties"
            rule, effect = ("CLOSED", _MAY) if closed_now else ("OPENED", OnPayloads.SAFE)
            yield self._change(rule, effect, said, path)
        if old.get("description") != new.get("description"):
            said = "its description is another"
            yield self._change("DESCRIPTION", OnPayloads.SAFE, said, path, *_texts(old, new))
        for keyword in sorted({*old, *new} - _TOLD_APART):
            if old.get(keyword) != new.get(keyword):
                said = f"`{keyword}` was {_said(old, keyword)}, is {_said(new, keyword)}"
                yield self._change("KEYWORD_CHANGED", _MAY, said, path)

    def _change(
        self,
        rule: str,
        effect: OnPayloads,
        said: str,
        path: str,
        old: JsonValue = None,
        new: JsonValue = None,
    ) -> SchemaChange:
        return SchemaChange(rule, self._tool, path, effect, OnModel.CHANGED, said, old, new)


_MAY: Final = OnPayloads.MAY_BREAK


def _reference(schema: JsonValue) -> str:
    found = schema.get("$ref") if isinstance(schema, dict) else None
    return found if isinstance(found, str) else ""


def _object_in(schema: JsonObject, root: JsonObject) -> JsonObject:
    """Return the schema itself, or of a union the first branch that has properties."""
    if "properties" in schema:
        return schema
    for name in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(name)
        for branch in branches if isinstance(branches, list) else []:
            found = resolved(branch, root)
            if "properties" in found:
                return found
    return schema


def _properties_of(schema: JsonObject) -> dict[str, JsonValue]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _names(schema: JsonObject) -> list[str]:
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def _said(schema: JsonObject, keyword: str) -> str:
    if keyword not in schema:
        return "absent"
    text = json.dumps(schema[keyword], ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _texts(old: JsonObject, new: JsonObject) -> tuple[JsonValue, JsonValue]:
    return old.get("description"), new.get("description")
