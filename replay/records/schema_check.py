"""A JSON Schema over one payload: every place where it does not fit.

For schemas that were given as JSON (`schema=`) and have no Python type behind them. It knows the
keywords that tool schemas use, of draft 7 and 2020-12; ``format`` is not checked, as by default in
JSON Schema. Errors have pydantic's form: ``loc``, ``type``, ``msg``, ``input``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from replay.records import JsonObject, JsonValue

_Path = tuple[str | int, ...]
_TYPE_NAMES = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def schema_errors(
    schema: JsonValue, payload: JsonValue, *, root: JsonValue = None
) -> list[JsonObject]:
    """Return every way in which ``payload`` does not fit ``schema``; empty when it fits.

    ``root``: the whole that ``schema`` is a part of, for its references; None: it is the whole.
    A part of the schema that cannot be read (a reference to nowhere, an impossible pattern) is
    an error of type ``schema_unreadable``, never an exception.
    """
    try:
        whole = schema if root is None else root
        return list(_Checker(whole).errors(schema, payload, (), 0))
    except RecursionError:
        return [_error((), "schema_unreadable", "The schema refers to itself for ever.", None)]


def _error(path: _Path, kind: str, message: str, value: JsonValue) -> JsonObject:
    return {"type": kind, "loc": list(path), "msg": message, "input": value}


class _Checker:
    """Walks schema and payload together."""

    def __init__(self, root: JsonValue) -> None:
        self.root = root
        # References that are being followed, with the identity of the value: one that comes back
        # to itself without going deeper into the payload would be followed for ever.
        self._followed: set[tuple[str, int]] = set()
        self._asks_only_whether = 0
        """Above 0, somebody asks whether a value fits, and takes the first complaint for a no."""

    def errors(
        self, schema: JsonValue, value: JsonValue, path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        if schema is True or schema == {}:
            return
        if schema is False:
            yield _error(path, "not_allowed", "Nothing is allowed here", value)
            return
        if not isinstance(schema, dict) or depth > 100:
            yield _error(path, "schema_unreadable", f"Not a schema: {str(schema)[:80]}", value)
            return
        if "$ref" in schema:
            yield from self._referred(schema["$ref"], value, path, depth)
        yield from _type_errors(schema, value, path)
        yield from self._combined(schema, value, path, depth)
        if isinstance(value, dict):
            yield from self._object(schema, value, path, depth)
        elif isinstance(value, list):
            yield from self._array(schema, value, path, depth)
        elif isinstance(value, str):
            yield from _text_errors(schema, value, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield from _number_errors(schema, value, path)

    def _referred(
        self, reference: JsonValue, value: JsonValue, path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        target = self._target(reference) if isinstance(reference, str) else None
        if target is None:
            said = f"The schema refers to {reference!r}, which it does not hold"
            yield _error(path, "schema_unreadable", said, value)
            return
        following = (reference, id(value))
        if following in self._followed:
            said = f"The schema's {reference!r} refers to itself for ever"
            yield _error(path, "schema_unreadable", said, value)
            return
        self._followed.add(following)
        try:
            yield from self.errors(target, value, path, depth + 1)
        finally:
            self._followed.discard(following)

    def _target(self, reference: str) -> JsonValue:
        if not reference.startswith("#"):
            return None
        node: Any = self.root
        for part in reference[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(part) if isinstance(node, list) else part]
            except (KeyError, IndexError, ValueError, TypeError):
                return None
        return node

    def _fits(self, schema: JsonValue, value: JsonValue, depth: int) -> bool:
        self._asks_only_whether += 1
        try:
            return next(self.errors(schema, value, (), depth + 1), None) is None
        finally:
            self._asks_only_whether -= 1

    def _combined(
        self, schema: JsonObject, value: JsonValue, path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        for part in schema.get("allOf", ()):
            yield from self.errors(part, value, path, depth + 1)
        if "anyOf" in schema and not any(self._fits(p, value, depth) for p in schema["anyOf"]):
            yield from self._best_branch(schema["anyOf"], value, path, depth)
        if "oneOf" in schema:
            fitting = sum(self._fits(part, value, depth) for part in schema["oneOf"])
            if fitting == 0:
                yield from self._best_branch(schema["oneOf"], value, path, depth)
            elif fitting > 1:
                said = f"Fits {fitting} of the alternatives; it must fit exactly one"
                yield _error(path, "one_of", said, value)
        if "not" in schema and self._fits(schema["not"], value, depth):
            yield _error(path, "not_allowed", "Fits what the schema excludes", value)
        if "if" in schema:
            branch = "then" if self._fits(schema["if"], value, depth) else "else"
            if branch in schema:
                yield from self.errors(schema[branch], value, path, depth + 1)

    def _best_branch(
        self, branches: list[JsonValue], value: JsonValue, path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        """The complaints of the branch that got furthest: those a model can act on."""
        if self._asks_only_whether:
            # Which one got furthest is no matter; to look would double the work with each level of
            # a schema that refers to itself.
            yield _error(path, "any_of", "Fits nothing", value)
            return
        found = [list(self.errors(branch, value, path, depth + 1)) for branch in branches]
        inner = [errors for errors in found if errors and len(errors[0]["loc"]) > len(path)]
        if inner:
            yield from min(inner, key=len)
            return
        said = " or ".join(
            dict.fromkeys(e["msg"].removeprefix("Should be ") for b in found for e in b)
        )
        yield _error(path, "any_of", f"Should be {said}" if said else "Fits nothing", value)

    def _object(
        self, schema: JsonObject, value: dict[str, Any], path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield _error((*path, name), "missing", "Field required", value)
        patterns = schema.get("patternProperties", {})
        for name, item in value.items():
            if name in properties:
                yield from self.errors(properties[name], item, (*path, name), depth + 1)
            matched = [part for pattern, part in patterns.items() if _search(pattern, name)]
            for part in matched:
                yield from self.errors(part, item, (*path, name), depth + 1)
            if name in properties or matched:
                continue
            extra = schema.get("additionalProperties", True)
            if extra is False:
                yield _error((*path, name), "extra_forbidden", "No such field", item)
            elif extra is not True:
                yield from self.errors(extra, item, (*path, name), depth + 1)
        yield from _count_errors(schema, len(value), "Properties", "fields", path, value)
        for name, needed in schema.get("dependentRequired", {}).items():
            for other in needed if name in value else ():
                if other not in value:
                    said = f"Field required beside {name!r}"
                    yield _error((*path, other), "missing", said, value)
        if "propertyNames" in schema:
            for name in value:
                yield from self.errors(schema["propertyNames"], name, (*path, name), depth + 1)

    def _array(
        self, schema: JsonObject, value: list[Any], path: _Path, depth: int
    ) -> Iterator[JsonObject]:
        items = schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, list) else [])
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        for index, item in enumerate(value):
            part = first[index] if index < len(first) else rest
            yield from self.errors(part, item, (*path, index), depth + 1)
        yield from _count_errors(schema, len(value), "Items", "items", path, value)
        if schema.get("uniqueItems") and any(
            _equal(item, other) for i, item in enumerate(value) for other in value[:i]
        ):
            yield _error(path, "not_unique", "Items must differ from each other", value)
        if "contains" in schema:
            count = sum(self._fits(schema["contains"], item, depth) for item in value)
            low, high = schema.get("minContains", 1), schema.get("maxContains")
            if count < low or (high is not None and count > high):
                yield _error(path, "contains", f"{count} items fit `contains`", value)


def _is_type(value: JsonValue, name: str) -> bool:
    if name == "null":
        return value is None
    if name == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if name == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if name == "number":
        return isinstance(value, int | float)
    if name == "string":
        return isinstance(value, str)
    return isinstance(value, {"array": list, "object": dict}.get(name, ()))


def _type_errors(schema: JsonObject, value: JsonValue, path: _Path) -> Iterator[JsonObject]:
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(_is_type(value, name) for name in names):
            said = " or ".join(_TYPE_NAMES.get(name, str(name)) for name in names)
            yield _error(path, f"{names[0]}_type" if names else "type", f"Should be {said}", value)
    if "enum" in schema and not any(_equal(value, allowed) for allowed in schema["enum"]):
        said = ", ".join(repr(allowed) for allowed in schema["enum"][:20])
        yield _error(path, "enum", f"Should be one of {said}", value)
    if "const" in schema and not _equal(value, schema["const"]):
        yield _error(path, "const", f"Should be {schema['const']!r}", value)


def _equal(one: JsonValue, other: JsonValue) -> bool:
    """JSON's equality: 1 equals 1.0, and neither equals true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def _count_errors(
    schema: JsonObject, count: int, keyword: str, noun: str, path: _Path, value: JsonValue
) -> Iterator[JsonObject]:
    low, high = schema.get(f"min{keyword}"), schema.get(f"max{keyword}")
    if low is not None and count < low:
        yield _error(path, "too_short", f"Should have at least {low} {noun}, not {count}", value)
    if high is not None and count > high:
        yield _error(path, "too_long", f"Should have at most {high} {noun}, not {count}", value)


