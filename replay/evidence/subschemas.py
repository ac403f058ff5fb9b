"""Parts of a JSON Schema: what a reference means, what holds at a place, the smallest payload."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from replay.records import JsonObject, JsonValue
from replay.replayer.questions.compared import Place

_DEPTH_MAX: Final = 12
_UNIONS_MAX: Final = 3
_FORMATS: Final = {
    "date": "2020-01-01",
    "date-time": "2020-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def resolved(schema: JsonValue, root: JsonValue) -> JsonObject:
    """Return ``schema`` without a reference at its top; what cannot be read takes anything."""
    seen = 0
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        target = _target(schema["$ref"], root)
        seen += 1
        if not isinstance(target, dict) or seen > _DEPTH_MAX:
            return beside
        schema = {**target, **beside}
    return schema if isinstance(schema, dict) else {}


def _target(reference: str, root: JsonValue) -> JsonValue:
    node: Any = root
    if not reference.startswith("#"):
        return None
    for part in reference[1:].split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(part) if isinstance(node, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return node


def alternatives(schema: JsonValue, root: JsonValue, depth: int = 0) -> list[JsonObject]:
    """Return the schemas that a value may fit, unions taken apart; at least one."""
    plain = resolved(schema, root)
    branches = [*plain.get("anyOf", ()), *plain.get("oneOf", ())]
    if not branches or depth > _DEPTH_MAX:
        parts = plain.get("allOf", ())
        for part in parts if depth <= _DEPTH_MAX else ():
            plain = _together(plain, resolved(part, root))
        return [plain]
    beside = {key: value for key, value in plain.items() if key not in ("anyOf", "oneOf")}
    return [
        _together(beside, one)
        for branch in branches
        for one in alternatives(branch, root, depth + 1)
    ]


def _together(one: JsonObject, other: JsonObject) -> JsonObject:
    """Return what fits both, near enough: whoever uses it looks whether a payload does."""
    properties = {**one.get("properties", {}), **other.get("properties", {})}
    required = [*one.get("required", ()), *other.get("required", ())]
    both = {**one, **other}
    both.pop("allOf", None)
    if properties:
        both["properties"] = properties
    if required:
        both["required"] = list(dict.fromkeys(required))
    return both


def at_place(schema: JsonValue, place: Place, root: JsonValue | None = None) -> list[JsonObject]:
    """Return every schema that a value at ``place`` may fit; none: the schema says nothing."""
    root = schema if root is None else root
    found = alternatives(schema, root)
    for part in place:
        found = [
            each
            for holder in found
            for inner in _inside(holder, part)
            for each in alternatives(inner, root)
        ]
    return found


def _inside(holder: JsonObject, part: str | int | None) -> Iterator[JsonValue]:
    if isinstance(part, str):
        properties = holder.get("properties", {})
        if part in properties:
            yield properties[part]
        elif isinstance(holder.get("additionalProperties"), dict):
            yield holder["additionalProperties"]
        return
    items = holder.get("items")
    first = holder.get("prefixItems", items if isinstance(items, list) else [])
    if isinstance(part, int) and part < len(first):
        yield first[part]
    elif isinstance(items, dict):
        yield items


def smallest(schema: JsonValue, root: JsonValue | None = None, depth: int = 0) -> JsonValue:
    """Return a small value that most likely fits: only what is required, and that as plain."""
    root = schema if root is None else root
    found = alternatives(schema, root)
    # A union ends what refers to itself; the first of it says best what is meant.
    one = found[0] if depth < _UNIONS_MAX else min(found, key=_weight)
    for known in ("const", "default"):
        if known in one:
            return one[known]
    if one.get("enum"):
        return one["enum"][0]
    kind = one.get("type", "object" if "properties" in one else "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        properties = one.get("properties", {})
        names = one.get("required", ()) if depth < _DEPTH_MAX else ()
        made = {name: smallest(properties.get(name, {}), root, depth + 1) for name in names}
        more = one.get("additionalProperties", {})
        for number in range(len(made), min(one.get("minProperties", 0), _DEPTH_MAX)):
            made[f"a{number}"] = smallest(more, root, depth + 1)
        return made
    if kind == "array":
        count = one.get("minItems", 0) if depth < _DEPTH_MAX else 0
        items = one.get("items", {})
        first = one.get("prefixItems", items if isinstance(items, list) else [])
        count = max(count, len(first) if "prefixItems" in one else 0)
        parts = [*first, *[items if isinstance(items, dict) else {}] * count][:count]
        return [smallest(part, root, depth + 1) for part in parts]
    return _smallest_plain(one, kind)


def _weight(schema: JsonObject) -> int:
    kind = schema.get("type", "object")
    return {"null": 0, "object": 3, "array": 2}.get(kind, 1) if isinstance(kind, str) else 1


def _smallest_plain(one: JsonObject, kind: JsonValue) -> JsonValue:
    if kind in ("integer", "number"):
        low = one.get("minimum", one.get("exclusiveMinimum", 0))
        low = low if isinstance(low, int | float) and not isinstance(low, bool) else 0
        least: JsonValue = low + ("exclusiveMinimum" in one)
        high, step = one.get("maximum"), one.get("multipleOf")
        if isinstance(step, int | float) and step > 0 and low > 0:
            least = -(-least // step) * step
        return high if isinstance(high, int | float) and high < least else max(least, 0)
    if kind == "boolean":
        return False
    if kind == "null":
        return None
    if one.get("format") in _FORMATS:
        return _FORMATS[one["format"]]
    return "a" * max(one.get("minLength", 1), 1)
