"""A kind of personal data: how it looks, what only looks so, and what stands for it.

What stands for a value keeps its shape: an email is an email, a card number passes Luhn. It is one
that nobody has (an area code that is never given out, a network for documentation), so it is known
again without the key, and is not masked twice.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Span = tuple[int, int]
"""Where something starts and ends in a text."""

_DIGIT: Final = re.compile(r"[0-9]")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data."""

    name: str
    search: str
    """What any of them must contain, for the quick look: an expression of the Rust regex crate."""
    spans: Callable[[str], Iterator[Span]]
    """Where values of the kind may stand in a text; placeholders are among them."""
    stand_in: Callable[[bytes, str], str]
    """What stands for a value, made with a key."""
    is_stand_in: Callable[[str], bool]
    """Whether a value is a placeholder, whatever its key."""
    is_named: Callable[[str], bool] = lambda value: False
    """Whether a value of which a name says that it is of this kind is one."""
    names: frozenset[str] = frozenset()
    """Words in a name that say so."""
    pairs: frozenset[str] = frozenset()
    """Two words in a name that say so."""

    def is_whole(self, value: str) -> bool:
        """Whether all of ``value`` is one of these."""
        return (0, len(value)) in self.spans(value)

    def masked(self, key: bytes, value: str) -> str:
        """Return what stands for ``value``; of a placeholder itself."""
        return value if self.is_stand_in(value) else self.stand_in(key, value)


def spans_of(
    form: re.Pattern[str], is_one: Callable[[str], bool]
) -> Callable[[str], Iterator[Span]]:
    """Return what yields the matches of ``form`` that are one; of a group ``value`` only that."""
    group: str | int = "value" if "value" in form.groupindex else 0

    def spans(text: str) -> Iterator[Span]:
        for found in form.finditer(text):
            if is_one(found[group]):
                yield found.span(group)

    return spans


def keyed_digits(key: bytes, of: str, size: int) -> str:
    """Return ``size`` digits that nobody guesses from ``of`` without the key."""
    made = ""
    while len(made) < size:
        made += str(int.from_bytes(keyed(key, f"{of} {len(made)}"))).zfill(78)
    return made[-size:] if size else ""


def keyed(key: bytes, of: str) -> bytes:
    """Return the keyed hash of a text: 32 bytes."""
    return hmac.digest(key, of.encode("utf-8", "surrogatepass"), hashlib.sha256)


def digits_of(text: str) -> str:
    """Return the digits in a text, without what stands between them."""
    return "".join(_DIGIT.findall(text))


def with_digits(text: str, digits: str) -> str:
    """Return ``text`` with other digits in the places of its own."""
    left = iter(digits)
    return _DIGIT.sub(lambda _: next(left), text)


def luhn_sum(digits: str) -> int:
    """Return the sum that a check digit after Luhn makes a multiple of ten."""
    plain = [int(one) for one in digits]
    return sum(plain[::-2]) + sum(sum(divmod(one * 2, 10)) for one in plain[-2::-2])


def passing_luhn(digits: str, free: int) -> str:
    """Return ``digits`` with the one at ``free`` set so that all of them pass Luhn."""
    for one in "0123456789":
        made = digits[:free] + one + digits[free + 1 :]
        if luhn_sum(made) % 10 == 0:
            return made
    raise AssertionError("one digit in ten passes")
