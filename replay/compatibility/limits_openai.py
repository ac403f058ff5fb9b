"""OpenAI's limits, of tools in strict mode and out of it.

The numbers are those of OpenAI's page on structured outputs as of February 2026: 5,000 properties,
10 levels, 120,000 characters in all names and listed values, 1,000 listed values, and 15,000
characters in one list of more than 250 values. Names: 1 to 64 of ``A-Z a-z 0-9 _ -``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from replay.compatibility.placing import Limit, Part, is_object, parts_of
from replay.records import JsonObject, JsonValue

NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
PROPERTIES_MAX: Final = 5_000
LEVELS_MAX: Final = 10
NAME_CHARS_MAX: Final = 120_000
LISTED_MAX: Final = 1_000
LONG_LIST: Final = 250
LONG_LIST_CHARS_MAX: Final = 15_000

_NOT_IN_STRICT: Final = (
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "prefixItems",
    "default",
)


def name_limits(name: str, provider: str) -> Iterator[Limit]:
    """Yield what ``provider`` does not take of a tool's name."""
    if not NAME.fullmatch(name):
        said = f"the name {name[:80]!r} is not 1 to 64 of the characters A-Z a-z 0-9 _ -"
        mend = "Give the tool another name: `name=...` where it is registered."
        yield Limit("", "rejected", said, mend)


def openai_limits(name: str, schema: JsonObject) -> Iterator[Limit]:
    """Yield what OpenAI does not take out of strict mode: the name, and a root of another type."""
    yield from name_limits(name, "OpenAI")
    if schema and schema.get("type") != "object" and "$ref" not in schema:
        mend = 'Say `"type": "object"` at the root.'
        yield Limit("", "rejected", 'the root does not say `"type": "object"`', mend)


def openai_strict_limits(name: str, schema: JsonObject) -> Iterator[Limit]:
    """Yield what strict mode rejects."""
    yield from name_limits(name, "OpenAI")
    if schema.get("type") != "object" or "anyOf" in schema:
        mend = "Put the union into a property of its own."
        yield Limit("", "rejected", "the root must be one plain object, not a union", mend)
    parts = list(parts_of(schema))
    for part in parts:
        yield from _keywords(part)
        if is_object(part.node):
            yield from _object(part)
        elif not part.is_root and not _KNOWN_BY & part.node.keys():
            mend = "Give it a type."
            yield Limit(part.path, "rejected", "a value of any type", mend)
    yield from _sizes(parts)


_KNOWN_BY: Final = frozenset({"type", "anyOf", "enum", "const", "$ref", "allOf", "oneOf"})


def _keywords(part: Part) -> Iterator[Limit]:
    for keyword in _NOT_IN_STRICT:
        if keyword in part.node:
            yield Limit(
                part.path, "rejected", f"the keyword `{keyword}`", _WAYS.get(keyword, _DROP)
            )
    if "$ref" in part.node and part.node.keys() - {"$ref", "description"} and not part.is_root:
        said = "a `$ref` with other keywords beside it"
        yield Limit(part.path, "rejected", said, "Write the definition out in place.")


_DROP: Final = "Drop it, and check it in the tool."
_WAYS: Final = {
    "oneOf": "Say `anyOf`.",
    "allOf": "Write its parts as one schema.",
    "default": "Say it in the description; a value that is left out comes as null.",
    "prefixItems": "Use an object with a name for each position.",
    "patternProperties": "Use a list of objects with a name and a value.",
}


def _object(part: Part) -> Iterator[Limit]:
    node = part.node
    if node.get("additionalProperties") is not False:
        shape = isinstance(node.get("additionalProperties"), dict)
        mend = (
            "Use a list of objects with a name and a value."
            if shape
            else "Say `additionalProperties: false` (pydantic: `extra='forbid'`)."
        )
        said = "an object with free names" if shape else "an object that is not closed"
        yield Limit(part.path, "rejected", said, mend)
    required = node.get("required")
    left = [
        name
        for name in _names(node)
        if name not in (required if isinstance(required, list) else ())
    ]
    if left:
        names = ", ".join(f"`{name}`" for name in left[:5]) + (" …" if len(left) > 5 else "")
        mend = "Require every property; let it be null where it may be left out."
        yield Limit(part.path, "rejected", f"not every property is required: {names}", mend)


def _sizes(parts: list[Part]) -> Iterator[Limit]:
    names = [name for part in parts for name in _names(part.node)]
    lists = [(part.path, part.node["enum"]) for part in parts if _is_list(part.node.get("enum"))]
    listed = [value for _, values in lists for value in values]
    if len(names) > PROPERTIES_MAX:
        said = f"{len(names):,} properties; it takes {PROPERTIES_MAX:,}"
        yield Limit("", "rejected", said, "Make two tools of it.")
    deep = next((part for part in parts if part.depth > LEVELS_MAX), None)
    if deep is not None:
        said = f"more than {LEVELS_MAX} levels"
        yield Limit(deep.path, "rejected", said, "Flatten it: one object with longer names.")
    chars = sum(map(len, names)) + sum(len(str(value)) for value in listed)
    if chars > NAME_CHARS_MAX:
        said = f"{chars:,} characters of names and listed values; it takes {NAME_CHARS_MAX:,}"
        yield Limit("", "rejected", said, "Take a text, and look it up in the tool.")
    if len(listed) > LISTED_MAX:
        said = f"{len(listed):,} listed values in all; it takes {LISTED_MAX:,}"
        yield Limit("", "rejected", said, "Take a text, and look it up in the tool.")
    for path, values in lists:
        length = sum(len(str(value)) for value in values)
        if len(values) > LONG_LIST and length > LONG_LIST_CHARS_MAX:
            said = f"{len(values):,} listed values of {length:,} characters; it takes "
            said += f"{LONG_LIST_CHARS_MAX:,} where there are more than {LONG_LIST}"
            yield Limit(path, "rejected", said, "Take a text, and look it up in the tool.")


def _names(node: JsonObject) -> list[str]:
    held = node.get("properties")
    return list(held) if isinstance(held, dict) else []


def _is_list(value: JsonValue) -> bool:
    return isinstance(value, list)
