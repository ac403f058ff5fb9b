"""Which values are secret whatever they are called: keys of known providers, tokens, userinfo.

Each pattern has a plain text that any of its matches holds, so that most texts are passed by with
one look. Of a match only the group ``secret`` is replaced, where there is one: what stands before
it (``sk-``, ``ghp_``) says what it was, and is no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from cassettes.redaction import vendors
from cassettes.redaction.prefilter import is_readable, search


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of secret value."""

    holds: tuple[str, ...]
    """Any match holds one of these; empty: nothing is known of it."""
    expression: re.Pattern[str] | str
    """A text is compiled when it is first needed: there are a hundred, and most are never."""
    is_learned: bool = True
    """Whether a value so found is replaced wherever else it stands."""
    look: str = ""
    """What finds what any match holds, where no plain text does."""

    @property
    def form(self) -> re.Pattern[str]:
        """The form of a match."""
        return _compiled(self.expression)

    def finds_in(self, text: str) -> bool:
        """Whether a look at the whole ``text`` is worth while."""
        if self.look:
            return not is_readable(text) or search(self.look)(text)
        return not self.holds or any(one in text for one in self.holds)


@cache
def _compiled(expression: re.Pattern[str] | str) -> re.Pattern[str]:
    return re.compile(expression)


def _pattern(holds: str, form: str, *, is_learned: bool = True, flags: int = 0) -> Pattern:
    return Pattern(tuple(holds.split()), re.compile(form, flags), is_learned)


JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")

BUILT_IN: Final = (
    _pattern("eyJ", JWT.pattern),
    # five parts: an encrypted one
    _pattern("eyJ", r"\beyJ[\w-]{8,}\.[\w-]*\.[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
    _pattern("sk-", r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)?(?P<secret>[A-Za-z0-9_-]{16,})"),
    _pattern("sk_ pk_ rk_", r"\b[spr]k_(?:live|test)_(?P<secret>[A-Za-z0-9]{16,})"),
    _pattern("gh", r"\bgh[pousr]_(?P<secret>[A-Za-z0-9]{30,})"),
    _pattern("github_pat_", r"\bgithub_pat_(?P<secret>[A-Za-z0-9_]{30,})"),
    _pattern("glpat-", r"\bglpat-(?P<secret>[A-Za-z0-9_-]{20,})"),
    _pattern("xox", r"\bxox[abeprs]-(?P<secret>[A-Za-z0-9-]{10,})"),
    _pattern("xapp-", r"\bxapp-(?P<secret>[A-Za-z0-9-]{20,})"),
    _pattern("AKIA ASIA", r"\bA[KS]IA(?P<secret>[A-Z0-9]{16})\b"),
    _pattern("AIza", r"\bAIza(?P<secret>[A-Za-z0-9_-]{35})"),
    _pattern("ya29.", r"\bya29\.(?P<secret>[A-Za-z0-9_-]{20,})"),
    _pattern("npm_", r"\bnpm_(?P<secret>[A-Za-z0-9]{36})"),
    _pattern("pypi-", r"\bpypi-(?P<secret>[A-Za-z0-9_-]{50,})"),
    _pattern("hf_", r"\bhf_(?P<secret>[A-Za-z0-9]{30,})"),
    _pattern("SG.", r"\bSG\.(?P<secret>[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
    _pattern("gsk_", r"\bgsk_(?P<secret>[A-Za-z0-9]{30,})"),
    # Telegram's bots: the key is a part of the path
    _pattern("/bot :AA", r"(?:(?<=/bot)|(?<![0-9]))(?P<secret>[0-9]{6,12}:[A-Za-z0-9_-]{30,})"),
    _pattern(
        "-----BEGIN",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.+?)-----END [A-Z ]*PRIVATE KEY-----",
        flags=re.DOTALL,
    ),
    _pattern("://", r"://[^/\s:@\"'<>]*:(?P<secret>[^/\s@\"'<>]+)@"),
    _pattern("hooks.", r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]{20,})"),
    _pattern("/webhooks/", r"/api/webhooks/[0-9]+/(?P<secret>[A-Za-z0-9_-]{30,})"),
    # a scheme of the Authorization header in free text: a curl line, a log
    _pattern("Bearer bearer", r"\b[Bb]earer (?=\S*[0-9])(?P<secret>[A-Za-z0-9._~+/=-]{12,})"),
    *(Pattern((holds,) if holds else (), form, look=look) for holds, look, form in vendors.forms()),
)


class PatternError(ValueError):
    """A pattern of the user's is no regular expression."""


def patterns_of(wanted: Iterable[str]) -> tuple[Pattern, ...]:
    """Return the built-in patterns and the ``wanted``: regular expressions.

    Raises:
        PatternError: One is no regular expression.
    """
    own = []
    for one in wanted:
        try:
            own.append(Pattern((), re.compile(one)))
        except re.error as error:
            raise PatternError(f"{one!r} is no regular expression: {error}.") from error
    return (*own, *BUILT_IN)
