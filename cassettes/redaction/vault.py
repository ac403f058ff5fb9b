"""Learned values: what was seen under a secret name, or looked secret, is secret everywhere.

Values are looked for in every text that is redacted, so the look must not grow with their number:
the newest few are tried one by one, the others sixty-four at a time (see `prefilter`).
"""

from __future__ import annotations

import json
import os
import threading
import weakref
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus
from uuid import UUID

from cassettes.redaction.names import HARMLESS
from cassettes.redaction.prefilter import Finds, is_readable, literals_in, readable

LEARNED_MAX: Final = 512
"""How many values are remembered, beside those of the environment; the newest win."""

_CHUNK: Final = 64
_NEWEST: Final = 4
_LENGTH_MAX: Final = 16_384
_DIGITS_MIN: Final = 8
"""Digits of a date; fewer say the same in other places by chance."""

Learned = tuple[str, str]
"""A spelling of a value, and the value."""


def is_learnable(value: str, *, is_marked: bool = False) -> bool:
    """Whether ``value`` may be looked for everywhere: no word, and no number that is short.

    ``is_marked``: somebody said of its place that it is secret, whatever it is: then a date and
    other digits with something between them are, too, from eight digits on.
    """
    size = len(value)
    if size < 6 or size > _LENGTH_MAX or value.lower() in HARMLESS or not is_readable(value):
        return False
    if value.isdigit():
        return size >= _DIGITS_MIN
    if not any(map(str.isalpha, value)):  # a date, a time, a telephone number
        return is_marked and sum(map(str.isdigit, value)) >= _DIGITS_MIN
    if value.isalpha():
        is_mixed = not value.islower() and not value.isupper() and not value.istitle()
        return size >= (10 if is_mixed else 16)
    return size >= 8 or (any(map(str.isdigit, value)) and any(map(str.isalpha, value)))


class Vault:
    """The learned values of one redactor. Threads may share it."""

    def __init__(self) -> None:
        self.version = 0
        """Grows whenever a value is learned."""
        self._lock = threading.Lock()
        _vaults.add(self)
        self._known: dict[str, str | None] = {}
        self._kept: tuple[_Chunk, ...] = ()
        """Those of the environment: they are never forgotten."""
        self._chunks: tuple[_Chunk, ...] = ()
        self._newest: tuple[Learned, ...] = ()

    def __contains__(self, value: str) -> bool:
        return value in self._known

    def stand_in(self, value: str) -> str | None:
        """Return what stands for ``value``; None: nobody has said."""
        return self._known.get(value)

    def learned(self) -> dict[str, str]:
        """Return what was learned, by the value, as far as it is known what stands for it."""
        return {value: made for value, made in list(self._known.items()) if made is not None}

    def learn(
        self,
        value: str,
        stand_in: str | None,
        *,
        puts_away: bool = True,
        is_marked: bool = False,
    ) -> None:
        """Remember ``value``, which ``stand_in`` stands for; None: it is made when it is needed.

        ``puts_away`` False: `settle` follows. ``is_marked``: as `is_learnable` takes it.
        """
        if value in self._known or not is_learnable(value, is_marked=is_marked):
            return
        with self._lock:
            if value in self._known:
                return
            self._newest += tuple((one, value) for one in spellings(value))
            if len(self._newest) > _NEWEST and puts_away:
                self._put_away()
            self.version += 1
            # Last: who sees it known does not wait for the lock, and must find it in texts.
            self._known[value] = stand_in

    def holds_any(self, text: str) -> bool:
        """Whether a learned value stands in ``text``, which is readable and may be JSON."""
        newest = self._newest  # before the others: what is put away meanwhile stands in both
        for chunk in self._kept + self._chunks:
            if chunk.finds(text):
                return True
        return any(spelling in text for spelling, _ in newest) if newest else False

    def found_in(self, text: str) -> list[Learned]:
        """Return the learned values that stand in ``text``, the longest first."""
        text = readable(text)
        found = [one for one in self._newest if one[0] in text]
        for chunk in self._kept + self._chunks:
            if chunk.finds(text):
                found += [one for one in chunk.values if one[0] in text]
        return sorted(found, key=_by_length) if len(found) > 1 else found

    def settle(self) -> None:
        """Keep the newest values for good: those of the environment were just learned.

        The look for them is then as quick as that for the others.
        """
        with self._lock:
            values = self._newest
            for at in range(0, len(values), _CHUNK):
                self._kept += (_Chunk(values[at : at + _CHUNK]),)
            self._newest = ()

    def _put_away(self) -> None:
        """Move the newest values to the others, and forget the oldest of these."""
        *full, last = self._chunks or (_Chunk(()),)
        if len(last.values) >= _CHUNK:
            full.append(last)
            last = _Chunk(())
        chunks = (*full, _Chunk((*last.values, *self._newest)))
        while sum(len(chunk.values) for chunk in chunks) > LEARNED_MAX and len(chunks) > 1:
            for _, value in chunks[0].values:
                self._known.pop(value, None)
            chunks = chunks[1:]
        self._chunks = chunks
        self._newest = ()


_vaults: weakref.WeakSet[Vault] = weakref.WeakSet()


def _fresh_locks() -> None:
    """A fork while another thread learns must not leave the child a lock that nobody opens."""
    for vault in _vaults:
        vault._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fresh_locks)


class _Chunk:
    __slots__ = ("finds", "values")

    def __init__(self, values: Iterable[Learned]) -> None:
        self.values = tuple(values)
        self.finds: Finds = literals_in(one for one, _ in self.values) if self.values else _no


def _no(text: str) -> bool:
    del text
    return False


def spellings(value: str) -> list[str]:
    """Return ``value`` as it stands in texts, in URIs, and in JSON, also in JSON inside JSON.

    A UUID also without its hyphens, and 32 digits as the UUID that they are: a recording keeps the
    draws of UUIDs in one spelling, whichever the application uses.
    """
    escaped = json.dumps(value, ensure_ascii=False)[1:-1]
    forms = (
        value,
        *_as_uuid(value),
        quote(value, safe=""),
        quote_plus(value),
        quote(value),
        escaped,
        json.dumps(escaped, ensure_ascii=False)[1:-1],
        json.dumps(value)[1:-1],
        *_as_written_of_names(value),
    )
    return list(dict.fromkeys(forms))


def _as_written_of_names(value: str) -> tuple[str, ...]:
    """A name of several words is a name in capitals, too, and without any."""
    if " " not in value or any(map(str.isdigit, value)):
        return ()
    return value.upper(), value.lower()


def _as_uuid(value: str) -> list[str]:
    if len(value) not in (32, 36):
        return []
    try:
        found = UUID(value)
    except ValueError:
        return []
    return [str(found), found.hex]


def _by_length(learned: Learned) -> int:
    return -len(learned[0])
