"""Names of types that are not JSON Schema's, and stand in tool definitions all the same."""

from __future__ import annotations

from typing import Final

from replay.records import JsonValue

_LEVELS_MAX: Final = 100

_AS_TYPE: Final[dict[str, JsonValue]] = {
    "float": "number",
    "double": "number",
    "int": "integer",
    "bool": "boolean",
    "str": "string",
    "dict": "object",
    "list": "array",
    "tuple": "array",
}


def as_json_schema(part: JsonValue, level: int = 0) -> JsonValue:
    """Return ``part`` with type names of other languages as JSON Schema's: ``dict`` is ``object``.

    Validators of JSON Schema know no others; tool definitions are written with them all the same.
    """
    if level > _LEVELS_MAX:
        return part
    if isinstance(part, list):
        return [as_json_schema(one, level + 1) for one in part]
    if not isinstance(part, dict):
        return part
    inner = {
        key: value
        if key in ("const", "default") or (key in ("enum", "examples") and isinstance(value, list))
        else as_json_schema(value, level + 1)
        for key, value in part.items()
    }
    said = inner.get("type")
    if said == "any":
        del inner["type"]
    elif isinstance(said, str):
        inner["type"] = _AS_TYPE.get(said, said)
    return inner
