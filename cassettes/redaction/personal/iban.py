"""International bank account numbers: of a country's length, with a right checksum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cassettes.redaction.personal.kind import Kind, Span, keyed

_SIZES: Final = {
    country: int(size)
    for country, size in (
        one.split(":")
        for one in [
            "AD:24",
            "AE:23",
            "AL:28",
            "AT:20",
            "AZ:28",
            "BA:20",
            "BE:16",
            "BG:22",
            "BH:22",
            "BI:27",
            "BR:29",
            "BY:28",
            "CH:21",
            "CR:22",
            "CY:28",
            "CZ:24",
            "DE:22",
            "DJ:27",
            "DK:18",
            "DO:28",
            "EE:20",
            "EG:29",
            "ES:24",
            "FI:18",
            "FK:18",
            "FO:18",
            "FR:27",
            "GB:22",
            "GE:22",
            "GI:23",
            "GL:18",
            "GR:27",
            "GT:28",
            "HR:21",
            "HU:28",
            "IE:22",
            "IL:23",
            "IQ:23",
            "IS:26",
            "IT:27",
            "JO:30",
            "KW:30",
            "KZ:20",
            "LB:28",
            "LC:32",
            "LI:21",
            "LT:20",
            "LU:20",
            "LV:21",
            "LY:25",
            "MC:27",
            "MD:24",
            "ME:22",
            "MK:19",
            "MN:20",
            "MR:27",
            "MT:31",
            "MU:30",
            "NI:28",
            "NL:18",
            "NO:15",
            "OM:23",
            "PK:24",
            "PL:28",
            "PS:29",
            "PT:25",
            "QA:29",
            "RO:24",
            "RS:22",
            "RU:33",
            "SA:24",
            "SC:31",
            "SD:18",
            "SE:24",
            "SI:19",
            "SK:24",
            "SM:27",
            "SO:23",
            "ST:25",
            "SV:28",
            "TL:23",
            "TN:24",
            "TR:26",
            "UA:29",
            "VA:22",
            "VG:24",
            "XK:20",
        ]
    )
}
_START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?=[ -]?[A-Z0-9])")
_BETWEEN: Final = " -"
_MARKED: Final = 5
"""How many characters of an account number say that it is a placeholder: zeros, or the letter X."""


def _spans(text: str) -> Iterator[Span]:
    for found in _START.finditer(text):
        size = _SIZES.get(found[0][:2]) if 2 <= int(found[0][2:]) <= 98 else None
        end = None if size is None else _end(text, found.start(), size)
        if end is not None and _remainder(_bare(text[found.start() : end])) == 1:
            yield found.start(), end


def _end(text: str, start: int, size: int) -> int | None:
    """Return where ``size`` letters and digits end, blanks between them; None: there is more."""
    at, count = start, 0
    while count < size:
        if at < len(text) and text[at] in _BETWEEN and count:
            at += 1
        if at >= len(text) or not (text[at].isascii() and text[at].isalnum()):
            return None
        at, count = at + 1, count + 1
    return None if at < len(text) and text[at].isalnum() else at


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("-", "").upper()


def _remainder(bare: str) -> int:
    return int("".join(str(int(one, 36)) for one in bare[4:] + bare[:4])) % 97


def _is_stand_in(text: str) -> bool:
    return all(one in "0X" for one in _bare(text)[4 : 4 + _MARKED])


def _stand_in(key: bytes, text: str) -> str:
    """Letters for letters, digits for digits, and the checksum of what that makes."""
    bare = _bare(text)
    drawn = keyed(key, f"iban {bare}") + keyed(key, f"more {bare}")
    made = ""
    for at, one in enumerate(bare[4:]):
        if at < _MARKED:
            made += "0" if one.isdigit() else "X"
        elif one.isdigit():
            made += str(drawn[at] % 10)
        else:
            made += chr(ord("A") + drawn[at] % 26)
    check = 98 - _remainder(f"{bare[:2]}00{made}")
    whole = iter(f"{bare[:2]}{check:02}{made}")
    return "".join(one if one in _BETWEEN else next(whole) for one in text)


IBAN: Final = Kind(
    name="iban",
    search=r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}[ -]?[A-Z0-9]{4}",
    spans=_spans,
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
)
