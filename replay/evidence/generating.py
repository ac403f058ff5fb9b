"""Payloads of a JSON Schema, as hypothesis draws them.

For tool schemas of draft 7 and 2020-12: references (also to itself), unions, formats, bounds,
patterns. What no strategy says exactly (``not``, ``if``, overlapping ``oneOf``) is drawn roughly,
and what does not fit is drawn again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from replay.errors import ReplayError
from replay.evidence.subschemas import alternatives, resolved
from replay.records import JsonObject, JsonValue
from replay.tools.schema_check import schema_errors

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_ITEMS_MORE: Final = 4
"""Of a list without an upper bound: so many more than it must have."""
_LETTERS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 -_./:,;'\"\\\n\t\x00\x7f<>{}%$"
    "äßéİ漢字ا🙂\u200d\ufeff"
)
"""Of texts: few, for whoever reads an example, and of every kind that is ever read wrongly."""
_NUMBER: Final = 1_000_000


class NotInstalled(ReplayError):
    """A package of an extra is needed and not here."""


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


def any_json() -> SearchStrategy[Any]:
    """Return a strategy for small JSON values of every kind."""
    from hypothesis import strategies as st

    plain = st.none() | st.booleans() | st.integers(-_NUMBER, _NUMBER) | _numbers({}) | _text()
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text(1), inner, max_size=3),
        max_leaves=5,
    )


def _text(size_min: int = 0, size_max: int | None = None) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    most = max(size_min + 8, 12) if size_max is None else size_max
    return st.text(_LETTERS, min_size=size_min, max_size=max(most, size_min))


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
                return _texts(schema)
            case "integer":
                return _integers(schema)
            case "number":
                return _numbers(schema)
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
            if _is_regex(pattern)
        ]
        if is_map:
            names = schema.get("propertyNames")
            keys = _text(1) if names is None else _texts(resolved(names, self._root))
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


def _is_regex(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False  # ECMAScript's: nothing here can draw from it
    return True


def _texts(schema: JsonObject) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    least, most = schema.get("minLength", 0), schema.get("maxLength")
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and _is_regex(pattern):
        found = st.from_regex(pattern)
        fits = least > 0 or most is not None
        return found.filter(lambda t: least <= len(t) <= (most or len(t))) if fits else found
    formatted = _formats().get(schema.get("format", ""))
    return _text(least, most) if formatted is None else formatted


def _formats() -> dict[str, SearchStrategy[str]]:
    from hypothesis import strategies as st

    words = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
    hosts = words.map(lambda word: f"{word}.example.com")
    return {
        "date": st.dates().map(lambda day: day.isoformat()),
        "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
        "time": st.times().map(lambda time: f"{time.isoformat()}Z"),
        "duration": st.integers(0, 1000).map(lambda days: f"P{days}D"),
        "email": words.map(lambda word: f"{word}@example.com"),
        "hostname": hosts,
        "uri": hosts.map(lambda host: f"https://{host}/"),
        "url": hosts.map(lambda host: f"https://{host}/"),
        "uuid": st.uuids().map(str),
        "ipv4": st.ip_addresses(v=4).map(str),
        "ipv6": st.ip_addresses(v=6).map(str),
    }


def _limits(schema: JsonObject) -> tuple[float | None, float | None, bool, bool]:
    """Return the lowest and highest number, and whether each is excluded (draft 4 too)."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    no_low, no_high = above is True, below is True
    if _is_number(above) and (low is None or above >= low):
        low, no_low = above, True
    if _is_number(below) and (high is None or below <= high):
        high, no_high = below, True
    return low, high, no_low, no_high


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _integers(schema: JsonObject) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    low, high, no_low, no_high = _limits(schema)
    least = -_NUMBER if low is None else math.floor(low) + 1 if no_low else math.ceil(low)
    most = _NUMBER if high is None else math.ceil(high) - 1 if no_high else math.floor(high)
    least = least if low is not None else min(least, most)
    most = most if high is not None else max(least, most)
    step = schema.get("multipleOf")
    if least > most:
        return st.nothing()
    if isinstance(step, int) and step > 0:
        first, last = -(-least // step), most // step
        return st.nothing() if first > last else st.integers(first, last).map(lambda n: n * step)
    return st.integers(least, most)


def _numbers(schema: JsonObject) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    low, high, no_low, no_high = _limits(schema)
    whole = _integers(schema)
    step: Any = schema.get("multipleOf")
    if _is_number(step) and step > 0:
        if isinstance(step, int):
            return whole
        first = math.ceil((-_NUMBER if low is None else low) / step)
        last = math.floor((_NUMBER if high is None else high) / step)
        return st.integers(first, max(first, last)).map(lambda number: number * step)
    least = -float(_NUMBER) if low is None else float(low)
    most = float(_NUMBER) if high is None else float(high)
    if low is None:
        least = min(least, most - 1)
    if high is None:
        most = max(most, least + 1)
    if least > most:
        return st.nothing()
    parts = st.floats(least, most, allow_nan=False).filter(
        lambda number: not (no_low and number <= least) and not (no_high and number >= most)
    )
    return whole | parts
