"""A JSON Schema in words: what a value of it is, on one line, and its properties as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from replay.records import JsonObject, JsonValue

_DEPTH_MAX: Final = 6
_ENUM_SHOWN_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Parameter:
    """One property of a tool's arguments, nested ones under a path."""

    path: str
    """As verdicts write it: ``attendees[*].email``."""
    type: str
    required: bool
    default: str | None
    """As JSON; None: it has none."""
    description: str


def parameters_in(schema: JsonObject) -> list[Parameter]:
    """Return the properties of a tool's arguments in order, each before those inside of it."""
    return list(_parameters(schema, schema, "", ()))


def type_words(schema: JsonValue, root: JsonObject) -> str:
    """Return what a value of ``schema`` is: ``text (date)``, ``one of "a", "b"``, ``list of ...``.

    ``root`` is where references are looked for.
    """
    return _words(schema, root, 0)


def resolved(schema: JsonValue, root: JsonObject) -> JsonObject:
    """Return ``schema`` with its own reference followed; an empty schema where it leads nowhere."""
    seen = 0
    found = schema if isinstance(schema, dict) else {}
    while isinstance(found.get("$ref"), str) and seen < _DEPTH_MAX:
        beside = {key: value for key, value in found.items() if key != "$ref"}
        found = {**_at(found["$ref"], root), **beside}
        seen += 1
    return found


def _at(reference: str, root: JsonObject) -> JsonObject:
    node: Any = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if _is(node) else None
    return node if isinstance(node, dict) else {}


def _is(node: object) -> bool:
    return isinstance(node, Mapping)


def _parameters(
    schema: JsonValue, root: JsonObject, path: str, references: tuple[str, ...]
) -> Iterator[Parameter]:
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        if schema["$ref"] in references:
            return
        references = (*references, schema["$ref"])
    node = resolved(schema, root)
    if len(references) > _DEPTH_MAX or path.count(".") > _DEPTH_MAX:
        return
    for branch in ("anyOf", "oneOf", "allOf"):
        for part in _list(node.get(branch)):
            yield from _parameters(part, root, path, references)
    if isinstance(node.get("items"), dict):
        yield from _parameters(node["items"], root, f"{path}[*]", references)
    properties = node.get("properties")
    if not isinstance(properties, dict):
        return
    required = _list(node.get("required"))
    for name, part in properties.items():
        place = f"{path}.{name}" if path else name
        yield _parameter(place, part, root, required=name in required)
        yield from _parameters(part, root, place, references)


def _parameter(path: str, schema: JsonValue, root: JsonObject, *, required: bool) -> Parameter:
    node = resolved(schema, root)
    default = _json(node["default"]) if "default" in node else None
    said = node.get("description")
    description = said if isinstance(said, str) else ""
    return Parameter(path, type_words(schema, root), required, default, description)


def _words(schema: JsonValue, root: JsonObject, depth: int) -> str:
    if schema is True or schema == {}:
        return "anything"
    if schema is False:
        return "nothing"
    node = resolved(schema, root)
    if depth > _DEPTH_MAX:
        return "..."
    if "const" in node:
        return _json(node["const"])
    if isinstance(node.get("enum"), list):
        return _one_of(node["enum"])
    for branch in ("anyOf", "oneOf"):
        parts = [_words(part, root, depth + 1) for part in _list(node.get(branch))]
        if parts:
            return " | ".join(dict.fromkeys(parts))
    kinds = node.get("type")
    if isinstance(kinds, list):
        return " | ".join(_of_kind(str(kind), node, root, depth) for kind in kinds)
    if isinstance(kinds, str):
        return _of_kind(kinds, node, root, depth)
    return "object" if "properties" in node else "anything"


def _of_kind(kind: str, node: JsonObject, root: JsonObject, depth: int) -> str:
    if kind == "array":
        inner = _words(node.get("items", True), root, depth + 1)
        return "list" if inner == "anything" else f"list of {inner}"
    if kind == "object":
        free = node.get("additionalProperties")
        if isinstance(free, dict) and free and "properties" not in node:
            return f"object of {_words(free, root, depth + 1)}"
        return "object"
    beside = [*_list_of_words(node)] if kind != "null" else []
    return f"{kind} ({', '.join(beside)})" if beside else kind


def _list_of_words(node: JsonObject) -> Iterator[str]:
    if isinstance(node.get("format"), str):
        yield node["format"]
    for names, word in (
        (("minimum", "minLength", "minItems"), "from"),
        (("exclusiveMinimum",), "above"),
        (("maximum", "maxLength", "maxItems"), "to"),
        (("exclusiveMaximum",), "below"),
    ):
        for name in names:
            if name in node:
                unit = " characters" if name.endswith("Length") else ""
                yield f"{word} {_json(node[name])}{unit}"
    if isinstance(node.get("pattern"), str):
        yield f"like {node['pattern']}"


def _one_of(values: list[JsonValue]) -> str:
    if len(values) == 1:
        return _json(values[0])
    shown = ", ".join(_json(value) for value in values[:_ENUM_SHOWN_MAX])
    left = len(values) - _ENUM_SHOWN_MAX
    return f"one of {shown}" + (f" and {left} more" if left > 0 else "")


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
