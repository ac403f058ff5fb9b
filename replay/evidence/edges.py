"""Values at which two schemas of one place are likely to part: bounds, names, other types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from replay.evidence.subschemas import smallest
from replay.records import JsonObject, JsonValue

_OTHER_KINDS: Final[tuple[JsonValue, ...]] = (
    *(None, "", "a", "1", "1.5", "true", "2020-01-01", "2020-01-01T00:00:00Z"),
    *(0, 1, -1, 1.0, 1.5, True, False, [], {}, ["a"], [1], {"a": 1}),
)
_LENGTH_MAX: Final = 2_000
_LIMITS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")


def edge_values(
    old: Sequence[JsonObject], new: Sequence[JsonObject], root: JsonObject
) -> list[JsonValue]:
    """Return values to try at a place that ``old`` and ``new`` speak of, each once.

    ``root``: the old schema as a whole, which ``old`` may refer to.
    """
    values: list[JsonValue] = []
    for schema in old:
        values += schema.get("enum", ())
        values += (schema[key] for key in ("const", "default") if key in schema)
        values += schema.get("examples", ()) if isinstance(schema.get("examples"), list) else ()
        values.append(smallest(schema, root))
    for schema in (*old, *new):
        values += _numbers_around(schema)
    for schema in (*old, *new):
        values += _lengths_around(schema, old, root)
    return _unique((*values, *_OTHER_KINDS))


def _numbers_around(schema: JsonObject) -> Iterator[JsonValue]:
    for key in (*_LIMITS, "multipleOf"):
        limit = schema.get(key)
        if isinstance(limit, int | float) and not isinstance(limit, bool):
            yield from (limit, limit + 1, limit - 1, limit + 0.5)
            if key == "multipleOf":
                yield from (limit * 2, limit * 3)


def _lengths_around(
    schema: JsonObject, old: Sequence[JsonObject], root: JsonObject
) -> Iterator[JsonValue]:
    for key in ("minLength", "maxLength"):
        limit = schema.get(key)
        if isinstance(limit, int) and limit < _LENGTH_MAX:
            yield from ("a" * length for length in (limit - 1, limit, limit + 1) if length >= 0)
    items: JsonValue = next((one["items"] for one in old if isinstance(one.get("items"), dict)), {})
    item = smallest(items, root)
    for key in ("minItems", "maxItems"):
        limit = schema.get(key)
        if isinstance(limit, int) and limit < _LENGTH_MAX:
            yield from ([item] * length for length in (limit - 1, limit, limit + 1) if length >= 0)
    if "uniqueItems" in schema:
        yield [item, item]


def _unique(values: Iterable[JsonValue]) -> list[JsonValue]:
    seen: set[tuple[Any, str]] = set()
    found = []
    for value in values:
        key = type(value), repr(value)
        if key not in seen:
            seen.add(key)
            found.append(value)
    return found
