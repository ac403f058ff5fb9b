"""A schema in OpenAI's strict form, read back into the form that it was made of.

The strict form requires every property; what was optional may be null there, and a default is only
told in the description: ``(default: "c")``. An optional property and one that may be null look the
same in it, so both sides of a comparison are read back before they are compared.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from replay.records import JsonObject, JsonValue

_DEFAULT: Final = re.compile(r"\s*\(default: (?P<value>.*)\)$", re.DOTALL)
_LEVELS_MAX: Final = 60


def loosened(schema: JsonValue, level: int = 0) -> Any:
    """Return ``schema`` with what may be null optional, and defaults as defaults."""
    if not isinstance(schema, dict) or level > _LEVELS_MAX:
        return schema
    node = _with_default(schema)
    properties = node.get("properties")
    if isinstance(properties, dict):
        inner = {name: loosened(part, level + 1) for name, part in properties.items()}
        required = node.get("required")
        names = required if isinstance(required, list) else []
        node["properties"] = inner
        node["required"] = [name for name in names if not _may_be_null(properties.get(name))]
    for keyword in ("items", "additionalProperties"):
        if isinstance(node.get(keyword), dict):
            node[keyword] = loosened(node[keyword], level + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if isinstance(node.get(keyword), list):
            node[keyword] = [loosened(part, level + 1) for part in node[keyword]]
    for keyword in ("$defs", "definitions"):
        if isinstance(node.get(keyword), dict):
            held = node[keyword].items()
            node[keyword] = {name: loosened(part, level + 1) for name, part in held}
    return node


def _with_default(schema: JsonObject) -> JsonObject:
    node = dict(schema)
    said = node.get("description")
    found = _DEFAULT.search(said) if isinstance(said, str) else None
    if found is None or "default" in node:
        return node
    try:
        node["default"] = json.loads(found["value"])
    except ValueError:
        return node
    node["description"] = said[: found.start()] if isinstance(said, str) else said
    if not node["description"]:
        del node["description"]
    return node


def _may_be_null(part: JsonValue) -> bool:
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        return True
    branches = part.get("anyOf")
    return isinstance(branches, list) and any(_may_be_null(branch) for branch in branches)
