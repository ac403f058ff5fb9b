"""Objects that describe a value instead of holding one: a secret is only named in them."""

from __future__ import annotations

from typing import Any, Final

_SCHEMA_TYPES: Final = frozenset(
    (
        *("string", "number", "integer", "boolean", "object", "array", "null"),
        *("str", "int", "float", "bool", "list", "dict", "any", "date"),
    )
)


def describes_a_value(value: dict[str, Any]) -> bool:
    """Return whether an object is JSON Schema, or said in its manner."""
    kind = value.get("type")
    kinds = kind if type(kind) is list else [kind]
    if any(type(one) is str and one.lower() in _SCHEMA_TYPES for one in kinds):
        return True
    if type(kind) is str and "description" in value:
        return True
    return any(word in value for word in ("$ref", "anyOf", "oneOf", "allOf", "properties"))
