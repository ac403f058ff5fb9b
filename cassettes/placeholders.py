"""Masked values: where a recording holds a placeholder, a request matches whatever it sends there.

A placeholder stands for a secret that never reached the disk. The tool of today sends the real
one (or another, after a rotation), so both sides are compared blind to it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import orjson

from cassettes.interaction import Request, canonical_uri

PLACEHOLDER: Final = re.compile(r"R[0-9a-f]{12}R")
"""How a masked value looks: a keyed hash, so that equal secrets stay equal."""

_PLACEHOLDER_BYTES: Final = re.compile(PLACEHOLDER.pattern.encode())


def has_placeholder(request: Request) -> bool:
    """Whether a part of ``request`` that is matched was masked."""
    return bool(PLACEHOLDER.search(request.uri) or _PLACEHOLDER_BYTES.search(request.body))


def matches_blindly(recorded: Request, asked: Request) -> bool:
    """Whether ``asked`` is ``recorded``, except where that was masked."""
    if recorded.method.upper() != asked.method.upper():
        return False
    uri_form = _blind_form(canonical_uri(recorded.uri))
    if not uri_form.fullmatch(canonical_uri(asked.uri)):
        return False
    if recorded.body == asked.body:
        return True
    try:
        old, new = orjson.loads(recorded.body), orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        old_text = recorded.body.decode("utf-8", "replace")
        new_text = asked.body.decode("utf-8", "replace")
        return bool(_blind_form(old_text).fullmatch(new_text))
    return _equal_blindly(old, new)


def _equal_blindly(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_equal_blindly(old[k], new[k]) for k in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_equal_blindly, old, new))
    if isinstance(old, str) and PLACEHOLDER.search(old):
        return bool(_blind_form(old).fullmatch(new if isinstance(new, str) else str(new)))
    return bool(old == new) and type(old) is type(new)


@lru_cache(maxsize=1024)
def _blind_form(text: str) -> re.Pattern[str]:
    """``text`` as a pattern in which each placeholder matches any value of one field."""
    parts = [re.escape(part) for part in PLACEHOLDER.split(text)]
    return re.compile("[^&/?\r\n]*".join(parts), re.DOTALL)
