"""JSON to bytes and back without loss, or a refusal that names the place.

orjson is the fast road. Two things it cannot carry go by the standard library's: integers beyond
64 bits, and lone surrogates, which are escaped: the bytes are valid UTF-8 and the text comes back
as it was. NaN and the infinities are refused: no JSON reader after us could take them.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import orjson
from pydantic import BaseModel

from replay.errors import RecordError
from replay.records.base import JsonValue
from replay.store.json_decoding import bytes_text, decode

__all__ = ["bytes_text", "decode", "encode", "fields_of", "refuse_non_finite", "text_bytes"]


def encode(value: JsonValue) -> tuple[bytes, bool]:
    """Return ``value`` as compact JSON in the given key order, and whether it is *exact*.

    Exact bytes must be read with ``decode(..., exact=True)``: orjson would round their integers
    or refuse their surrogates. NaN is not looked for here: see `refuse_non_finite`.

    Raises:
        RecordError: the value holds what JSON cannot carry; the message has the place.
    """
    try:
        return orjson.dumps(value, default=fields_of), False
    except (TypeError, RecursionError):
        return _encode_exact(value), True


def refuse_non_finite(value: JsonValue) -> None:
    """Raise RecordError when a NaN or an infinity is anywhere in ``value``.

    orjson would write it as null, which is a silent loss. On the caller's path: a flat loop that
    looks at floats only costs less than searching the JSON for nulls.
    """
    waiting = [value]
    while waiting:
        held = waiting.pop()
        kind = type(held)
        if kind is dict:
            items = held.values()
        elif kind is list or kind is tuple:
            items = held
        elif isinstance(held, BaseModel):
            items = held.__dict__.values()
        elif isinstance(held, dict):
            items = held.values()
        else:
            items = (held,) if isinstance(held, float) else ()
        for item in items:
            kind = type(item)
            if kind is str or kind is int or item is None or kind is bool:
                continue
            if kind is float:
                if item - item != 0.0:  # NaN and the infinities, without a call
                    _refuse(value)
            else:
                waiting.append(item)


def _refuse(value: JsonValue) -> None:
    found = _place_of_non_finite(value, ())
    assert found is not None
    place, number = found
    raise RecordError(
        f"{number!r} at {_spelled(place)} is no JSON value.",
        hint="Return None, or the number as text.",
    )


def text_bytes(text: str) -> tuple[bytes, bool]:
    """Return ``text`` as UTF-8, and whether it is *clean*: what SQLite shows whole as TEXT.

    Lone surrogates are kept as three bytes each (``surrogatepass``), which is not valid UTF-8.
    """
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass"), False
    return encoded, "\x00" not in text


def fields_of(value: object) -> Any:
    """Give orjson what it does not know: records are the dict of their fields."""
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError(type(value).__name__)


def _encode_exact(value: JsonValue) -> bytes:
    try:
        plain = _plain(value, ())
        return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()
    except RecursionError as error:
        raise RecordError(
            "A value is nested more deeply than JSON readers follow.",
            hint="Flatten it, or store it as text.",
        ) from error


def _plain(value: JsonValue, place: tuple[str | int, ...]) -> JsonValue:
    """Return ``value`` with records opened, refusing whatever JSON has no form for."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value
    if isinstance(value, orjson.Fragment):
        return json.loads(orjson.dumps(value))
    if isinstance(value, BaseModel):
        value = value.__dict__
    elif is_dataclass(value) and not isinstance(value, type):  # orjson knows these by itself
        value = {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise RecordError(
                    f"The key {key!r} at {_spelled(place)} is no text; JSON keys are.",
                )
        return {key: _plain(item, (*place, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, (*place, index)) for index, item in enumerate(value)]
    raise RecordError(
        f"A {type(value).__name__} at {_spelled(place)} has no form in JSON.",
        hint="Store it as text, a number, a list or an object.",
    )


def _place_of_non_finite(
    value: JsonValue, place: tuple[str | int, ...]
) -> tuple[tuple[str | int, ...], float] | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else (place, value)
    if isinstance(value, BaseModel):
        value = value.__dict__
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return None
    for key, item in items:
        if isinstance(item, (float, dict, list, tuple, BaseModel)):
            found = _place_of_non_finite(item, (*place, key))
            if found is not None:
                return found
    return None


def _spelled(place: tuple[str | int, ...]) -> str:
    """Spell a place as a path: ``result.rows[3].price``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the top"
