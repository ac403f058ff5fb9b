"""Payloads made from a JSON Schema alone, by hypothesis: what traffic has not thought of."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from replay.fuzzing.reference import spread
from replay.records import JsonObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

_DEPTH_MAX = 4


def is_installed() -> bool:
    """Return whether hypothesis is here: the extra ``fuzz``."""
    return importlib.util.find_spec("hypothesis") is not None


def payloads_from(schema: JsonObject, count: int, seed: str) -> list[JsonObject]:
    """Return up to ``count`` different payloads that fit ``schema``, the same for the same seed.

    Fewer where the schema has fewer, or where it says what no strategy here can make.
    """
    if count < 1:
        return []
    import zlib

    import hypothesis

    found: list[JsonObject] = []

    @hypothesis.seed(zlib.crc32(seed.encode()))
    @hypothesis.settings(
        database=None,
        deadline=None,
        max_examples=count,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(_of_schema(schema, schema, 0))
    def collect(payload: Any) -> None:
        if isinstance(payload, dict):
            found.append(payload)

    try:
        collect()
    except hypothesis.errors.HypothesisException:
        return found[:count]
    return found[:count]


def _of_schema(root: JsonObject, schema: Any, depth: int) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if not isinstance(schema, dict) or depth > _DEPTH_MAX:
        return st.sampled_from([None, True, 0, "a", [], {}])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for keyword in ("anyOf", "oneOf"):
        if schema.get(keyword):
            return st.one_of([_of_schema(root, one, depth + 1) for one in schema[keyword]])
    if "$ref" in schema or "allOf" in schema:
        merged: JsonObject = {}
        for part in spread(root, schema)[1:]:
            merged |= part
        return _of_schema(root, merged, depth + 1)
    kinds = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kinds, list):
        return st.one_of([_of_schema(root, {**schema, "type": kind}, depth) for kind in kinds])
    return _of_type(root, schema, str(kinds), depth)


def _of_type(root: JsonObject, schema: JsonObject, kind: str, depth: int) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if kind == "object":
        return _object(root, schema, depth)
    if kind == "array":
        return st.lists(
            _of_schema(root, schema.get("items", {}), depth + 1),
            min_size=schema.get("minItems", 0),
            max_size=min(schema.get("maxItems", 5), 50),
            unique_by=repr if schema.get("uniqueItems") else None,
        )
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema, kind)
    if kind == "boolean":
        return st.booleans()
    return st.none() if kind == "null" else st.sampled_from([None, True, 0, "a", [], {}])


def _object(root: JsonObject, schema: JsonObject, depth: int) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    properties = {
        name: _of_schema(root, part, depth + 1)
        for name, part in schema.get("properties", {}).items()
    }
    required = set(schema.get("required", ()))
    extra = schema.get("additionalProperties")
    if not properties and isinstance(extra, dict):
        return st.dictionaries(st.text(max_size=5), _of_schema(root, extra, depth + 1), max_size=3)
    return st.fixed_dictionaries(
        {name: one for name, one in properties.items() if name in required},
        optional={name: one for name, one in properties.items() if name not in required},
    )


def _text(schema: JsonObject) -> SearchStrategy[str]:
    import re

    from hypothesis import strategies as st

    formats: dict[str, Callable[[], SearchStrategy[Any]]] = {
        "date": st.dates,
        "date-time": st.datetimes,
        "uuid": st.uuids,
        "email": st.emails,
    }
    if schema.get("format") in formats:
        return formats[schema["format"]]().map(_written)
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        try:
            return st.from_regex(str(schema["pattern"])).filter(
                lambda text: low <= len(text) <= (high or 10_000)
            )
        except re.error:
            return st.text(min_size=low, max_size=high)
    return st.text(min_size=low, max_size=high if high is not None else max(low, 30))


def _written(value: Any) -> str:
    """Return a date, a moment or an identity as JSON writes it."""
    return f"{value.isoformat()}Z" if hasattr(value, "hour") else str(value)


def _number(schema: JsonObject, kind: str) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if kind == "integer":
        least = low if low is not None else (None if above is None else above + 1)
        most = high if high is not None else (None if below is None else below - 1)
        step = int(schema.get("multipleOf", 1)) or 1
        least = -(2**40) if least is None else least
        most = 2**40 if most is None else most
        return st.integers(-(-int(least) // step), int(most) // step).map(lambda one: one * step)
    return st.floats(
        low if low is not None else above,
        high if high is not None else below,
        allow_nan=False,
        allow_infinity=False,
        exclude_min=low is None and above is not None,
        exclude_max=high is None and below is not None,
    )
