"""The ways in which one value is written: numbers with and without separators, dates in words.

A pattern for each, to be found in a text. What only looks alike (a part number, a price of another
currency) is found too: a person looks at the places.
"""

from __future__ import annotations

import datetime
import re
from typing import Final

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SEPARATOR: Final = r"[,. '’\u00a0\u202f]?"
_MONEY: Final = re.compile(
    r"(?:[$€£¥]|[A-Z]{3})?\s?(?P<number>[-−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[-−]?\d+(?:\.\d+)?)"
    r"\s?(?:[$€£¥%]|[A-Z]{3})?"
)
_ISO_DATE: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?.{0,6})?"
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\.? ([A-Za-z]{3,9})\.?,? (\d{4})")
_MONTH_FIRST: Final = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_IN_NUMBERS: Final = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})")


def number_of(text: str) -> float | None:
    """Return the number that ``text`` is, with separators or a currency or not; None: it is none.

    ``1,234.50`` and ``$1234.5`` are 1234.5; ``007`` is a name and no number.
    """
    if len(text) > 40:
        return None
    found = _MONEY.fullmatch(text.strip())
    if found is None:
        return None
    digits = found["number"].replace(",", "").replace("−", "-")
    if re.match(r"-?0\d", digits):
        return None
    return float(digits)


def number_pattern(number: float) -> str:
    """Return the pattern of ``number`` as people and programs write it."""
    whole, _, decimals = f"{abs(round(number, 10)):.10f}".rstrip("0").rstrip(".").partition(".")
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)][::-1]
    written = _SEPARATOR.join(groups)
    tail = rf"[.,]{decimals}0*" if decimals else r"(?:[.,]0+)?"
    sign = "[-−]" if number < 0 else ""
    before = r"(?<!\d,)" if len(whole) == 3 else ""
    return rf"{before}{sign}{written}{tail}(?!,\d{{3}}(?!\d))"


def date_of(text: str) -> datetime.date | None:
    """Return the day that ``text`` is, or is a moment of; None: it is none."""
    text = text.strip()
    if not 8 <= len(text) <= 40:
        return None
    try:
        if found := _ISO_DATE.fullmatch(text):
            year, month, day = map(int, found.groups())
            return datetime.date(year, month, day)
        if found := _DAY_FIRST.fullmatch(text):
            return datetime.date(int(found[3]), _month(found[2]), int(found[1]))
        if found := _MONTH_FIRST.fullmatch(text):
            return datetime.date(int(found[3]), _month(found[1]), int(found[2]))
        if found := _IN_NUMBERS.fullmatch(text):
            first, second, year = int(found[1]), int(found[3]), int(found[4])
            is_day_first = found[2] == "." or first > 12
            day, month = (first, second) if is_day_first else (second, first)
            return datetime.date(year, month, day)
    except ValueError:
        return None
    return None


def date_pattern(day: datetime.date) -> str:
    """Return the pattern of a day as people and programs write it."""
    name = _MONTHS[day.month - 1]
    month = rf"(?:{name}|{name[:3]}\.?)" if len(name) > 3 else name
    number, padded = f"0?{day.day}", f"{day.month:02}"
    ordinal = rf"{number}(?:st|nd|rd|th)?"
    ways = [
        rf"{day.year}[-/.]{padded}[-/.]{day.day:02}",
        rf"{day.year}{padded}{day.day:02}",
        rf"{ordinal}\.? (?:of )?{month},?(?: {day.year})?",
        rf"{month} {ordinal}(?:,? {day.year})?",
        rf"{number}[./-]0?{day.month}[./-]{day.year}",
        rf"0?{day.month}/{number}/{day.year}",
    ]
    return "|".join(f"(?:{way})" for way in ways)


def _month(word: str) -> int:
    word = word.casefold()
    for at, name in enumerate(_MONTHS, 1):
        if name == word or (len(word) >= 3 and name.startswith(word)):
            return at
    raise ValueError(f"{word!r} is no month")
