"""Which names say that their value is secret: of headers, cookies, fields of forms, JSON keys.

A name is read as words (``accessToken``, ``X-Access-Token`` and ``ACCESS_TOKEN`` are ``access
token``), so that ``author`` is no ``auth`` and ``passengers`` no ``pass``. What follows a secret
word may take the secret away again: ``token_count``, ``password_policy``, ``auth_method``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from typing import Final

_WORD: Final = re.compile(
    r"[A-Za-z]{1,5}|[A-Za-z]?[a-z]{1,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,+\-Z ]*)?"
)
"""A word or a date: no token that anybody issues."""

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _all(listed: str, *, by: str = " ") -> frozenset[str]:
    return frozenset(listed.split(by))


_SECRET: Final = _all(
    "password passwords passwd passphrase passcode pwd pw secret secrets token apikey apikeys"
    " authorization credential credentials jwt bearer cookie cookies otp totp pin cvv cvc cvv2"
    " ssn sid sessionid sessid phpsessid jsessionid sig signature csrf xsrf csrftoken xsrftoken"
    " assertion accesskey secretkey privatekey signingkey encryptionkey masterkey sharedkey"
    " accesstoken authtoken refreshtoken idtoken apitoken usertoken sessiontoken clientsecret"
    " authkey session auth pass"
)
_PAIRS: Final = _all(
    "api key|api keys|access key|private key|secret key|signing key|encryption key|master key"
    "|shared key|account key|auth key|subscription key|service key|deploy key|ssh key|session id"
    "|session key|auth code"
    "|authorization code|security code|verification code|one time|card number|license key"
    "|functions key|app key|application key|storage key|webhook url|recovery codes"
    "|backup codes|connection string",
    by="|",
)
_OBJECTS: Final = _all(
    "password passwords secret secrets credential credentials token cookie cookies"
)
"""Secret words whose whole object is secret, not only a plain value."""

_TAKEN_AWAY: Final = _all(
    "type types count counts limit limits usage budget expiry expires expired expiration length"
    " size name names url uri urls endpoint hint policy status strength at in ttl required valid"
    " enabled method methods scheme schemes title label field fields format age days date time"
    " version algorithm alg scope scopes state error errors message number_of id ids ring bits"
)
"""Last words that make of a secret name a harmless one."""

_ALLOWED: Final = _all(
    "next page token|page token|prev page token|previous page token|continuation token"
    "|next token|sync token|next sync token|cancellation token|www authenticate|cookie policy"
    "|set cookie policy|sec websocket key",
    by="|",
)
"""Whole names, as words, that are known to be harmless."""

_HEADERS: Final = _all(
    "proxy-authorization set-cookie x-api-key api-key apikey x-amz-signature x-hub-signature-256"
    " x-figma-token x-honeycomb-team x-forwarded-access-token x-goog-iap-jwt-assertion"
)

_PASSWORDS: Final = _all(
    "password passwords passwd passphrase passcode pwd pw secret pass pin otp totp cvv cvc"
)

_ENDINGS: Final = (
    "password",
    "passwd",
    "apikey",
    "clientsecret",
    "accesstoken",
    "authtoken",
    "apitoken",
    "secretkey",
    "accesskey",
    "privatekey",
)
"""What a name that is written as one word ends in: `dbpassword`, `discordclientsecret`."""

_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:[_-][A-Z0-9]+)*[_-]KEY")
_HARMLESS_KEYS: Final = _all(
    "primary foreign partition sort cache idempotency public publishable object group row hash"
    " range routing deduplication lookup unique message event translation bucket index site project"
)
"""What a variable's ``..._KEY`` is then, and no secret."""

_ISSUED: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9_\-+/=.:]{16,}")
"""What somebody issued: long, of letters and digits."""

_QUERY: Final = frozenset(("key", "code", "ticket", "nonce"))
"""Names that only a query, a form or a fragment uses for secrets, for values that look it."""

HARMLESS: Final = _all(
    "true false none null undefined yes no on off required optional enabled disabled basic bearer"
    " oauth oauth2 digest apikey jwt token session cookie header query string number integer"
    " boolean object array text hidden"
)
"""Values that are no secret under any name."""


class Names:
    """The rule: what is built in, names of the user's, and what the user allows.

    ``extra`` and ``allow`` take names in any spelling, and ``*`` globs; ``allow`` wins.
    """

    def __init__(self, extra: Iterable[str] = (), allow: Iterable[str] = ()) -> None:
        self._extra = tuple(map(_plain, extra))
        self._allow = tuple(map(_plain, allow))
        self.is_secret = lru_cache(maxsize=4096)(self._is_secret)
        """Whether a value called so is secret."""

    def _is_secret(self, name: str) -> bool:
        words = words_of(name)
        spellings = (_plain(name), "_".join(words))
        if self.is_allowed(name):
            return False
        if _is_among(spellings, self._extra) or name.lower() in _HEADERS:
            return True
        if not words or " ".join(words) in _ALLOWED:
            return False
        for left, right in pairwise(words):
            if f"{left} {right}" in _PAIRS:
                return words[-1] == right or words[-1] not in _TAKEN_AWAY
        found = [index for index, word in enumerate(words) if word in _SECRET]
        if not found:
            return words[-1].endswith(_ENDINGS) or is_variable(name)
        if words[found[-1]] in ("pass", "auth", "session", "pw") and len(words) > 1:
            return words[found[-1]] == "auth" and words[-1] == "auth"  # x-auth, not boarding_pass
        return found[-1] == len(words) - 1 or words[-1] not in _TAKEN_AWAY

    def is_allowed(self, name: str) -> bool:
        """Whether the user says that what is called so is no secret."""
        return _is_among((_plain(name), "_".join(words_of(name))), self._allow)

    def is_secret_object(self, name: str) -> bool:
        """Whether every text in an object called so is secret."""
        words = words_of(name)
        return bool(words) and words[-1] in _OBJECTS and self.is_secret(name)

    def is_secret_text(self, name: str, value: str) -> bool:
        """Whether the text ``value`` called ``name`` is.

        ``{"token": "BTC"}``, ``{"session": "morning"}`` and ``{"auth": "2026-05-20"}`` are none; of
        a password any text is.
        """
        if not self.is_secret(name) or not value.strip():
            return False
        if is_variable(name) and not _ISSUED.fullmatch(value):
            return False
        return self.is_password(name) or not _WORD.fullmatch(value)

    def is_password(self, name: str) -> bool:
        """Whether ``name`` is that of a password or a code, of which any value is secret."""
        return not _PASSWORDS.isdisjoint(words_of(name))

    def is_secret_field(self, name: str, value: str) -> bool:
        """Whether a field of a query or a form is secret: names are terser there."""
        if self.is_secret(name):
            return self.is_secret_text(name, value)
        if name.lower() not in _QUERY or self.is_allowed(name):
            return False
        return len(value) >= 16 and any(map(str.isdigit, value)) and not value.isdigit()


@lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """Return a name as lower-case words: ``("api", "key")`` for ``X_APIKey`` without the ``x``."""
    words = [word.lower() for word in _WORDS.findall(name[:128])]
    return tuple(words[1:] if words[:1] == ["x"] else words)


def is_variable(name: str) -> bool:
    """Whether a name is that of an environment's key, of which its value tells if it is one."""
    if not _VARIABLE.fullmatch(name):
        return False
    words = words_of(name)
    return f"{words[-2]} key" not in _PAIRS and _HARMLESS_KEYS.isdisjoint(words)


def _is_among(spellings: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(one, glob) for glob in globs for one in spellings)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
