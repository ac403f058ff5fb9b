"""Masked values: where a recording holds a placeholder, a request matches whatever it sends there.

A placeholder stands for a secret that never reached the disk. The tool of today sends the real
one (or another, after a rotation), so both sides are compared blind to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus

import orjson

from cassettes.interaction import Request, canonical_uri

UUID_MARK: Final = "7265706c6179"
"""The last group of a UUID that is a placeholder."""

PLACEHOLDER: Final = re.compile(
    r"R[0-9a-f]{12}R|r[0-9a-f]{4,12}r(?=(?:@|%40)example\.com)"
    rf"|[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f]{{3}}-8[0-9a-f]{{3}}-{UUID_MARK}"
)
"""How a masked value looks: a keyed hash, so that equal secrets stay equal."""

SHAPED: Final = re.compile(rf"(?:{PLACEHOLDER.pattern})(?:(?:@|%40)example\.com)?")
"""The same with what keeps an email an email."""

_FIELD: Final = "[^&/?\r\n]*?"
_TEXT: Final = "[^\0]*?"
_DIGITS: Final = re.compile(r"(?<![^?&])([^?&=]+)=[0-9]+(?![^&])")

_PLACEHOLDER_BYTES: Final = re.compile(PLACEHOLDER.pattern.encode())


def has_placeholder(request: Request) -> bool:
    """Whether a part of ``request`` that is matched was masked."""
    return bool(PLACEHOLDER.search(request.uri) or _PLACEHOLDER_BYTES.search(request.body))


def matches_blindly(
    recorded: Request, asked: Request, is_secret: Callable[[str], bool] | None = None
) -> bool:
    """Whether ``asked`` is ``recorded``, except where that was masked.

    ``is_secret`` says of a field's name whether its value is secret: digits stand for digits
    there, and nothing tells them from others.
    """
    if recorded.method.upper() != asked.method.upper():
        return False
    old_uri, new_uri = canonical_uri(recorded.uri), canonical_uri(asked.uri)
    if is_secret is not None:
        old_uri, new_uri = _without_digits(old_uri, is_secret), _without_digits(new_uri, is_secret)
    if not _blind_form(old_uri, _FIELD).fullmatch(new_uri):
        return False
    if recorded.body == asked.body:
        return True
    try:
        old, new = orjson.loads(recorded.body), orjson.loads(asked.body)
    except orjson.JSONDecodeError:
        return _equal_texts(recorded, asked, is_secret)
    return _equal_blindly(old, new, is_secret)


def _equal_texts(
    recorded: Request, asked: Request, is_secret: Callable[[str], bool] | None
) -> bool:
    old, new = (one.key()[2].decode("utf-8", "replace") for one in (recorded, asked))
    kind = recorded.header("content-type").lower()
    if "x-www-form-urlencoded" not in kind:
        return bool(_blind_form(old, _TEXT).fullmatch(new))
    if is_secret is not None:
        old, new = _without_digits(old, is_secret), _without_digits(new, is_secret)
    return bool(_blind_form(old, _FIELD).fullmatch(new))


def _equal_blindly(old: Any, new: Any, is_secret: Callable[[str], bool] | None) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(
            (is_secret is not None and is_secret(name) and _are_digits(old[name], new[name]))
            or _equal_blindly(old[name], new[name], is_secret)
            for name in old
        )
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(
            _equal_blindly(left, right, is_secret) for left, right in zip(old, new, strict=True)
        )
    if isinstance(old, str) and PLACEHOLDER.search(old):
        return bool(_blind_form(old, _TEXT).fullmatch(new if isinstance(new, str) else str(new)))
    return bool(old == new) and type(old) is type(new)


def _are_digits(old: Any, new: Any) -> bool:
    return type(old) is type(new) in (int, str) and str(old).isdigit() and str(new).isdigit()


def _without_digits(fields: str, is_secret: Callable[[str], bool]) -> str:
    def blank(found: re.Match[str]) -> str:
        return f"{found[1]}=" if is_secret(unquote_plus(found[1])) else found[0]

    return _DIGITS.sub(blank, fields)


@lru_cache(maxsize=1024)
def _blind_form(text: str, anything: str) -> re.Pattern[str]:
    """``text`` as a pattern in which each placeholder matches ``anything``."""
    parts = [re.escape(part) for part in SHAPED.split(text)]
    return re.compile(anything.join(parts), re.DOTALL)
