"""Payloads made from a schema, for versions that no captured call was written for.

The least that it takes, all that it names, each optional field alone beside the least, and each
value of each list of choices: enough to walk a translation's branches. Where a pattern or a bound
asks for more than a plain value, none is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.compatibility.suggesting.fields import NOTHING, Field, field_of
from replay.records import JsonObject, JsonValue
from replay.records.schema_check import schema_errors

_DEPTH_MAX: Final = 5
_TEXTS: Final = {
    "date": "2026-03-01",
    "date-time": "2026-03-01T09:30:00Z",
    "time": "09:30:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "3f0c8a52-6b1d-4e57-9a3c-2f1d0b9e8c7a",
}


def example_payloads(schema: JsonObject) -> list[JsonObject]:
    """Return distinct payloads that fit ``schema``; none where no plain one does."""
    root = field_of("", schema, schema)
    found: list[JsonObject] = []
    for payload in _payloads(root):
        if payload not in found and not schema_errors(schema, payload):
            found.append(payload)
    return found


def _payloads(root: Field) -> Iterator[JsonObject]:
    fields = root.fields()
    least = {name: _value(one, 0) for name, one in fields.items() if one.is_required}
    whole = {name: _value(one, 0) for name, one in fields.items()}
    yield least
    yield whole
    for name, one in fields.items():
        if not one.is_required:
            yield {**least, name: whole[name]}
        for choice in one.choices or ():
            yield {**least, name: choice}
        if one.is_nullable:
            yield {**least, name: None}


def _value(field: Field, depth: int) -> JsonValue:
    if field.choices:
        return field.choices[0]
    examples = field.schema.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    if field.default is not NOTHING and field.default is not None:
        return field.default
    kinds = field.kinds
    if "string" in kinds or not kinds:
        return _text(field)
    if "integer" in kinds:
        return max(1, int(field.schema.get("minimum", 1)))
    if "boolean" in kinds:
        return True
    if "array" in kinds:
        return _list(field, depth)
    if depth >= _DEPTH_MAX:
        return {}
    return {name: _value(one, depth + 1) for name, one in field.fields().items()}


def _text(field: Field) -> str:
    if field.form in _TEXTS:
        return _TEXTS[field.form]
    # The name in it: where two texts are equal, nobody sees which one went where.
    text = f"{field.name or 'text'} 1"
    least = field.schema.get("minLength", 0)
    most = field.schema.get("maxLength")
    if isinstance(least, int) and len(text) < least:
        text = text.ljust(least, "x")
    return text[:most] if isinstance(most, int) else text


def _list(field: Field, depth: int) -> list[JsonValue]:
    items = field.items
    if items is None or depth >= _DEPTH_MAX:
        return []
    least, most = field.schema.get("minItems", 0), field.schema.get("maxItems", 2)
    # Two, unlike each other: a translation that takes the first one only is seen to lose the other.
    count = min(max(2, least), most) if isinstance(least, int) and isinstance(most, int) else 2
    first = _value(items, depth + 1)
    return [first, *(_unlike(first, number) for number in range(2, min(count, 10) + 1))][:count]


def _unlike(value: JsonValue, number: int) -> JsonValue:
    if isinstance(value, str) and value.endswith(" 1"):
        return f"{value[:-1]}{number}"
    return value + number - 1 if type(value) is int else value
