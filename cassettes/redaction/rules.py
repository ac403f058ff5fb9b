"""What counts as secret: the names and the patterns, built in and the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cassettes.redaction.names import Names
from cassettes.redaction.patterns import ON_REQUEST, Pattern, patterns_of
from cassettes.redaction.prefilter import Finds, any_in, is_readable, name_searches, value_searches


class Rules:
    """The rules of one redactor, with the quick looks that say where they need not be tried."""

    def __init__(
        self,
        names: Iterable[str] = (),
        patterns: Iterable[str] = (),
        allow: Iterable[str] = (),
    ) -> None:
        """``names``, ``patterns`` and ``allow`` as `Redactor` takes them.

        Raises:
            PatternError: A pattern is no regular expression.
        """
        own_names, own_patterns = tuple(names), tuple(patterns)
        self.names: Final = Names(own_names, allow)
        self.patterns: Final[tuple[Pattern, ...]] = patterns_of(own_patterns)
        self.card: Final = ON_REQUEST["card"]
        own_name, own_value = any_in(own_names, ()), any_in((), own_patterns)
        self._name_searches = name_searches() + ((own_name,) if own_name else ())
        self._value_searches = value_searches() + ((own_value,) if own_value else ())
        self.searches: Final[tuple[Finds, ...]] = self._name_searches + self._value_searches
        """What together finds anything that may be secret, in a text that is readable."""

    def may_hold(self, text: str) -> bool:
        """Whether a secret may stand in ``text``, by its name or its form."""
        if not is_readable(text):
            return True
        for finds in self.searches:  # noqa: SIM110 -- any() over a generator takes half as long again
            if finds(text):
                return True
        return False

    def looks_secret(self, text: str) -> bool:
        """Whether something in ``text`` may have the form of a secret."""
        return not is_readable(text) or any(finds(text) for finds in self._value_searches)

    def names_stand_in(self, text: str) -> bool:
        """Whether the name of a secret may stand in ``text``."""
        return not is_readable(text) or any(finds(text) for finds in self._name_searches)

    def is_allowed(self, name: str) -> bool:
        """Whether the user says that what is called so is no secret."""
        return self.names.is_allowed(name)
