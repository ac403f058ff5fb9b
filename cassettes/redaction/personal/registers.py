"""Numbers that states' registers give people, with their own check digits: seven countries' more.

What stands for one has right check digits and is of a series that is not given out, as far as a
state keeps one free: a day, a month or a beginning of zeros, Finland's 900, Sweden's 980 for tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cassettes.redaction.personal.kind import digits_of, luhn_sum, passing_luhn, with_digits


@dataclass(frozen=True, slots=True)
class Register:
    """How the numbers of one register look."""

    form: re.Pattern[str]
    is_right: Callable[[str], bool]
    """Whether the check digits of a text of the form are right."""
    is_free: Callable[[str], bool]
    """Whether it is of the series that is not given out: a placeholder."""
    stand_in: Callable[[str, str], str]
    """What stands for it, made of twenty drawn digits."""


# -- Italy ----------------------------------------------------------------------------------------

_ODD: Final = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)
"""What letters at odd places count, from A; a digit counts as its letter."""


def _italian_check(text: str) -> str:
    places = [int(one) if one.isdigit() else ord(one) - 65 for one in text[:15]]
    odd = sum(_ODD[one] for one in places[::2])
    return chr((odd + sum(places[1::2])) % 26 + 65)


def _italian(text: str, drawn: str) -> str:
    letters = "".join(chr(int(drawn[at : at + 2]) % 26 + 65) for at in range(0, 12, 2))
    made = f"{letters}{drawn[12:14]}{text[8]}00Z{drawn[14:17]}"
    return made + _italian_check(made)


_ITALY: Final = Register(
    re.compile(
        r"(?<![A-Za-z0-9])[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]"
        r"(?![A-Za-z0-9])"
    ),
    lambda text: _italian_check(text) == text[-1],
    lambda text: text[9:11] == "00",
    _italian,
)

# -- Spain ----------------------------------------------------------------------------------------

_SPANISH_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def _spanish_check(text: str) -> str:
    number = digits_of(text)
    if text[0] in "XYZ":
        number = f"{'XYZ'.index(text[0])}{number}"
    return _SPANISH_LETTERS[int(number) % 23]


def _spanish(text: str, drawn: str) -> str:
    made = with_digits(text[:-1], "00" + drawn[: len(digits_of(text)) - 2])
    return made + _spanish_check(made)


_DAY: Final = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]")
_SPAIN: Final = Register(
    re.compile(r"(?<![\w\-])(?:[XYZ]-?[0-9]{7}|[0-9]{8})-?[A-HJ-NP-TV-Z](?![\w\-])"),
    lambda text: _spanish_check(text) == text[-1] and not _DAY.match(text),
    lambda text: digits_of(text).startswith("00"),
    _spanish,
)

# -- Brazil ---------------------------------------------------------------------------------------


def _brazilian_check(body: str) -> str:
    made = body
    for size in (10, 11):
        total = sum(int(one) * (size - at) for at, one in enumerate(made))
        made += str(total * 10 % 11 % 10)
    return made[9:]


def _brazilian(text: str, drawn: str) -> str:
    body = "000" + drawn[:6]
    return with_digits(text, body + _brazilian_check(body))


_BRAZIL: Final = Register(
    re.compile(r"(?<![\w.\-])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w\-])"),
    lambda text: _brazilian_check(digits_of(text)[:9]) == text[-2:],
    lambda text: text.startswith("000"),
    _brazilian,
)

# -- France ---------------------------------------------------------------------------------------


def _french_check(text: str) -> str:
    body = text.replace(" ", "")[:13]
    less = 1_000_000 if "A" in body else 2_000_000 if "B" in body else 0
    number = int(body.replace("A", "0").replace("B", "0")) - less
    return f"{97 - number % 97:02}"


def _french(text: str, drawn: str) -> str:
    body = f"{int(drawn[0]) % 2 + 1}{drawn[1:3]}00{int(drawn[3:5]) % 95 + 1:02}{drawn[5:11]}"
    left = iter(body + _french_check(body))
    return "".join(one if one == " " else next(left) for one in text)


_FRANCE: Final = Register(
    re.compile(
        r"(?<![\w.\-])[12]( ?)[0-9]{2}\1(?:0[0-9]|1[0-2])\1(?:[0-9]{2}|2[AB])\1[0-9]{3}\1[0-9]{3}"
        r" ?[0-9]{2}(?![\w\-]|[.,][0-9])"
    ),
    lambda text: _french_check(text) == text[-2:],
    lambda text: text.replace(" ", "")[3:5] == "00",
    _french,
)

# -- Finland, Sweden ------------------------------------------------------------------------------

_FINNISH_LETTERS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def _finnish_check(text: str) -> str:
    return _FINNISH_LETTERS[int(text[:6] + text[7:10]) % 31]


def _finnish(text: str, drawn: str) -> str:
    day, month = int(drawn[:2]) % 28 + 1, int(drawn[2:4]) % 12 + 1
    made = f"{day:02}{month:02}{drawn[4:6]}{text[6]}9{drawn[6:8]}"
    return made + _finnish_check(made)


_FINLAND: Final = Register(
    re.compile(
        r"(?<![\w\-])(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])[0-9]{2}[-+A-FU-Y][0-9]{3}"
        r"[0-9A-FHJ-NPR-Y](?![\w\-])"
    ),
    lambda text: _finnish_check(text) == text[-1],
    lambda text: text[7] == "9",
    _finnish,
)


def _swedish(text: str, drawn: str) -> str:
    century = text[: len(digits_of(text)) - 10]
    day, month = int(drawn[:2]) % 28 + 1, int(drawn[2:4]) % 12 + 1
    body = f"{drawn[4:6]}{month:02}{day:02}9{8 + int(drawn[6]) % 2}{drawn[7]}0"
    return with_digits(text, century + passing_luhn(body, 9))


_SWEDEN: Final = Register(
    re.compile(
        r"(?<![\w\-])(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[-+][0-9]{4}"
        r"(?![\w\-])"
    ),
    lambda text: luhn_sum(digits_of(text)[-10:]) % 10 == 0,
    lambda text: text[-4] == "9" and text[-3] in "89",
    _swedish,
)

REGISTERS: Final = (_ITALY, _SPAIN, _BRAZIL, _FRANCE, _FINLAND, _SWEDEN)

SEARCH: Final = (
    r"[A-Z]{6}[0-9L-V]{2}[A-Z]|[XYZ0-9]-?[0-9]{7}-?[A-Z]|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-"
    r"|[0-9]{2} ?[01][0-9] ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
    r"|[0-9]{6}[-+A-Y][0-9]{3}"
)
"""What any of these must contain, for the quick look."""

NUMBERED: Final = re.compile(
    r"(?:\b(?:pesel|bsn|burgerservicenummer|tckn|t\.?c\.? kimlik|aadhaar|cpf|codice fiscale"
    r"|personnummer|steuer-?(?:id|identifikationsnummer)|national id(?:entity|entification)?)\b"
    r"(?: (?:card|number|no|nr)\.?)*)[^0-9\n]{0,6}(?P<value>[0-9](?:[ .\-/]?[0-9]){7,13})(?![\w])",
    re.IGNORECASE,
)
"""Digits behind a word that says what they are."""

NAMES: Final = frozenset(
    ("pesel", "bsn", "tckn", "aadhaar", "cpf", "dni", "nie", "nif", "personnummer")
)
PAIRS: Final = frozenset(
    ("national id", "codice fiscale", "steuer id", "tax id", "citizen id", "kimlik no")
)
DIGITS: Final = re.compile(r"[0-9](?:[ .\-/]?[0-9]){7,13}")


def register_of(text: str) -> Register | None:
    """Return the register of which all of ``text`` is a number; None: of none."""
    for register in REGISTERS:
        if register.form.fullmatch(text) and (register.is_right(text) or register.is_free(text)):
            return register
    return None
