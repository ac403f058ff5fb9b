"""Values that are masked whatever they are, because somebody said so of their place.

What stands for one is of its type, and fits where it stands: a date is a date, a number a number, a
text of a known form has that form. Where there is no room for a keyed hash (a small number, a date,
a choice of three) all values become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Protocol

from cassettes.redaction.personal import KINDS
from cassettes.redaction.personal.kind import keyed
from cassettes.redaction.shapes import is_placeholder

_DATE: Final = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}(.*)")
_SHORT_EMAIL: Final = re.compile(r"r[0-9a-f]{4,11}r@example\.com")
_CLOCK: Final = re.compile(r"[1-9]")
_DIGITS_MIN: Final = 3


class Fit(Protocol):
    """What a schema asks of a value."""

    @property
    def length_max(self) -> int | None: ...  # noqa: D102
    @property
    def pattern(self) -> str | None: ...  # noqa: D102
    @property
    def format(self) -> str | None: ...  # noqa: D102
    @property
    def choices(self) -> tuple[Any, ...]: ...  # noqa: D102
    @property
    def minimum(self) -> float | None: ...  # noqa: D102
    @property
    def maximum(self) -> float | None: ...  # noqa: D102


class Sensitives:
    """Masks what stands at marked places."""

    def __init__(self, key: bytes, placeholder: Callable[[str], str]) -> None:
        """``placeholder``: what stands for a text that may have any form."""
        self._key = key
        self._placeholder = placeholder

    def value(self, value: Any, kind: str | None, fit: Fit) -> Any:
        """Return what stands for a JSON value; of an object or a list each value in it."""
        if type(value) is dict:
            return {name: self.value(item, kind, fit) for name, item in value.items()}
        if type(value) is list:
            return [self.value(item, kind, fit) for item in value]
        if value is None:
            return None
        if fit.choices:
            return fit.choices[0]
        if type(value) is bool:
            return False
        if type(value) is str:
            return self.text(value, kind, fit) if value.strip() else value
        return self._number(value, fit)

    def text(self, text: str, kind: str | None, fit: Fit) -> str:
        """Return what stands for a text; of what stands for one itself."""
        if is_placeholder(text) and _fits(text, fit):
            return text
        known = KINDS.get(kind or "")
        if known is not None and (known.is_whole(text) or known.is_named(text)):
            made = known.masked(self._key, text)
        elif found := _DATE.fullmatch(text):
            made = f"{found[1]}-01-01{_CLOCK.sub('0', found[2])}"
        elif kind == "email":
            made = f"r{keyed(self._key, text.lower()).hex()[:12]}r@example.com"
        else:
            made = self._placeholder(text)
        if _fits(made, fit):
            return made
        if fit.length_max is not None and kind == "email":
            return self._short_email(text, fit.length_max)
        return self.same_form(text)

    def _short_email(self, text: str, length_max: int) -> str:
        """Return an address of ``length_max`` letters, where that leaves room for one."""
        found = _SHORT_EMAIL.fullmatch(text)
        size = max(length_max - len("rr@example.com"), 4)
        if found is not None and len(text) <= length_max:
            return text
        return f"r{keyed(self._key, text.lower()).hex()[:size]}r@example.com"

    def same_form(self, text: str) -> str:
        """Return a text with letters for letters and digits for digits; of one so made itself."""
        places = [at for at, one in enumerate(text) if one.isascii() and one.isalnum()]
        half = len(places) - len(places) // 2
        given = "".join(text[at] for at in places)
        if given[half:] == self._drawn(f"check {given[:half]}", given[half:]):
            return text
        first = self._drawn(f"form {given}", given[:half])
        made = first + self._drawn(f"check {first}", given[half:])
        letters = list(text)
        for at, one in zip(places, made, strict=True):
            letters[at] = one
        return "".join(letters)

    def _drawn(self, of: str, like: str) -> str:
        made = b""
        while len(made) < len(like):
            made += keyed(self._key, f"{of} {len(made)}")
        return "".join(_in_place_of(one, drawn) for one, drawn in zip(like, made, strict=False))

    def _number(self, value: float, fit: Fit) -> Any:
        """Return a number of as many digits; where there are few, the same one for all."""
        if type(value) is int and len(str(abs(value))) > _DIGITS_MIN:
            digits = str(abs(value))
            made: Any = int(self._placeholder(digits))
            made = made if value > 0 else -made
        elif type(value) is int:
            made = 10 ** (len(str(abs(value))) - 1) if value else 0
        else:
            made = 1.0
        if fit.minimum is not None and made <= fit.minimum:
            made = type(value)(fit.minimum) + 1
        if fit.maximum is not None and made >= fit.maximum:
            made = type(value)(fit.maximum) - (1 if fit.minimum is None else 0)
        return made


def _in_place_of(one: str, drawn: int) -> str:
    if one.isdigit():
        return str(drawn % 10)
    first = "A" if one.isupper() else "a"
    return chr(ord(first) + drawn % 26)


def _fits(text: str, fit: Fit) -> bool:
    if fit.length_max is not None and len(text) > fit.length_max:
        return False
    try:
        return fit.pattern is None or re.search(fit.pattern, text) is not None
    except re.error:
        return True
