"""Payloads of a JSON Schema, as hypothesis draws them.

For tool schemas of draft 7 and 2020-12: references (also to itself), unions, formats, bounds,
patterns. What no strategy says exactly (``not``, ``if``, overlapping ``oneOf``) is drawn roughly,
and what does not fit is drawn again.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from replay.errors import ReplayError
from replay.evidence.plain_values import any_json, integers, is_regex, numbers, text, texts
from replay.evidence.subschemas import alternatives, resolved
from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ITEMS_MORE: Final = 4
"""Of a list without an upper bound: so many more than it must have."""


class NotInstalled(ReplayError):
    """A package of an extra is needed and not here."""


def is_installed() -> bool:
    """Return whether hypothesis is here: the extra ``fuzz``."""
    return importlib.util.find_spec("hypothesis") is not None


def require_hypothesis() -> None:
    """Check that payloads can be generated here.

    Raises:
        NotInstalled: hypothesis is missing; the message says how to install it.
    """
    try:
        import hypothesis  # noqa: F401 -- an extra: only whoever generates needs it
    except ImportError as error:
        raise NotInstalled(
            "Payloads are generated with hypothesis, which is not installed.",
            hint="Install it with `pip install 'replay-sandbox[fuzz]'`.",
        ) from error


def payloads_of(schema: JsonObject) -> SearchStrategy[Any]:
    """Return a strategy for values that fit ``schema``.

    Raises:
        NotInstalled: hypothesis is missing.
    """
    require_hypothesis()
    drawn = _Drawing(schema).of(schema)
    return drawn.filter(lambda value: not schema_errors(schema, value))


def values_of(schema: JsonValue, root: JsonObject) -> SearchStrategy[Any]:
    """Return a strategy for values of a part of ``root``; near enough: not every one fits.

    Raises:
        NotInstalled: hypothesis is missing.
    """
    require_hypothesis()
    return _Drawing(root).of(schema)


class _Drawing:
    """Builds the strategies of one schema; those of references once."""

    def __init__(self, root: JsonValue) -> None:
        self._root = root
        self._references: dict[str, SearchStrategy[Any]] = {}

    def of(self, schema: JsonValue) -> SearchStrategy[Any]:
        from hypothesis import strategies as st

        if schema is False:
            return st.nothing()
        if not isinstance(schema, dict) or not schema:
            return any_json()
        reference = schema.get("$ref")
        if isinstance(reference, str) and len(schema) == 1:
            if reference not in self._references:
                self._references[reference] = st.deferred(
                    lambda: self._of_plain(resolved(schema, self._root))
                )
            return self._references[reference]
        return self._of_plain(resolved(schema, self._root))

    def _of_plain(self, schema: JsonObject) -> SearchStrategy[Any]:
        from hypothesis import strategies as st

        if "const" in schema:
            return st.just(schema["const"])
        if schema.get("enum"):
            return st.sampled_from(schema["enum"])
        for union in ("anyOf", "oneOf"):
            branches = schema.get(union)
            if not branches:
                continue
            beside = {k: v for k, v in schema.items() if k not in (union, *_ONLY_SAID)}
            if not beside:
                return st.one_of(*(self.of(branch) for branch in branches))
            merged = (alternatives({**beside, union: [one]}, self._root) for one in branches)
            return st.one_of(*(self._of_plain(one) for found in merged for one in found))
        if schema.get("allOf"):
            return st.one_of(*(self._of_plain(one) for one in alternatives(schema, self._root)))
        kinds = schema.get("type", _kinds_said(schema))
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return st.one_of(*(self._of_kind(kind, schema) for kind in kinds))

    def _of_kind(self, kind: str, schema: JsonObject) -> SearchStrategy[Any]:
        from hypothesis import strategies as st

        match kind:
            case "object":
                return self._objects(schema)
            case "array":
                return self._lists(schema)
            case "string":
                return texts(schema)
            case "integer":
                return integers(schema)
            case "number":
                return numbers(schema)
            case "boolean":
                return st.booleans()
            case "null":
                return st.none()
        return any_json()

    def _objects(self, schema: JsonObject) -> SearchStrategy[Any]:
        from hypothesis import strategies as st

        properties = {name: self.of(part) for name, part in schema.get("properties", {}).items()}
        required = {name: properties.pop(name, any_json()) for name in schema.get("required", ())}
        named = st.fixed_dictionaries(required, optional=properties)
        others = schema.get("additionalProperties", True)
        patterned = schema.get("patternProperties", {})
        is_map = isinstance(others, dict) or (others is True and not schema.get("properties"))
        if not patterned and not is_map:
            return named
        more = [
            st.dictionaries(st.from_regex(pattern), self.of(part), max_size=2)
            for pattern, part in patterned.items()
            if is_regex(pattern)
        ]
        if is_map:
            names = schema.get("propertyNames")
            keys = text(1) if names is None else texts(resolved(names, self._root))
            least = max(schema.get("minProperties", 0) - len(required), 0)
            more.append(st.dictionaries(keys, self.of(others), min_size=least, max_size=least + 3))
        return st.tuples(named, *more).map(_joined)

    def _lists(self, schema: JsonObject) -> SearchStrategy[Any]:
        from hypothesis import strategies as st

        items = schema.get("items", True)
        first = schema.get("prefixItems", items if isinstance(items, list) else [])
        rest = schema.get("additionalItems", True) if isinstance(items, list) else items
        least = max(schema.get("minItems", 0), 1 if "contains" in schema else 0)
        most = schema.get("maxItems", max(least, len(first)) + _ITEMS_MORE)
        if not first:
            unique: Callable[[Any], Any] | None = _spelled if schema.get("uniqueItems") else None
            inner = schema.get("contains", rest) if rest is True else rest
            drawn = self.of(inner)
            return st.lists(drawn, min_size=least, max_size=max(most, least), unique_by=unique)
        tail = st.lists(
            self.of(rest),
            min_size=max(least - len(first), 0),
            max_size=0 if rest is False else max(most - len(first), 0),
        )
        head = st.tuples(*(self.of(part) for part in first))
        return st.tuples(head, tail).map(lambda parts: [*parts[0], *parts[1]])


_ONLY_SAID: Final = ("description", "title", "default", "examples", "$defs", "definitions")


def _kinds_said(schema: JsonObject) -> JsonValue:
    """Return the types that a schema without ``type`` speaks of."""
    if {"properties", "required", "additionalProperties", "patternProperties"} & schema.keys():
        return "object"
    if {"items", "prefixItems", "minItems", "maxItems"} & schema.keys():
        return "array"
    if {"pattern", "format", "minLength", "maxLength"} & schema.keys():
        return "string"
    if {"minimum", "maximum", "multipleOf"} & schema.keys():
        return "number"
    return "any"


def _joined(parts: tuple[JsonObject, ...]) -> JsonObject:
    named, *others = parts
    return {**{name: value for other in others for name, value in other.items()}, **named}


def _spelled(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)
