"""What the published schema itself says of arguments, whatever the tool's own validator does."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors


class Says(StrEnum):
    """What the published schema says of some arguments."""

    VALID = "valid"
    INVALID = "invalid"
    UNDECIDED = "undecided"
    """JSON or the schema leave it open: a number beyond 64 bits, a `format`, an endless nesting."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the reference says of one text of arguments."""

    says: Says
    errors: list[JsonObject] = field(default_factory=list)
    """Where they do not fit, in pydantic's form; ``not_json``: the text is no JSON object."""
    values: JsonObject | None = None
    """The arguments, where the text holds some."""


class _NotJson(ValueError):
    """The text holds NaN or Infinity."""


def ruling(schema: JsonObject, arguments: str) -> Ruling:
    """Return what ``schema`` says of the model's raw text."""
    if not arguments.strip():
        arguments = "{}"
    try:
        values = json.loads(arguments, parse_constant=_no_constant)
    except RecursionError:
        return Ruling(Says.UNDECIDED)
    except ValueError as error:
        if "integer string conversion" in str(error):  # JSON knows no longest number, Python does
            return Ruling(Says.UNDECIDED)
        return Ruling(Says.INVALID, [_not_json(str(error))])
    if not isinstance(values, dict):
        return Ruling(Says.INVALID, [_not_json("no JSON object")])
    try:
        errors = schema_errors(schema, values)
        is_open = not errors and _is_beyond(values)
    except RecursionError:
        return Ruling(Says.UNDECIDED, values=values)
    if is_open or any(error["type"] == "schema_unreadable" for error in errors):
        return Ruling(Says.UNDECIDED, errors, values)
    return Ruling(Says.INVALID if errors else Says.VALID, errors, values)


def fits_but_for_nulls(schema: JsonObject, said: Ruling) -> bool:
    """Whether only nulls are wrong, for arguments that may be left out.

    A model that was shown the schema in strict form can say nothing else: it is no loophole.
    """
    if said.values is None or any(error["input"] is not None for error in said.errors):
        return False
    values = {name: one for name, one in said.values.items() if one is not None}
    return len(values) < len(said.values) and not schema_errors(schema, values)


def has_format(schema: JsonObject, path: list[str | int]) -> bool:
    """Whether the schema has a ``format`` or the like at ``path``: words that it does not check."""
    return any(_UNCHECKED & part.keys() for part in parts_at(schema, path))


_UNCHECKED = frozenset(("format", "contentEncoding", "contentMediaType"))


def parts_at(schema: JsonObject, path: list[str | int]) -> list[JsonObject]:
    """Return every part of ``schema`` that speaks of the value at ``path``, branches included.

    Parts of ``path`` that name no place (a branch of a union) are skipped.
    """
    parts = spread(schema, schema)
    for step in path:
        beneath = [one for part in parts for one in _beneath(schema, part, step)]
        parts = beneath or parts
    return parts


def spread(root: JsonObject, part: Any, depth: int = 0) -> list[JsonObject]:
    """Return ``part`` with all that it refers to or is combined of."""
    if not isinstance(part, dict) or depth > 8:
        return []
    found = [part]
    target = _target(root, part.get("$ref"))
    if target is not None:
        found += spread(root, target, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        for branch in part.get(keyword, ()):
            found += spread(root, branch, depth + 1)
    return found


def _beneath(root: JsonObject, part: JsonObject, step: str | int) -> list[JsonObject]:
    if isinstance(step, str):
        named = part.get("properties", {}).get(step)
        return spread(root, named if named is not None else part.get("additionalProperties"))
    items = part.get("prefixItems") or []
    inner = items[step] if step < len(items) else part.get("items")
    return spread(root, inner)


def _target(root: JsonObject, reference: object) -> JsonValue:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    node: Any = root
    for name in reference[2:].split("/"):
        key = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return None
        node = node[key]
    found: JsonValue = node
    return found


def _no_constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is no JSON")


def _not_json(said: str) -> JsonObject:
    return {"type": "not_json", "loc": [], "msg": said, "input": None}


def _is_beyond(value: JsonValue) -> bool:
    """Whether a number is none that every JSON reader takes for the same one."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return not -(2**63) <= value < 2**63
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(_is_beyond, value.values()))
    return isinstance(value, list) and any(map(_is_beyond, value))