def _text_errors(schema: JsonObject, value: str, path: _Path) -> Iterator[JsonObject]:
    yield from _count_errors(schema, len(value), "Length", "characters", path, value)
    pattern = schema.get("pattern")
    if pattern is None:
        return
    found = _search(pattern, value)
    if found is None:
        yield _error(path, "schema_unreadable", f"No regular expression: {pattern!r}", value)
    elif not found:
        yield _error(path, "pattern", f"Should match {pattern!r}", value)


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _search(pattern: str, text: str) -> bool | None:
    compiled = _compiled(pattern)
    return None if compiled is None else compiled.search(text) is not None


def _number_errors(schema: JsonObject, value: float, path: _Path) -> Iterator[JsonObject]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf")
    if low is not None and value < low:
        yield _error(path, "greater_than_equal", f"Should be {low} or more", value)
    if high is not None and value > high:
        yield _error(path, "less_than_equal", f"Should be {high} or less", value)
    if above is not None and not isinstance(above, bool) and value <= above:
        yield _error(path, "greater_than", f"Should be more than {above}", value)
    if below is not None and not isinstance(below, bool) and value >= below:
        yield _error(path, "less_than", f"Should be less than {below}", value)
    if step:
        quotient = value / step
        if abs(quotient - round(quotient)) > 1e-9:
            yield _error(path, "multiple_of", f"Should be a multiple of {step}", value)
