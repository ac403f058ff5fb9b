r"""Whether every text that one regular expression matches is matched by another.

Undecidable in general and costly in most cases; here only for the simple forms that tool schemas
use: ``^[A-Z]{3}$``, one class of characters and how often it comes. Everything else is "no", which
is the careful answer.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SIMPLE: Final = re.compile(
    r"\^(?P<atom>\[\^?(?:[^\]\\]|\\.)+\]|\\[dw]|[A-Za-z0-9 _-])(?P<count>[*+?]|\{\d+(?:,\d*)?\})?\$"
)
_ALWAYS: Final = frozenset({"", ".*", "^", "$", "^.*", ".*$", r"[\s\S]*", r"^[\s\S]*$"})
_WIDER: Final = {"\\d": {"\\w"}, "[0-9]": {"\\d", "\\w"}}


class _Form(NamedTuple):
    atom: str
    low: int
    high: int | None
    """None: as often as one likes."""


def is_within(old: str | None, new: str) -> bool:
    """Return whether ``new`` surely matches what ``old`` matches; ``old`` None: any text."""
    if new in _ALWAYS:
        return True
    if old is None:
        return False
    before, now = _form(old), _form(new)
    if before is None or now is None or not _holds(now.atom, before.atom):
        return False
    enough = now.low <= before.low
    return enough and (now.high is None or (before.high is not None and before.high <= now.high))


def _form(pattern: str) -> _Form | None:
    found = _SIMPLE.fullmatch(pattern)
    if found is None:
        return None
    count = found["count"]
    if count is None:
        return _Form(found["atom"], 1, 1)
    if count in "*+?":
        return _Form(found["atom"], int(count == "+"), 1 if count == "?" else None)
    low, comma, high = count[1:-1].partition(",")
    return _Form(found["atom"], int(low), int(high) if high else None if comma else int(low))


def _holds(outer: str, inner: str) -> bool:
    """Whether every character of the class ``inner`` is in ``outer``."""
    if outer == inner or outer in _WIDER.get(inner, ()):
        return True
    held, wanted = _characters(outer), _characters(inner)
    return held is not None and wanted is not None and wanted <= held


def _characters(atom: str) -> frozenset[str] | None:
    """Return the characters of a plain class such as ``[A-Za-z_]``; None: it is not plain."""
    if atom.startswith("["):
        inside = atom[1:-1]
        if inside.startswith("^") or "\\" in inside or "[" in inside or not inside.isascii():
            return None
        try:
            compiled = re.compile(atom)
        except re.error:
            return None
        return frozenset(one for one in map(chr, range(128)) if compiled.fullmatch(one))
    return None if atom.startswith("\\") else frozenset(atom)
