"""Telephone numbers: international ones, North American ones, and what is called one.

The country's code stays, and the way it is written. What follows begins as no number does: with
``00`` after a country's code, with an area code of North America that is kept free. It depends on
the digits alone, so a tool that writes numbers in one form comes to the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.redaction.personal.kind import Kind, Span, digits_of, keyed_digits

_EXTENSION: Final = r"(?: ?(?:x|ext\.? ?)[0-9]{1,6})?"
_INTERNATIONAL: Final = re.compile(
    r"(?<![\w+.])(?:\+|%2B|00(?=[1-9]))(?! )[1-9](?:[ .\-/]{0,2}\(?[0-9]\)?){7,14}"
    + _EXTENSION
    + r"(?![\w]|[.,\-][0-9])"
)
_AMERICAN: Final = re.compile(
    r"(?<![\w.+\-])(?:1[ .\-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}([.\-]))"
    r"[2-9][0-9]{2}[.\-][0-9]{4}" + _EXTENSION + r"(?![\w\-]|\.[0-9])"
)
_IN_PAIRS: Final = re.compile(
    r"(?<![\w.+\-])0[1-9](?:([ .])[0-9]{2})(?:\1[0-9]{2}){3}(?![\w\-]|[. ][0-9])"
)
_BRITISH: Final = re.compile(
    r"(?<![\w.+\-])0(?:7[0-9]{3} [0-9]{6}|7[0-9]{3} [0-9]{3} [0-9]{3}|20 [0-9]{4} [0-9]{4}"
    r"|[1-3589][0-9]{2} [0-9]{3} [0-9]{4})(?![\w\-])"
)
_NATIONAL: Final = re.compile(
    r"(?<![\w.+\-])(?:\(0[1-9][0-9]{1,4}\) ?[0-9]{3,4}[ \-]?[0-9]{3,5}"
    r"|0[1-9][0-9]{1,4}[ \-/][0-9]{3,4}[ \-]?[0-9]{3,4}"
    r"|0[1-9][0-9]?-[0-9]{3} [0-9]{2,3} [0-9]{2})(?![\w\-]|[.,][0-9])"
)
"""From abroad in no form of its own: a zero, an area in brackets or apart, and two groups."""
_CALLED: Final = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cellphone|cell|fax|whatsapp|msisdn"
    r"|(?:call|reach|text) (?:me|us|him|her|them) (?:at|on|under))\b"
    r"(?: (?:number|no|nr|is|was))*[ .:=#]{0,4}(?P<value>\(?[0-9][0-9 ().\-/]{5,17}[0-9])(?![\w])",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    r"(?:\+|00)? ?\(?[0-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?: ?(?:x|ext\.?) ?[0-9]{1,5})?"
)
_DATE: Final = re.compile(
    r"[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2}.*|[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{4}"
)
_FLOAT: Final = re.compile(r"\+?[0-9]+\.[0-9]+")
_TRUNK: Final = "(0)"
_PLUS: Final = "%2B"
_CODES: Final = frozenset(
    [
        "1",
        "7",
        "20",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "36",
        "39",
        "40",
        "41",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "81",
        "82",
        "84",
        "86",
        "90",
        "91",
        "92",
        "93",
        "94",
        "95",
        "98",
    ]
)
_NO_CODES: Final = re.compile(
    r"21[04579]|28|29[2-6]|38[48]|80[1-79]|83|85[147-9]|87[1-9]|88[4579]|89|97[89]|99[079]"
)
_AMERICA: Final = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")
_AMERICA_FREE: Final = re.compile(r"[2-9]909[0-9]{6}")
"""No area code has a nine in its middle."""
_SHORT: Final = 8
"""Digits up to which a number has room for two zeros only."""


def digits_within_country(text: str) -> str:
    """Return the digits behind a country's code, or behind the zero that stands for it.

    They are what a placeholder is made of, so numbers that agree in them are one however they are
    written. Nothing of a number with an extension, which is masked apart.
    """
    text, mark, _ = _split_extension(text)
    return "" if mark else _parts(text)[2]


def _spans(text: str) -> Iterator[Span]:
    for found in _INTERNATIONAL.finditer(text):
        if _is_international(found[0]):
            yield found.span()
    for form in (_AMERICAN, _IN_PAIRS, _BRITISH):
        for found in form.finditer(text):
            yield found.span()
    for found in _NATIONAL.finditer(text):
        if 9 <= len(digits_of(found[0])) <= 11:
            yield found.span()
    for found in _CALLED.finditer(text):
        if _is_named(found["value"]):
            yield found.span("value")


def _is_international(text: str) -> bool:
    if _FLOAT.fullmatch(text):
        return False
    _, code, number = _parts(_split_extension(text)[0])
    if not code or _NO_CODES.match(code):
        return False
    if code == "1":
        return _AMERICA.fullmatch(number) is not None
    return len(number) >= 6 and 9 <= len(code + number) <= 15


def _is_named(value: str) -> bool:
    digits = digits_of(value)
    is_phone = _NAMED.fullmatch(value) is not None and not _DATE.fullmatch(value)
    return is_phone and len(set(digits)) > 1


def _parts(text: str) -> tuple[str, str, str]:
    """Return what leads out of the country, the country's code, and the number in it."""
    text = text.replace(_PLUS, "+")
    digits = digits_of(text.replace(_TRUNK, ""))
    if text.startswith("+") or (digits.startswith("00") and digits[2:3] not in ("", "0")):
        lead = "" if text.startswith("+") else "00"
        return lead, *_after_code(digits[len(lead) :])
    if len(digits) == 11 and digits[0] == "1" and _american(digits[1:]):
        return "", "1", digits[1:]
    if digits.startswith("0"):
        return "0", "", digits[1:]
    if 11 <= len(digits) <= 15:
        return "", *_after_code(digits)
    return "", "", digits


