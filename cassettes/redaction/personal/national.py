"""Numbers that states give people: US social security, UK and Canadian insurance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.redaction.personal.kind import (
    Kind,
    Span,
    digits_of,
    keyed_digits,
    luhn_sum,
    passing_luhn,
    with_digits,
)

_US: Final = re.compile(
    r"(?<![\w\-])(?:(?!000|666)[0-8][0-9]{2}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}|9[0-9]{2}-[0-9]{2}-[0-9]{4})"
    r"(?![\w\-])"
)
_US_NAMED: Final = re.compile(
    r"(?:\bssn\b|\bsocial security(?: number)?\b)[^0-9\n]{0,12}"
    r"(?P<value>[0-9]{3}([ -]?)[0-9]{2}\2[0-9]{4})"
    r"(?![\w\-])",
    re.IGNORECASE,
)
_UK: Final = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)"
    r"(?: ?[0-9]{2}){3} ?[A-D](?![A-Za-z0-9])"
)
_CANADA: Final = re.compile(r"(?<![\w\-])[0-79][0-9]{2}-[0-9]{3}-[0-9]{3}(?![\w\-])")
_NAMED: Final = re.compile(r"[0-9]{3}[ -]?[0-9]{2}[ -]?[0-9]{4}|[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}")


def _spans(text: str) -> Iterator[Span]:
    for form in (_US, _UK):
        for found in form.finditer(text):
            if form is _UK or _is_issued(found[0]) or _is_stand_in(found[0]):
                yield found.span()
    for found in _US_NAMED.finditer(text):
        yield found.span("value")
    for found in _CANADA.finditer(text):
        if luhn_sum(digits_of(found[0])) % 10 == 0:
            yield found.span()


def _is_issued(text: str) -> bool:
    """Of those that begin with 9, taxpayer numbers alone are given out."""
    return text[0] != "9" or 50 <= int(text[4:6]) <= 99


def _is_stand_in(text: str) -> bool:
    digits = digits_of(text)
    if text[:2].isalpha():
        return text.startswith("QQ")
    if re.fullmatch(r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}", text):
        return digits[0] == "0"
    return len(digits) == 9 and digits[0] == "9" and 1 <= int(digits[3:5]) < 50


def _stand_in(key: bytes, text: str) -> str:
    """A number that is never given out: of a series that is kept free, in the same writing."""
    digits = digits_of(text)
    drawn = keyed_digits(key, f"national {text[:2] if text[:1].isalpha() else ''}{digits}", 9)
    if text[:2].isalpha():
        return "QQ" + with_digits(text[2:], drawn[:6])
    if re.fullmatch(r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}", text):
        return with_digits(text, passing_luhn("0" + drawn[1:], 8))
    group = f"{int(drawn[3:5]) % 49 + 1:02}"
    return with_digits(text, "9" + drawn[1:3] + group + drawn[5:])


SSN: Final = Kind(
    name="ssn",
    search=r"(?:^|[^0-9\-])[0-9]{3}-(?:[0-9]{2}-[0-9]{4}|[0-9]{3}-[0-9]{3})"
    r"|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|(?:ssns?|SSN|nino|NINO|itin|ITIN)\\*[\" .:=#_]"
    r"|ocial.?[sS]ecurity|ational.?[iI]nsurance|ocial.?[iI]nsurance|axpayer.?[iI]",
    spans=_spans,
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
    is_named=lambda value: _NAMED.fullmatch(value) is not None,
    names=frozenset(("ssn", "ssns", "nino", "itin")),
    pairs=frozenset(("social security", "national insurance", "social insurance", "taxpayer id")),
)
