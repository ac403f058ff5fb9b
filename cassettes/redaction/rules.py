"""What is masked: by name, by form, by kind; built in and the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from cassettes.redaction.finding import Finder, found_in
from cassettes.redaction.names import Names, words_of
from cassettes.redaction.packed import HEX
from cassettes.redaction.patterns import Pattern, PatternError, patterns_of
from cassettes.redaction.personal import KINDS, Kind
from cassettes.redaction.prefilter import (
    BRIEF_CHARS,
    Finds,
    any_in,
    brief_search,
    is_readable,
    name_searches,
    search,
    value_searches,
)
from cassettes.redaction.respelled import may_be_respelled

_BASE64: Final = (
    r"[A-Za-z0-9]{9}[g-zG-Z][A-Za-z0-9]{10}|[A-Za-z0-9+/_-]{10}={1,2}(?:[^A-Za-z0-9+/=_-]|$)"
    r"|=[^\s&]{0,60}%[2-7][0-9A-Fa-f]|%[2-7][0-9A-Fa-f][^\s&]{0,60}%[2-7][0-9A-Fa-f]"
)
"""Text that may be packed and is no hash, and fields of URLs, in which personal data may be."""


class Rules:
    """The rules of one redactor, with the quick looks that say where they need not be tried."""

    def __init__(
        self,
        names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        allow: Iterable[str] = (),
        *,
        personal: bool | Iterable[str] = False,
        finders: Iterable[Finder] = (),
    ) -> None:
        """As `Redactor` takes them.

        Raises:
            PatternError: A pattern is no regular expression, or there is no such kind.
        """
        own_names, said = tuple(names), tuple(patterns)
        own_patterns = [one for one in said if one not in KINDS]
        asked = [one for one in said if one in KINDS]
        self.names: Final = Names(own_names, allow)
        self.patterns: Final[tuple[Pattern, ...]] = patterns_of(own_patterns)
        self.kinds: Final = _kinds(personal, asked)
        self.finders: Final = tuple(finders)
        self.is_personal: Final = bool(self.kinds or self.finders)
        own_name, own_value = any_in(own_names, ()), any_in((), own_patterns)
        self._name_searches = name_searches() + ((own_name,) if own_name else ())
        self._secret_searches = value_searches() + ((own_value,) if own_value else ())
        self._kind_searches = tuple((kind, search(kind.search)) for kind in self.kinds)
        self._value_searches = self._secret_searches + _together(self.kinds)
        self._value_searches += (may_be_respelled,)
        self._finds_packed: Finds = search(f"{_BASE64}|{HEX}") if self.kinds else _never
        if self.kinds:
            self._value_searches += (self._finds_packed,)
        if self.finders:
            self._value_searches = (_always,)
        self.searches: Final[tuple[Finds, ...]] = self._name_searches + self._value_searches
        """What together finds anything that may have to be masked, in a text that is readable."""
        built_in = {*name_searches(), *value_searches()}
        own = tuple(one for one in self.searches if one not in built_in)
        self._brief_searches = own if self.finders else (brief_search(), *own)
        self.kind_named = lru_cache(maxsize=4096)(self._kind_named)
        """Return the kind that a name says its value is of; None: it says none."""

    def may_hold(self, text: str) -> bool:
        """Whether a secret may stand in ``text``, by its name or its form."""
        if not is_readable(text):
            return True
        return self.finds_any(text)

    def finds_any(self, text: str) -> bool:
        """Whether something in ``text``, which is readable, may have to be masked."""
        searches = self.searches if len(text) > BRIEF_CHARS else self._brief_searches
        for finds in searches:  # noqa: SIM110 -- any() over a generator takes half as long again
            if finds(text):
                return True
        return False

    def looks_secret(self, text: str) -> bool:
        """Whether something in ``text`` may have the form of a secret."""
        return not is_readable(text) or any(finds(text) for finds in self._value_searches)

    def has_secret_form(self, text: str) -> bool:
        """Whether something in ``text`` may have the form of a secret, personal data aside."""
        return not is_readable(text) or any(finds(text) for finds in self._secret_searches)

    def secrets_in(self, text: str) -> Iterator[str]:
        """Yield what has the form of a secret in ``text``, or is found by a function."""
        for pattern in self.patterns if self.has_secret_form(text) else ():
            if pattern.finds_in(text):
                for found in pattern.form.finditer(text):
                    yield found["secret"] if "secret" in pattern.form.groupindex else found[0]
        for one in found_in(text, (), self.finders) if self.finders else ():
            yield text[one.start : one.end]

    def kinds_in(self, text: str) -> list[Kind]:
        """Return the kinds that ``text`` may hold, the surest first."""
        if not is_readable(text):
            return list(self.kinds)
        return [kind for kind, finds in self._kind_searches if finds(text)]

    def may_be_packed(self, text: str) -> bool:
        """Whether text may stand in ``text`` that is packed as base64, or as hexadecimal digits."""
        return not is_readable(text) or self._finds_packed(text)

    def may_be_respelled(self, text: str) -> bool:
        """Whether something in ``text`` is spelled otherwise than its form says."""
        return not is_readable(text) or may_be_respelled(text)

    def names_stand_in(self, text: str) -> bool:
        """Whether the name of a secret may stand in ``text``."""
        return not is_readable(text) or any(finds(text) for finds in self._name_searches)

    def is_allowed(self, name: str) -> bool:
        """Whether the user says that what is called so is no secret."""
        return self.names.is_allowed(name)

    def _kind_named(self, name: str) -> Kind | None:
        if not self.kinds or self.is_allowed(name):
            return None
        words = words_of(name)
        pairs = {f"{left} {right}" for left, right in pairwise(words)}
        for kind in self.kinds:
            if not kind.names.isdisjoint(words) or not kind.pairs.isdisjoint(pairs):
                return kind
        return None


def _kinds(personal: bool | Iterable[str], asked: list[str]) -> tuple[Kind, ...]:
    """Return the kinds that are wanted, the surest first.

    Raises:
        PatternError: there is no such kind.
    """
    wanted = set(KINDS if personal is True else asked)
    if not isinstance(personal, bool):
        wanted.update(personal)
    for one in wanted:
        if one not in KINDS:
            raise PatternError(
                f"There is no kind {one!r} of personal data, only {', '.join(KINDS)}."
            )
    return tuple(kind for name, kind in KINDS.items() if name in wanted)


def _together(kinds: tuple[Kind, ...]) -> tuple[Finds, ...]:
    """Return what together finds any of ``kinds``: one pass for all that are not found by a letter.

    Each pass over a text takes as long as the next, however many kinds it looks for.
    """
    literal = [kind.search for kind in kinds if "[" not in kind.search]
    others = [kind.search for kind in kinds if "[" in kind.search]
    return tuple(search("|".join(some)) for some in (literal, others) if some)


def _never(text: str) -> bool:
    del text
    return False


def _always(text: str) -> bool:
    del text
    return True
