"""Payment card numbers: of a known brand and length, in its grouping, with a right check digit.

Brand and last four digits stay, as receipts and the card industry's rules have it: tools tell
people which card it was.
"""

from __future__ import annotations

import re
from typing import Final

from cassettes.redaction.personal.kind import (
    Kind,
    digits_of,
    keyed_digits,
    luhn_sum,
    passing_luhn,
    spans_of,
    with_digits,
)

_FORM: Final = re.compile(
    r"(?<![A-Za-z0-9_.+\-])(?:(?:[2-6][0-9]{13,18}|1800[0-9]{11})(?!\.[a-z]{2,4}\b)"
    r"|[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3})?"
    r"|3[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5})(?![\w\-]|[.,][0-9])"
)
_BRANDS: Final = tuple(
    (re.compile(form), sizes, prefix)
    for form, sizes, prefix in (
        (r"4", (16, 19), "4"),
        (r"5[1-5]", (16,), "51"),
        (r"222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,), "2221"),
        (r"34", (15,), "34"),
        (r"37", (15,), "37"),
        (r"6011", (16, 19), "6011"),
        (r"64[4-9]", (16, 19), "644"),
        (r"65", (16, 19), "65"),
        (r"35", (16, 19), "3528"),
        (r"2131", (15,), "2131"),
        (r"1800", (15,), "1800"),
        (r"30[0-5]", (14,), "300"),
        (r"36", (14,), "36"),
        (r"3[89]", (14, 16), "38"),
        (r"62", (16, 17, 18, 19), "62"),
        (r"50[1-9]|5[67]|6304|67", (16, 18, 19), "6304"),
    )
)
_MARK_SIZE: Final = 7
_KEPT: Final = 4


def _mark(digits: str) -> str | None:
    """Return how a placeholder of the card's brand begins; None: it is of no brand."""
    for form, sizes, prefix in _BRANDS:
        if len(digits) in sizes and form.match(digits):
            return prefix.ljust(_MARK_SIZE - 1, "0") + "9"
    return None


def is_card(text: str) -> bool:
    """Whether digits, with or without what groups them, could be a payment card's number."""
    digits = digits_of(text)
    return _mark(digits) is not None and luhn_sum(digits) % 10 == 0 and len(set(digits)) > 1


def _is_stand_in(text: str) -> bool:
    digits = digits_of(text)
    mark = _mark(digits)
    return mark is not None and digits.startswith(mark)


def _stand_in(key: bytes, text: str) -> str:
    digits = digits_of(text)
    mark = _mark(digits) or "4000009"
    free = len(digits) - len(mark) - _KEPT
    made = mark + keyed_digits(key, f"card {digits}", free) + digits[-_KEPT:]
    return with_digits(text, passing_luhn(made, len(mark)))


CARD: Final = Kind(
    name="card",
    search=r"(?:^|[^0-9.])(?:[2-6][0-9]|18)[0-9]{2}"
    r"[ -]?[0-9]{4}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}",
    spans=spans_of(_FORM, is_card),
    stand_in=_stand_in,
    is_stand_in=_is_stand_in,
)