def _american(number: str) -> bool:
    return _AMERICA.fullmatch(number) is not None


def _after_code(digits: str) -> tuple[str, str]:
    for size in (1, 2):
        if digits[:size] in _CODES:
            return digits[:size], digits[size:]
    return digits[:3], digits[3:]


def _is_stand_in(text: str) -> bool:
    lead, code, number = _parts(_split_extension(text)[0])
    if lead != "0" and code in ("", "1") and _american(number):
        return _AMERICA_FREE.fullmatch(number) is not None
    return number.startswith(_zeros(number))


def _zeros(number: str) -> str:
    """Return how the placeholder of a number of so many digits begins, and no number does."""
    return "00" if len(number) <= _SHORT else "000"


def _stand_in(key: bytes, text: str) -> str:
    if text.startswith(_PLUS):
        return _PLUS + _stand_in(key, "+" + text[len(_PLUS) :])[1:]
    text, mark, extension = _split_extension(text)
    lead, code, number = _parts(text)
    size = len(number)
    drawn = keyed_digits(key, f"phone {number}", size)
    if lead != "0" and code in ("", "1") and _american(number):
        made = f"{int(drawn[0]) % 8 + 2}909{drawn[4:]}"
    else:
        zeros = _zeros(number) if lead or code else f"0{_zeros(number[1:])}"
        made = zeros + drawn[len(zeros) :]
    left = iter(lead + code + made)
    parts = text.split(_TRUNK)
    written = ["".join(next(left) if one.isdigit() else one for one in part) for part in parts]
    return _TRUNK.join(written) + mark + keyed_digits(key, f"extension {extension}", len(extension))


def _split_extension(text: str) -> tuple[str, str, str]:
    found = re.search(r" ?(?:x|ext\.?) ?(?=[0-9]+$)", text)
    return (
        (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])
    )


PHONE: Final = Kind(
    name="phone",
    search=r"(?:\+|%2B|00)[1-9][0-9 ().\-/]{7}|[2-9][0-9]{2}(?:\) ?|[.\-])[2-9][0-9]{2}[.\-]"
    r"|0[1-9][ .][0-9]{2}[ .][0-9]{2}|07[0-9]{3} [0-9]{3}|020 [0-9]{4} "
    r"|0[1-35-9][0-9]{2} [0-9]{3} [0-9]{4}|0[1-9][0-9]{1,4}[)/ \-] ?[0-9]{3}|0[1-9]-[0-9]{3} "
    r"|(?:hone|obile|HONE|OBILE|hatsapp|hatsApp|msisdn|MSISDN)"
    r"|(?:[tT]el|TEL|[fF]ax|FAX|[cC]ell|CELL)\\*[\" .:=#]|(?:ext|all|each) (?:me|us|him|her|them) ",
    spans=_spans,
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
    is_named=_is_named,
    names=frozenset(
        [
            "phone",
            "phones",
            "telephone",
            "tel",
            "mobile",
            "cell",
            "cellphone",
            "fax",
            "msisdn",
            "whatsapp",
            "phonenumber",
            "mobilenumber",
        ]
    ),
)
