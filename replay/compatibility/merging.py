"""Two schemas that both hold, as one: what ``allOf`` and keywords beside ``$ref`` mean.

Only what is plain is merged. What is not stays in an ``allOf`` of its own, which the rules read as
one restriction that they do not look into.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from replay.compatibility.values import is_number, same_value
from replay.records import JsonObject, JsonValue

NOTHING: Final[JsonObject] = {"not": {}}
"""The schema that no value fits."""

WORDS: Final = ("title", "description", "default", "examples", "example", "deprecated")
"""Keywords that restrict nothing; the outer ones win."""
_DEFINITIONS: Final = ("$defs", "definitions", "$schema", "$id", "id", "$anchor", "$comment")


def merged(first: JsonObject, second: JsonObject) -> JsonObject:
    """Return a schema that fits what both fit; words are ``second``'s where it has them."""
    both = dict(first)
    rest: JsonObject = {}
    for keyword, value in second.items():
        if keyword not in both or keyword in WORDS or keyword in _DEFINITIONS:
            both[keyword] = value
        elif not same_value(both[keyword], value):
            merge = _MERGES.get(keyword)
            found = merge(both[keyword], value) if merge is not None else None
            if found is None:
                rest[keyword] = value
            else:
                both[keyword] = found
    _merge_objects(both, first, second, rest)
    if both.get("type") == [] or both.get("enum") == []:
        return {**both, **NOTHING}
    if rest:
        both["allOf"] = [*both.get("allOf", ()), rest]
    return both


def _types(first: JsonValue, second: JsonValue) -> JsonValue:
    names, others = _listed(first), _listed(second)
    kept = [name for name in names if name in others or (name == "integer" and "number" in others)]
    if "integer" in others and "number" in names and "integer" not in kept:
        kept.append("integer")
    return kept[0] if len(kept) == 1 else kept


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _enums(first: JsonValue, second: JsonValue) -> JsonValue:
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    return [value for value in first if any(same_value(value, other) for other in second)]


def _of_numbers(choose: Callable[[Any, Any], Any]) -> Callable[[JsonValue, JsonValue], JsonValue]:
    def merge(first: JsonValue, second: JsonValue) -> JsonValue:
        return choose(first, second) if is_number(first) and is_number(second) else None

    return merge


def _multiples(first: JsonValue, second: JsonValue) -> JsonValue:
    whole = isinstance(first, int) and isinstance(second, int) and first > 0 and second > 0
    return math.lcm(first, second) if whole else None


def _required(first: JsonValue, second: JsonValue) -> JsonValue:
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    return [*first, *(name for name in second if name not in first)]


def both_hold(first: JsonValue, second: JsonValue) -> JsonValue:
    """Return the schema of what fits both, to be merged when it is looked at."""
    if first is True or first == {}:
        return second
    if second is True or second == {}:
        return first
    if first is False or second is False:
        return False
    parts: list[JsonValue] = []
    for one in (*_parts(first), *_parts(second)):
        # Two recursive schemas that meet at every level would double at each, but for this.
        if not any(one is other or one == other for other in parts if _is_small(one)):
            parts.append(one)
    return parts[0] if len(parts) == 1 else {"allOf": parts}


def _parts(schema: JsonValue) -> list[JsonValue]:
    """Return what ``schema`` asks for together, where it does nothing else."""
    if (
        isinstance(schema, dict)
        and schema.keys() == {"allOf"}
        and isinstance(schema["allOf"], list)
    ):
        return [part for one in schema["allOf"] for part in _parts(one)]
    return [schema]


def _is_small(schema: JsonValue) -> bool:
    return isinstance(schema, dict) and "$ref" in schema and len(schema) == 1


_MERGES: Final[dict[str, Callable[[JsonValue, JsonValue], JsonValue]]] = {
    "type": _types,
    "enum": _enums,
    "multipleOf": _multiples,
    "required": _required,
    "uniqueItems": lambda first, second: first is True or second is True,
    "nullable": lambda first, second: first is True and second is True,
    "items": lambda first, second: (
        None if isinstance(first, list) or isinstance(second, list) else both_hold(first, second)
    ),
    "additionalProperties": both_hold,
    # What a property is under both depends on more than itself: see _merge_objects.
    "properties": lambda first, second: {},
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
        _of_numbers(max),
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
        _of_numbers(min),
    ),
    "allOf": lambda first, second: [*_listed(first), *_listed(second)],
}


def _merge_objects(
    both: JsonObject, first: JsonObject, second: JsonObject, rest: JsonObject
) -> None:
    """Set the properties of ``both``: a property of one side meets what the other says of it."""
    mine, yours = first.get("properties", {}), second.get("properties", {})
    if not isinstance(mine, dict) or not isinstance(yours, dict) or not (mine or yours):
        return
    others = first.get("additionalProperties", True), second.get("additionalProperties", True)
    by_pattern = "patternProperties" in first, "patternProperties" in second
    if any(by_pattern) and others != (True, True):
        for keyword in ("properties", "additionalProperties", "patternProperties"):
            both.pop(keyword, None)
            both.update({keyword: first[keyword]} if keyword in first else {})
            rest.update({keyword: second[keyword]} if keyword in second else {})
        return
    both["properties"] = {
        name: both_hold(mine.get(name, others[0]), yours.get(name, others[1]))
        for name in [*mine, *(name for name in yours if name not in mine)]
    }
