"""Placeholders: what stands on the disk where a secret stood.

A placeholder is a keyed hash (HMAC-SHA256) of the value: equal values have equal placeholders, so
requests match, differences show, and a token that one answer gave is the token that the next
request sends; without the key nobody can try values out against it. It keeps the value's shape
where code or a schema may look at it: an email stays an email, a UUID a UUID, digits digits, and
a JWT a JWT with its times.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any, Final

import orjson

from cassettes.placeholders import PLACEHOLDER, UUID_MARK
from cassettes.redaction import vendors
from cassettes.redaction.personal import KINDS
from cassettes.redaction.personal.card import is_card

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_EMAIL: Final = re.compile(r"[^\s@/:]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LENGTH_MAX: Final = 64
"""Longer texts are no personal data as a whole."""
_JWT: Final = re.compile(r"(eyJ[\w-]+)\.(eyJ[\w-]+)\.([\w-]+)")
_TIMES: Final = ("iat", "nbf", "exp")
_KEPT: Final = re.compile(
    r"(?:(?:sk-(?:ant-|proj-|svcacct-|or-v1-)?|[spr]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-"
    r"|xox[abeprs]-|xapp-|A[KS]IA|AIza|ya29\.|npm_|pypi-|hf_|SG\.|gsk_"
    rf"|{vendors.kept()})?"
    rf"(?:{PLACEHOLDER.pattern})(?:@example\.com)?|[\w-]+\.[\w-]+\.R[0-9a-f]{{12}}R)"
)


def is_placeholder(value: str) -> bool:
    """Whether the whole ``value`` is a placeholder, with the shape that it kept."""
    return _KEPT.fullmatch(value) is not None or any(
        kind.is_stand_in(value) and kind.is_whole(value)
        for kind in (KINDS.values() if len(value) <= _LENGTH_MAX else ())
    )


def placeholder(key: bytes, value: str) -> str:
    """Return what stands for ``value``, in its shape; of a placeholder of this key itself."""
    if value.isascii() and value.isdigit():
        return _digits(key, value)
    for kind in KINDS.values() if len(value) <= _LENGTH_MAX else ():
        if kind.is_whole(value):
            return kind.masked(key, value)
    digest = _hash(key, value).hex()
    plain = f"R{digest[:12]}R"
    if _UUID.fullmatch(value):
        return _uuid(digest)
    if _EMAIL.fullmatch(value):
        return f"{plain}@example.com"
    token = _JWT.fullmatch(value)
    return (token and _token(token, plain)) or plain


def mark_of(key: bytes, value: str) -> bytes:
    """Return the bytes that are told in the mark of what stands for a text of no known form."""
    return _hash(key, value)[:6]


def _hash(key: bytes, value: str) -> bytes:
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _digits(key: bytes, value: str) -> str:
    """Digits for digits, as many, and as a number too.

    There is no room for a mark, so the last half is a keyed check of the first. Of four digits one
    in a hundred passes for a placeholder by chance and is kept; nobody can tell it from the others.
    """
    size = len(value)
    half = size - size // 2
    if value[half:] == _number(key, f"check {size} {value[:half]}", size - half):
        return value
    if is_card(value):
        return KINDS["card"].masked(key, value)
    for draw in ("", *range(1, 100)):  # never what looks like a card's: it would be masked again
        first = _number(key, f"digits {value}{draw}", half)
        first = ("1" if first[0] == "0" else first[0]) + first[1:]
        made = first + _number(key, f"check {size} {first}", size - half)
        if not is_card(made):
            break
    return made


def _number(key: bytes, of: str, size: int) -> str:
    made = ""
    while len(made) < size:
        made += str(int.from_bytes(_hash(key, f"{of} {len(made)}"))).zfill(78)
    return made[:size]


def _uuid(hexadecimal: str) -> str:
    a, b, c, d = hexadecimal[:8], hexadecimal[8:12], hexadecimal[12:15], hexadecimal[15:18]
    return f"{a}-{b}-4{c}-8{d}-{UUID_MARK}"


def _token(token: re.Match[str], signature: str) -> str | None:
    """Return a JWT of the same header and times; None: it only looks like one.

    Code reads when a token ends; who it is for and what else it says stays behind.
    """
    header, claims = _part(token[1]), _part(token[2])
    if header is None or claims is None:
        return None
    kept: dict[str, Any] = {"typ": "JWT", "alg": str(header.get("alg", "none"))[:16]}
    times = {name: claims[name] for name in _TIMES if type(claims.get(name)) in (int, float)}
    return f"{_packed(kept)}.{_packed({**times, 'jti': signature})}.{signature}"


def _part(encoded: str) -> dict[str, Any] | None:
    try:
        read = orjson.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _packed(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(part)).decode("ascii").rstrip("=")
