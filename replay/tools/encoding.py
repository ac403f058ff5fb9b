"""A tool's result as JSON, and as the text that the model is told."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from replay.records import JsonValue

_dumps = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_PLAIN = (str, int, bool, type(None))
_EASY = (str, bool, type(None))
_INT_BITS_MAX = 14_000
"""Of about 4,200 digits: beyond 4,300 Python itself writes no integer (`sys.int_info`)."""
_PLAIN_ONLY = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)


class NotJson(Exception):
    """A result that JSON cannot hold. The message says where in the result and what it is."""


def response_text(value: JsonValue) -> str:
    """Return what the model is told of ``value``: text as it is, all else as compact JSON.

    Keys keep their order: a model reads them in the order that the tool chose.
    """
    return value if type(value) is str else _dumps(value)


def as_json(result: object) -> JsonValue:
    """Return ``result`` as plain JSON.

    Models, dataclasses, enums, dates, UUIDs, decimals and named tuples become what pydantic makes
    of them; sets become sorted lists, so that no hash seed shows.

    Raises:
        NotJson: NaN, an infinity, bytes, a number or key that JSON has no form for, a cycle, or
            any other object.
    """
    if type(result) in _PLAIN:
        return _whole(result, "") if type(result) is int else result
    written = plain_json(result)
    if written is not None:
        return orjson.loads(written)
    try:
        return _plain(result, "", 0)
    except RecursionError as error:
        raise NotJson("The result holds itself, or is nested too deeply for JSON.") from error


def plain_json(result: object) -> bytes | None:
    """Return the JSON of an object or a list; None: a look at every value in it is needed.

    There and back it is four times faster than `as_json`'s look. A null may have been a NaN; what
    is no plain value has a form that only `as_json` knows.
    """
    if type(result) is not dict and type(result) is not list:
        return None
    try:
        written = orjson.dumps(result, option=_PLAIN_ONLY)
    except (TypeError, RecursionError):
        return None
    return None if b"null" in written else written


def _plain(value: Any, where: str, depth: int) -> JsonValue:
    kind = type(value)
    if kind is int:
        return _whole(value, where)
    if kind in _PLAIN:
        return value
    if kind is float:
        if not math.isfinite(value):
            raise NotJson(f"{_place(where)} is {value}, which JSON cannot hold.")
        return value
    if depth > _DEPTH_MAX:
        raise NotJson("The result holds itself, or is nested too deeply for JSON.")
    if kind is dict:
        return {
            (key if type(key) is str else _key(key, where)): (
                item
                if type(item) in _EASY
                else _plain(item, f"{where}.{key}" if where else str(key), depth + 1)
            )
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [
            item if type(item) in _EASY else _plain(item, f"{where}[{index}]", depth + 1)
            for index, item in enumerate(value)
        ]
    return _converted(value, where, depth)


_DEPTH_MAX = 200


def _whole(value: int, where: str) -> int:
    if value.bit_length() > _INT_BITS_MAX:
        raise NotJson(f"{_place(where)} is an integer of {value.bit_length():,} bits: too long.")
    return value


def _converted(value: Any, where: str, depth: int) -> JsonValue:
    if isinstance(value, bytes | bytearray | memoryview):
        raise NotJson(
            f"{_place(where)} is {type(value).__name__} ({len(value)} bytes), which JSON cannot "
            "hold; decode it, or return it as base64 text."
        )
    if isinstance(value, Enum):
        return _plain(value.value, where, depth + 1)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _whole(int.__int__(value), where)
    if isinstance(value, Set):
        return sorted((_plain(item, where, depth + 1) for item in value), key=_dumps)
    if isinstance(value, Mapping):
        return _plain(dict(value), where, depth + 1)
    if isinstance(value, float):
        return _plain(float(value), where, depth + 1)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        return _plain(fields, where, depth)
    try:
        converted = to_jsonable_python(value, inf_nan_mode="constants")
        if isinstance(value, BaseModel):
            converted = _with_sorted_sets(converted, value.model_dump(by_alias=True))
    except Exception as error:
        raise NotJson(
            f"{_place(where)} is of type {type(value).__qualname__}, which JSON cannot hold; "
            "return plain values, a pydantic model or a dataclass, or teach the toolbox with "
            "`@toolbox.encode`."
        ) from error
    return _plain(converted, where, depth + 1)


def _with_sorted_sets(converted: Any, dumped: Any) -> Any:
    """Pydantic writes a model's sets in the order of the hash seed; put them in order."""
    if isinstance(dumped, Set) and isinstance(converted, list):
        return sorted(converted, key=_dumps)
    if isinstance(dumped, dict) and isinstance(converted, dict) and len(dumped) == len(converted):
        pairs = zip(converted.items(), dumped.values(), strict=True)
        return {key: _with_sorted_sets(one, other) for (key, one), other in pairs}
    are_lists = isinstance(dumped, list | tuple) and isinstance(converted, list)
    if are_lists and len(dumped) == len(converted):
        return [_with_sorted_sets(*pair) for pair in zip(converted, dumped, strict=True)]
    return converted


def _key(key: object, where: str) -> str:
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int):
        return str(key.value) if hasattr(key, "value") else str(key)
    if isinstance(key, float) and math.isfinite(key):
        return repr(key)
    raise NotJson(f"{_place(where)} has the key {key!r}, which is no text.")


def _place(where: str) -> str:
    return f"The result at {where}" if where else "The result"
