"""One property of a schema, with its references followed and null told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from replay.compatibility.suggesting.names import words_of
from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors

NOTHING: Final[Any] = object()
"""No default."""

_BESIDE_THE_TYPE: Final = ("description", "title", "examples", "default", "$comment")
_REFERENCES_MAX: Final = 20


@dataclass(frozen=True)
class Field:
    """One property of one schema."""

    name: str
    schema: JsonObject
    """Its own schema, references followed."""
    is_required: bool
    is_nullable: bool
    root: JsonObject

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The JSON types that it takes, null left out; empty: any."""
        return _kinds(self.schema, self.root, 0) - {"null"}

    @cached_property
    def choices(self) -> list[JsonValue] | None:
        """The values that it takes, null left out, where they are listed; None: they are not."""
        if "const" in self.schema:
            return [self.schema["const"]]
        listed = self.schema.get("enum")
        return [one for one in listed if one is not None] if isinstance(listed, list) else None

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its name as words: ``per_page`` and ``perPage`` have the same."""
        return words_of(self.name)

    @property
    def description(self) -> str:
        """What it is said to be, or ``""``."""
        said = self.schema.get("description")
        return said if isinstance(said, str) else ""

    @property
    def default(self) -> Any:
        """What it is when nobody gives it; NOTHING: its schema does not say."""
        return self.schema.get("default", NOTHING)

    @property
    def form(self) -> str | None:
        """Its ``format``: ``date``, ``date-time``, ..."""
        said = self.schema.get("format")
        return said if isinstance(said, str) else None

    @property
    def items(self) -> Field | None:
        """The elements of a list; None: it is none, or they may be anything."""
        found = self.schema.get("items")
        return field_of(self.name, found, self.root) if isinstance(found, dict) else None

    def fields(self) -> dict[str, Field]:
        """Return what is inside an object, by name."""
        return fields_of(self.schema, self.root)

    def takes(self, value: JsonValue) -> bool:
        """Return whether ``value`` fits."""
        if value is None:
            return self.is_nullable
        known = {key: self.root[key] for key in ("$defs", "definitions") if key in self.root}
        return not schema_errors({**self.schema, **known}, value)

    def is_like(self, other: Field) -> bool:
        """Return whether the two take the same, as far as their schemas are written alike."""
        return (self.is_nullable, _bare(self.schema)) == (other.is_nullable, _bare(other.schema))


def fields_of(schema: Mapping[str, Any], root: JsonObject | None = None) -> dict[str, Field]:
    """Return the properties of an object's schema, by name, in its order."""
    root = dict(schema) if root is None else root
    followed, _ = _followed(dict(schema), root)
    properties = followed.get("properties")
    required = followed.get("required")
    names = set(required) if isinstance(required, Sequence) else set()
    return {
        name: field_of(name, part, root, is_required=name in names)
        for name, part in (properties.items() if isinstance(properties, Mapping) else ())
    }


def field_of(name: str, part: JsonValue, root: JsonObject, *, is_required: bool = False) -> Field:
    """Return the property of that schema; ``True`` and what is no schema take anything."""
    schema, is_nullable = _followed(part if isinstance(part, dict) else {}, root)
    return Field(name, schema, is_required, is_nullable or not schema, root)


def _followed(schema: JsonObject, root: JsonObject) -> tuple[JsonObject, bool]:
    """Return ``schema`` with its outermost references followed, and whether null fits too."""
    is_nullable = False
    for _ in range(_REFERENCES_MAX):
        if isinstance(schema.get("$ref"), str):
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**_target(schema["$ref"], root), **beside}
            continue
        key = next((key for key in ("anyOf", "oneOf", "allOf") if key in schema), None)
        parts = schema.get(key) if key is not None else None
        if key is None or not isinstance(parts, list):
            break
        others = [one for one in parts if not (isinstance(one, dict) and one.get("type") == "null")]
        if len(others) != 1 or not isinstance(others[0], dict):
            break
        is_nullable = is_nullable or len(others) < len(parts)
        beside = {one: value for one, value in schema.items() if one != key}
        schema = {**others[0], **beside}
    kind = schema.get("type")
    if isinstance(kind, list) and "null" in kind:
        rest = [one for one in kind if one != "null"]
        schema, is_nullable = {**schema, "type": rest[0] if len(rest) == 1 else rest}, True
    if isinstance(schema.get("enum"), list) and None in schema["enum"]:
        is_nullable = True
    return schema, is_nullable or schema.get("nullable") is True


def _target(reference: str, root: JsonObject) -> JsonObject:
    node: JsonValue = root
    for part in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        part = part.replace("~1", "/").replace("~0", "~")
        node = node.get(part) if isinstance(node, dict) else None
    return dict(node) if isinstance(node, dict) else {}


def _kinds(schema: JsonObject, root: JsonObject, depth: int) -> frozenset[str]:
    if depth > _REFERENCES_MAX:
        return frozenset()
    kind = schema.get("type")
    named = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    if not named and isinstance(schema.get("$ref"), str):
        return _kinds(_target(schema["$ref"], root), root, depth + 1)
    for key in ("anyOf", "oneOf"):
        if not named and isinstance(schema.get(key), list):
            parts = [_kinds(one, root, depth + 1) for one in schema[key] if isinstance(one, dict)]
            return frozenset() if not all(parts) else frozenset().union(*parts)
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if not named and isinstance(values, list):
        named = [kind_of(value) for value in values]
    if not named and "properties" in schema:
        named = ["object"]
    kinds = {_OTHER_NAMES.get(str(one), str(one)) for one in named}
    if "any" in kinds:
        return frozenset()
    return frozenset(kinds | {"integer"} if "number" in kinds else kinds)


_OTHER_NAMES: Final = {
    "bool": "boolean",
    "dict": "object",
    "float": "number",
    "int": "integer",
    "list": "array",
    "str": "string",
    "tuple": "array",
}
"""Python's names of types, which some tool definitions have in place of JSON Schema's."""


def kind_of(value: JsonValue) -> str:
    """Return the JSON type of ``value``; of whole numbers ``integer``."""
    if value is None:
        return "null"
    for python, kind in _KINDS:
        if isinstance(value, python):
            return kind
    return "object"


_KINDS: Final = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
)


def _bare(schema: JsonValue) -> JsonValue:
    """``schema`` without what says nothing of the values that fit."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    bare = {key: _bare(part) for key, part in schema.items() if key not in _BESIDE_THE_TYPE}
    if isinstance(schema.get("properties"), dict):
        bare["properties"] = {key: _bare(part) for key, part in schema["properties"].items()}
    if isinstance(schema.get("required"), list):
        bare["required"] = sorted(map(str, schema["required"]))
    return bare
