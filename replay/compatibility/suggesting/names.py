"""Names as words, and how alike two of them are."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_LONG_FORMS: Final = {
    "addr": "address",
    "amt": "amount",
    "cat": "category",
    "cfg": "config",
    "cnt": "count",
    "config": "configuration",
    "curr": "currency",
    "desc": "description",
    "dest": "destination",
    "dir": "directory",
    "doc": "document",
    "dst": "destination",
    "env": "environment",
    "img": "image",
    "lang": "language",
    "lat": "latitude",
    "lng": "longitude",
    "loc": "location",
    "lon": "longitude",
    "msg": "message",
    "no": "number",
    "num": "number",
    "org": "organization",
    "pct": "percent",
    "pwd": "password",
    "q": "query",
    "qty": "quantity",
    "repo": "repository",
    "src": "source",
    "tel": "phone",
    "txt": "text",
    "usr": "user",
}

_FILLERS: Final = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "its"}
    | {"of", "on", "or", "the", "to", "with"}
)


_OPPOSITES: Final = tuple(
    (frozenset(left.split()), frozenset(right.split()))
    for left, right in (
        ("start begin from since after first min minimum lower", "end until till before last max"),
        ("start begin from since after first min minimum lower", "to stop finish maximum upper"),
        ("source origin sender from old", "destination target recipient receiver to new"),
        ("parent", "child"),
        ("input in", "output out"),
        ("include enable allow", "exclude disable deny"),
        ("buyer customer", "seller vendor"),
        ("width latitude x", "height longitude y"),
        ("departure", "arrival return"),
    )
)
_CONTENT_MIN: Final = 3


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, lower case: ``per_page`` and ``perPage`` have the same."""
    return tuple(word.lower() for word in _WORD.findall(name))


def plain_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``words`` in the singular, with the usual abbreviations written out."""
    return tuple(_plain(word) for word in words)


def _plain(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    long = _LONG_FORMS.get(word, word)
    return _LONG_FORMS.get(long, long)


def name_likeness(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Return how alike two names are, from 0 to 1; 1: the same words, in whatever spelling."""
    if one == other:
        return 1.0
    mine, theirs = plain_words(one), plain_words(other)
    if mine == theirs:
        return 0.95
    if sorted(mine) == sorted(theirs):
        return 0.9
    shared = set(mine) & set(theirs)
    if shared and (set(mine) <= set(theirs) or set(theirs) <= set(mine)):
        return 0.6 + 0.2 * len(shared) / max(len(mine), len(theirs))
    by_words = len(shared) / max(len(set(mine) | set(theirs)), 1)
    by_letters = SequenceMatcher(None, "".join(mine), "".join(theirs)).ratio()
    return max(0.6 * by_words, by_letters - 0.4, 0.0)


def are_opposites(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether the names tell the two ends of one thing apart: ``start``, ``end``."""
    mine, theirs = set(plain_words(one)), set(plain_words(other))
    mine, theirs = mine - theirs, theirs - mine
    return any(
        (mine & left and theirs & right) or (mine & right and theirs & left)
        for left, right in _OPPOSITES
    )


def says_enough(description: str) -> bool:
    """Return whether a description is long enough that no other field will have the same."""
    return len(_content(description)) >= _CONTENT_MIN


def text_likeness(one: str, other: str) -> float | None:
    """Return how alike two descriptions are, from 0 to 1; None: one of them says too little."""
    mine, theirs = _content(one), _content(other)
    if len(mine) < 2 or len(theirs) < 2:
        return None
    return len(mine & theirs) / len(mine | theirs)


def _content(text: str) -> set[str]:
    return {_plain(word) for word in words_of(text)} - _FILLERS
