"""Numbers that states give people: US social security, UK and Canadian insurance, registers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.redaction.personal import registers
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

_DIGITS: Final = 9
_ZEROS: Final = "000"
"""How what stands for a number of another length begins, of which nothing but its name is known."""


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
    for register in registers.REGISTERS:
        for found in register.form.finditer(text):
            if register.is_right(found[0]):
                yield found.span()
    for found in registers.NUMBERED.finditer(text):
        yield found.span("value")


def _is_issued(text: str) -> bool:
    """Of those that begin with 9, taxpayer numbers alone are given out."""
    return text[0] != "9" or 50 <= int(text[4:6]) <= 99


def _is_stand_in(text: str) -> bool:
    register = registers.register_of(text)
    if register is not None:
        return register.is_free(text)
    digits = digits_of(text)
    if text[:2].isalpha():
        return text.startswith("QQ")
    if len(digits) != _DIGITS:
        return digits.startswith(_ZEROS)
    if re.fullmatch(r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}", text):
        return digits[0] == "0"
    return len(digits) == 9 and digits[0] == "9" and 1 <= int(digits[3:5]) < 50


def _stand_in(key: bytes, text: str) -> str:
    """A number that is never given out: of a series that is kept free, in the same writing."""
    register = registers.register_of(text)
    if register is not None:
        return register.stand_in(text, keyed_digits(key, f"register {text.replace(' ', '')}", 20))
    digits = digits_of(text)
    drawn = keyed_digits(key, f"national {text[:2] if text[:1].isalpha() else ''}{digits}", 9)
    if not text[:2].isalpha() and len(digits) != _DIGITS:
        return with_digits(text, _ZEROS + keyed_digits(key, f"numbered {digits}", len(digits) - 3))
    if text[:2].isalpha():
        return "QQ" + with_digits(text[2:], drawn[:6])
    if re.fullmatch(r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}", text):
        return with_digits(text, passing_luhn("0" + drawn[1:], 8))
    group = f"{int(drawn[3:5]) % 49 + 1:02}"
    return with_digits(text, "9" + drawn[1:3] + group + drawn[5:])


def _is_named(value: str) -> bool:
    return any(form.fullmatch(value) for form in (_NAMED, registers.DIGITS))


SSN: Final = Kind(
    name="ssn",
    search=r"(?:^|[^0-9\-])[0-9]{3}-(?:[0-9]{2}-[0-9]{4}|[0-9]{3}-[0-9]{3})"
    r"|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|(?:ssns?|SSN|nino|NINO|itin|ITIN)\\*[\" .:=#_]"
    r"|ocial.?[sS]ecurity|ational.?[iI]nsurance|ocial.?[iI]nsurance|axpayer.?[iI]"
    r"|(?:pesel|PESEL|bsn|BSN|adhaar|AADHAAR|cpf|CPF|tckn|TCKN|imlik|dni|DNI|nie|NIE"
    r"|nif|NIF)\\*[\" .:=#_]"
    r"|ational.?[iI][dD]|odice.?[fF]iscale|ersonnummer|ersoonsnummer|ervicenummer|teuer|tax.?[iI][dD]"
    r"|itizen.?[iI][dD]"
    rf"|{registers.SEARCH}",
    spans=_spans,
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
    is_named=_is_named,
    names=frozenset(("ssn", "ssns", "nino", "itin")) | registers.NAMES,
    pairs=frozenset(("social security", "national insurance", "social insurance", "taxpayer id"))
    | registers.PAIRS,
)
