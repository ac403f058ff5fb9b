"""What `replay.store.json_text` wrote, read again: all that a reader needs, and no records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from replay.records.base import JsonValue


def decode(encoded: bytes | str, *, exact: bool = False) -> JsonValue:
    """Return the value of JSON bytes made by `encode`."""
    if exact:
        return json.loads(encoded)
    return orjson.loads(encoded)


def bytes_text(encoded: bytes) -> str:
    """Return the text of `text_bytes`."""
    return encoded.decode("utf-8", "surrogatepass")
