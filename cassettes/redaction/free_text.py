"""Secrets in free text: what is assigned to a name, in whatever notation texts have for that.

``password=...``, ``"key": "..."``, ``--token ...``, ``<password>...</password>``, ``Cookie: ...``;
and what people say: ``my API key is ...``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.placeholders import PLACEHOLDER
from cassettes.redaction.names import Names

COOKIES: Final = ("cookie", "set-cookie")
"""Names in whose lines several values stand, each by a name of its own."""

_ASSIGNED: Final = re.compile(
    r"(?P<flag>--)?(?P<name>[A-Za-z][\w.\-]{0,63})"
    r"(?:(?P<mark>\\*[\"']?\s{0,2}(?:=>|:=|[=:])\s{0,2})(?P<quote>\\*[\"'])?|(?<=\w)\s+(?=[^-\s]))"
)
_QUOTED: Final = re.compile(r"(?:[^\"\\\r\n]|\\+[^\"\\])+")
_APOSTROPHED: Final = re.compile(r"(?:[^'\\\r\n]|\\+[^'\\])+")
_BARE: Final = re.compile(
    r"(?:(?:Bearer|Basic|Token|Digest)\s+)?[^\s\"'&,;<>(){}\[\]\\\x00-\x1f\ud800-\udfff]+",
    re.IGNORECASE,
)
_LINE: Final = re.compile(r"[^\r\n]+")
ELEMENT: Final = re.compile(r"<(?P<name>[A-Za-z][\w:.\-]*)(?:\s[^<>]*)?>(?P<value>[^<>]+)</")
INPUT: Final = re.compile(
    r"\bname=\\*[\"'](?P<name>[^\"'\\]+)\\*[\"'][^<>]{0,120}?\bvalue=\\*[\"'](?P<value>[^\"'\\]+)"
)


_SAID: Final = re.compile(
    r"\b(?P<name>(?:[A-Za-z0-9]+[ _-]){0,3}(?:pass(?:word|phrase|code)|pwd|pin|secret|token|key)s?)"
    r"(?: (?:code|number))? (?:is|was|are|will be|:|=) ?:? ?[\"'`]?"
    r"(?P<value>[^\s\"'`<>\\]*[^\s\"'`<>\\.,;!?)\]])",
    re.IGNORECASE,
)
_SAID_MIN: Final = 4
_ISSUED_MIN: Final = 12
"""A token or a key that people say has so many letters; a password may be short."""


def said(text: str, names: Names) -> Iterator[tuple[str, int, int]]:
    """Yield the secret names that people say a value of, and where that starts and ends.

    A value has a digit in it: `the password is wrong` tells none.
    """
    for found in _SAID.finditer(text):
        value = found["value"]
        if len(value) < _SAID_MIN or not any(map(str.isdigit, value)):
            continue
        named = (found["name"], found["name"].upper().replace(" ", "_"))
        if PLACEHOLDER.search(value) or not any(names.is_secret_text(one, value) for one in named):
            continue
        is_issued = len(value) >= _ISSUED_MIN and not value.isdigit()
        if is_issued or names.is_password(found["name"]):
            yield found["name"], *found.span("value")


def assigned(text: str, names: Names) -> Iterator[tuple[str, int, int]]:
    """Yield the secret names that something is assigned to, and where that starts and ends."""
    done = 0
    for found in _ASSIGNED.finditer(text):
        if found.start() < done or not names.is_secret(_name(found)):
            continue
        if found["mark"] is None and not found["flag"]:
            continue
        value = _value_form(found).match(text, found.end())
        if value is not None and _is_value(found, value[0], names):
            done = value.end()
            yield found["name"], value.start(), done


def _name(found: re.Match[str]) -> str:
    """Return the name; of an option as a variable's: `--rapidapi-key` is `RAPIDAPI_KEY`."""
    name = found["name"]
    return name.upper() if found["flag"] and name.lower().endswith("-key") else name


def _is_value(found: re.Match[str], value: str, names: Names) -> bool:
    """Whether it is one that is assigned; behind a colon stand words, too."""
    if PLACEHOLDER.search(value) or not names.is_secret_text(_name(found), value):
        return False
    mark = found["mark"]
    if mark is None or "=" in mark or found["quote"]:
        return True
    is_word = value.isalpha() and (value.islower() or value.istitle())
    return not is_word or (names.is_password(found["name"]) and len(value) >= 6)


def _value_form(found: re.Match[str]) -> re.Pattern[str]:
    quote = found["quote"]
    if not quote:
        return _LINE if found["name"].lower() in COOKIES else _BARE
    return _QUOTED if quote.endswith('"') else _APOSTROPHED
