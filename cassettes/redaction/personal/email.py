"""Emails, also as URLs spell them."""

from __future__ import annotations

import re
from typing import Final

from cassettes.redaction.personal.kind import Kind, keyed, spans_of

_FORM: Final = re.compile(
    r"(?<![\w.%+\-])(?<!://)[\w](?:[\w.+\-]|(?<=\w)'(?=\w))*?(?:@|%40)(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_]{2,24}"
    r"(?![\w-]|\.\w)"
)
_STAND_IN: Final = re.compile(r"R[0-9a-f]{4,12}R(?:@|%40)example\.com", re.IGNORECASE)
_NO_DOMAINS: Final = ("png", "jpg", "jpeg", "gif", "webp", "svg", "css", "js", "ts")
"""Endings of files: ``logo@2x.png`` is no address."""
_FILE: Final = re.compile(r"v?[0-9][^@]*\.(?:md|py)", re.IGNORECASE)
"""``notes@2x.md`` is none either; Moldova and Paraguay have addresses that end so."""


def _is_email(text: str) -> bool:
    local, _, domain = text.replace("%40", "@").rpartition("@")
    if local.lower() == "git" or _FILE.fullmatch(domain):
        return False
    return domain.rpartition(".")[2].lower() not in _NO_DOMAINS


def _stand_in(key: bytes, text: str) -> str:
    """In lower case, as tools write addresses that they compare; all capitals stay so."""
    at = "%40" if "@" not in text else "@"
    canonical = text.replace("%40", "@").replace("%2B", "+").lower()
    made = f"r{keyed(key, canonical).hex()[:12]}r{at}example.com"
    return made.upper() if text.isupper() else made


EMAIL: Final = Kind(
    name="email",
    search=r"@|%(?:25)?40",
    spans=spans_of(_FORM, _is_email),
    stand_in=_stand_in,
    is_stand_in=lambda text: _STAND_IN.fullmatch(text) is not None,
)
