"""Headers: what their names say of their values, and what stands inside them."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cassettes.redaction.rules import Rules
    from cassettes.redaction.sweep import Sweep

_URIS: Final = frozenset(("location", "content-location", "referer", "link", "refresh", "origin"))
"""Headers that hold an address."""

_WORD_MAX: Final = 12
_SHORT_MAX: Final = 5
"""A cookie so short, or of letters alone up to the length above, is a setting and no key."""


def masked_header(sweep: Sweep, rules: Rules, name: str, value: str) -> str:
    """Return the value of the header called ``name`` (in lower case) redacted by ``sweep``."""
    if rules.is_allowed(name):
        return sweep.text(value)
    if name == "cookie":
        pairs = (one.strip() for one in value.split(";"))
        return "; ".join(_cookie(sweep, rules, one) for one in pairs if one)
    if name == "set-cookie":
        pair, semicolon, rest = value.partition(";")
        return _cookie(sweep, rules, pair) + semicolon + rest
    if rules.names.is_secret_text(name, value):
        return sweep.named(value)
    return sweep.uri(value) if name in _URIS else sweep.text(value)


def _cookie(sweep: Sweep, rules: Rules, pair: str) -> str:
    name, equals, value = pair.partition("=")
    bare = value.strip('"')
    if not bare or not equals or rules.is_allowed(name.strip()):
        return pair
    is_letters = len(bare) <= _WORD_MAX and bare.replace("-", "").isalpha()
    if (len(bare) <= _SHORT_MAX or is_letters) and not rules.names.is_secret(name.strip()):
        return pair
    return f"{name}={value.replace(bare, sweep.named(bare))}"


def basic_password(scheme: str, encoded: str) -> str | None:
    """Return the password in Basic credentials; None: there is none, or they are others."""
    if scheme.strip().lower() != "basic":
        return None
    try:
        pair = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    return pair.partition(":")[2] or None
