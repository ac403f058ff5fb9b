"""The closed codec of ``@external``: plain values, and the few kinds that tools return.

JSON plus tagged objects (``{"$kind": "datetime", "value": "..."}``); no pickle, and nothing is
imported that the process has not imported already. A value outside the list is kept as its repr
and refuses to be rebuilt, with words that say so.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import decimal
import enum
import pathlib
import re
import sys
import uuid
from collections import namedtuple
from collections.abc import Callable
from typing import Any

from cassettes.errors import ValueNotKept
from cassettes.failures import Failure

_TAG = "$kind"
_SHOWN_MAX = 200
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
"""Where an object lies in memory: another place in every process, so nothing to match by."""

_Encode = Callable[[Any], Any]
_Decode = Callable[[Any], Any]

_encoders: dict[type, tuple[str, _Encode]] = {}
_decoders: dict[str, _Decode] = {}


def register(tag: str, kind: type, encode: _Encode, decode: _Decode) -> None:
    """Teach the codec ``kind``: ``encode`` gives plain JSON, ``decode`` the value again."""
    _encoders[kind] = (tag, encode)
    _decoders[tag] = decode


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode("ascii")


register("bytes", bytes, _base64, base64.b64decode)
register("bytearray", bytearray, _base64, lambda v: bytearray(base64.b64decode(v)))
register("memoryview", memoryview, _base64, lambda v: memoryview(base64.b64decode(v)))
register(
    "datetime", datetime.datetime, lambda d: _encode_datetime(d), lambda v: _decode_datetime(v)
)
register("date", datetime.date, lambda d: d.isoformat(), datetime.date.fromisoformat)
register("time", datetime.time, lambda d: d.isoformat(), datetime.time.fromisoformat)
register(
    "timedelta",
    datetime.timedelta,
    lambda d: [d.days, d.seconds, d.microseconds],
    lambda v: datetime.timedelta(*v),
)
register("decimal", decimal.Decimal, str, decimal.Decimal)
register("uuid", uuid.UUID, str, uuid.UUID)
register("path", pathlib.PurePath, str, pathlib.Path)
register(
    "exception",
    BaseException,
    lambda error: Failure.of(error).to_json(),
    lambda form: Failure.from_json(form).rebuild(),
)
register("complex", complex, lambda c: [c.real, c.imag], lambda v: complex(*v))


def encode(value: Any) -> Any:
    """Return ``value`` as plain JSON values; what has no such form becomes a tagged repr.

    It never raises: it runs in applications that record.
    """
    try:
        return _encode(value)
    except Exception as error:  # noqa: BLE001 - a value that cannot be looked at, or has no end
        shown = f"it cannot be kept: {type(error).__name__}"
        return _tagged("opaque", shown, type(value))


def _encode(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return value if _is_text(value) else _tagged("surrogates", _surrogates(value))
    if kind is int:
        return value if _INT_MIN <= value <= _INT_MAX else _tagged("int", str(value))
    if kind is float:
        # JSON has no NaN and no infinities.
        finite = value == value and abs(value) != float("inf")
        return value if finite else _tagged("float", repr(value))
    if kind is list:
        return [_encode(item) for item in value]
    if kind is dict:
        return _encode_dict(value)
    if kind is bytes:
        return _encode_bytes(value)
    if kind is tuple:
        return _tagged("tuple", [_encode(item) for item in value])
    if kind in (set, frozenset):
        return _tagged(kind.__name__, sorted((_encode(item) for item in value), key=repr))
    return _encode_object(value)


_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
"""Beyond these, JSON writers and readers do not agree on what a number is."""


def _is_text(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _surrogates(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "surrogatepass")).decode("ascii")


def _encode_dict(value: dict[Any, Any]) -> Any:
    if _TAG not in value and all(type(key) is str and _is_text(key) for key in value):
        return {key: _encode(item) for key, item in value.items()}
    return _tagged("dict", [[_encode(key), _encode(item)] for key, item in value.items()])


def _encode_datetime(value: datetime.datetime) -> Any:
    zone = getattr(value.tzinfo, "key", None)  # zoneinfo's; an offset alone is in the text
    return [value.isoformat(), zone] if isinstance(zone, str) else value.isoformat()


def _decode_datetime(form: Any) -> datetime.datetime:
    if isinstance(form, str):
        return datetime.datetime.fromisoformat(form)
    from zoneinfo import ZoneInfo

    text, zone = form
    return datetime.datetime.fromisoformat(text).astimezone(ZoneInfo(zone))


def _encode_bytes(value: bytes) -> Any:
    try:
        # Readable, and what masks secrets finds them there.
        return _tagged("utf8", value.decode("utf-8"))
    except UnicodeDecodeError:
        return _tagged("bytes", _base64(value))


def _encode_object(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, enum.Enum):
        return _tagged("enum", _encode(value.value), kind)
    for base in kind.__mro__:
        if base in _encoders:
            tag, encoder = _encoders[base]
            return _tagged(tag, encoder(value))
    if hasattr(value, "model_dump") and hasattr(kind, "model_validate"):
        return _tagged("model", value.model_dump(mode="json", by_alias=True), kind)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [f.name for f in dataclasses.fields(value) if f.init]
        return _tagged("dataclass", {name: _encode(getattr(value, name)) for name in fields}, kind)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        rows = [[name, _encode(item)] for name, item in value._asdict().items()]
        return {_TAG: "namedtuple", "value": rows, "name": kind.__name__}
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return _tagged("dict", [[_encode(key), _encode(value[key])] for key in value.keys()])  # noqa: SIM118 - rows of DB drivers iterate over their values
    return _tagged("opaque", _ADDRESS.sub("0x", repr(value))[:_SHOWN_MAX], kind)


def _tagged(tag: str, value: Any, kind: type | None = None) -> dict[str, Any]:
    form = {_TAG: tag, "value": value}
    if kind is not None:
        form["class"] = f"{kind.__module__}:{kind.__qualname__}"
    return form


def decode(form: Any) -> Any:
    """Return the value that ``form`` stands for.

    Raises:
        ValueNotKept: It had no form, or its class is not in this process.
    """
    if isinstance(form, list):
        return [decode(item) for item in form]
    if not isinstance(form, dict):
        return form
    tag = form.get(_TAG)
    if tag is None:
        return {key: decode(item) for key, item in form.items()}
    value = form["value"]
    simple = _SIMPLE.get(tag) or _decoders.get(tag)
    if simple is not None:
        return simple(value)
    if tag == "namedtuple":
        names = [name for name, _ in value]
        return namedtuple(form["name"], names)(*(decode(item) for _, item in value))
    class_name = str(form.get("class", tag))
    kind = _class_named(class_name)
    if tag == "opaque" or kind is None:
        raise ValueNotKept(class_name, str(value)[:_SHOWN_MAX])
    if tag == "model":
        return kind.model_validate(value)
    if tag == "dataclass":
        return kind(**{name: decode(item) for name, item in value.items()})
    if tag == "enum":
        return kind(decode(value))
    raise ValueNotKept(tag, str(value)[:_SHOWN_MAX])


_SIMPLE: dict[str, _Decode] = {
    "float": float,
    "int": int,
    "surrogates": lambda value: base64.b64decode(value).decode("utf-8", "surrogatepass"),
    "utf8": lambda value: value.encode("utf-8"),
    "tuple": lambda value: tuple(decode(item) for item in value),
    "set": lambda value: {decode(item) for item in value},
    "frozenset": lambda value: frozenset(decode(item) for item in value),
    "dict": lambda value: {decode(key): decode(item) for key, item in value},
}


def _class_named(name: str) -> Any:
    """Return the class called ``module:qualname`` if its module is already imported."""
    module_name, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module_name)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) else None
