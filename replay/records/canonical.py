"""The canonical form of a JSON value, and the identity made from it.

Equal values have equal bytes whatever the order of their keys, on every machine and Python.
"""

from __future__ import annotations

import json
from hashlib import blake2b

import orjson

from replay.records.base import JsonValue

_FAST = orjson.OPT_SORT_KEYS
_SLOW = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def canonical_json(value: JsonValue) -> bytes:
    """Return ``value`` as UTF-8 JSON: sorted keys, no spaces, no NaN.

    Values that only Python's own encoder can write (integers above 64 bits, lone surrogates) are
    written by it; a lone surrogate becomes the three bytes that it would have in UTF-8.

    Raises:
        ValueError: ``value`` holds NaN or an infinity, which JSON cannot carry.
        TypeError: ``value`` holds something that is not JSON.
    """
    try:
        encoded = orjson.dumps(value, option=_FAST)
    except orjson.JSONEncodeError:
        return _SLOW(value).encode("utf-8", "surrogatepass")
    if b"null" in encoded:
        _SLOW(value)  # orjson writes NaN as null without a word; Python's encoder refuses it
    return encoded


def content_hash(value: JsonValue) -> str:
    """Return the identity of ``value``: ``"b2-16:"`` and 32 hex digits.

    Equal values hash equally whatever the order of their keys.

    Raises:
        ValueError: ``value`` holds NaN or an infinity, which JSON cannot carry.
        TypeError: ``value`` holds something that is not JSON.
    """
    return "b2-16:" + blake2b(canonical_json(value), digest_size=16).hexdigest()
