"""Which of the properties that are gone may be one of those that are new."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from replay.compatibility.pairs import Pair

_ALIKE: Final = 0.62
"""How alike names and descriptions must be, 0 to 1: set on the renames of real tool histories,
where `per_page` became `perPage` and `path` became `file_path`, and what merely came with what
merely went stays apart."""


def suspected_renames(pair: Pair, gone: Sequence[str], came: Sequence[str]) -> dict[str, str]:
    """Return new names by old ones, each name once, the likeliest first."""
    found = [
        (likeness, old, new)
        for old in gone[:50]
        for new in came[:50]
        if (likeness := _likeness(pair, old, new)) >= _ALIKE
    ]
    renamed: dict[str, str] = {}
    for _, old, new in sorted(found, key=lambda one: -one[0]):
        if old not in renamed and new not in renamed.values():
            renamed[old] = new
    return renamed


def _likeness(pair: Pair, old: str, new: str) -> float:
    before = pair.old_schemas.view(pair.old.properties()[old])
    now = pair.new_schemas.view(pair.new.properties()[new])
    if not before.kinds & now.kinds:
        return 0.0
    names = name_likeness(old, new)
    said, says = before.node.get("description"), now.node.get("description")
    if not isinstance(said, str) or not isinstance(says, str) or not said or not says:
        return names
    return max(names, 0.3 * names + 0.7 * SequenceMatcher(None, said, says).ratio())


def name_likeness(one: str, other: str) -> float:
    """Return how alike two names are, 0 to 1; 1: they differ only in how words are joined."""
    words, others = _words(one), _words(other)
    if words == others:
        return 1.0
    shared = len(set(words) & set(others)) / max(len(set(words) | set(others)), 1)
    letters = SequenceMatcher(None, "".join(words), "".join(others)).ratio()
    contained = set(words) <= set(others) or set(others) <= set(words)
    return max(shared, letters, 0.75 if contained and words and others else 0.0)


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
