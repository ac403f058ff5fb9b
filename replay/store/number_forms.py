"""Numbers of people in every way of writing them: cards, accounts, telephones.

Who asks to be forgotten writes ``DE89370400440532013000``, and a recording has it in groups of
four. The same holds for placeholders: they keep the grouping of what they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_APART: Final = " .-/()\u00a0\u202f"
"""What stands between digits, of a telephone number's area too."""
_REMOVED: Final = str.maketrans("", "", _APART)
_NUMBER: Final = re.compile(rf"\+?[A-Za-z0-9{re.escape(_APART)}]+")
_DIGIT_COUNT_MIN: Final = 9
"""Shorter numbers are looked for as they are written: they are parts of too many others."""


class NumberForms:
    """Numbers, found in a text whatever stands between their digits."""

    def __init__(self, values: Iterable[str]) -> None:
        """``values``: numbers, and other texts, which are not looked for."""
        self._forms = {
            digits: _form(digits, is_cut)
            for digits, is_cut in map(_digits, values)
            if sum(one.isdigit() for one in digits) >= _DIGIT_COUNT_MIN
        }

    def in_text(self, text: str) -> bool:
        """Whether a casefolded text holds one of the numbers."""
        if not self._forms:
            return False
        together = text.translate(_REMOVED)  # a quick look: the forms go through each digit
        return any(one in together and form.search(text) for one, form in self._forms.items())


def _digits(value: str) -> tuple[str, bool]:
    """Return a number without what stands between, and whether a country's code may precede it."""
    from cassettes.redaction.personal.phone import PHONE, digits_within_country

    if not _NUMBER.fullmatch(value):
        return "", False
    if PHONE.is_whole(value) or (value.startswith(("0", "(")) and PHONE.is_named(value)):
        inland = digits_within_country(value)
        if len(inland) >= _DIGIT_COUNT_MIN:
            return inland, True
    return value.translate(_REMOVED).lstrip("+").casefold(), False


def _form(digits: str, is_cut: bool) -> re.Pattern[str]:
    apart = f"[{re.escape(_APART)}]{{0,3}}"
    before = "" if is_cut else r"(?<![a-z0-9])"
    return re.compile(before + apart.join(map(re.escape, digits)) + r"(?![0-9])")
