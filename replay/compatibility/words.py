"""Rules for what only models read: descriptions, titles, examples, the order of things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import SAFE, Pair
from replay.compatibility.values import same_value, shown, shown_apart
from replay.records import JsonObject

_ABSENT: Final = object()
_RULES: Final = {
    "description": "DESCRIPTION_CHANGED",
    "title": "TITLE_CHANGED",
    "examples": "EXAMPLES_CHANGED",
    "example": "EXAMPLES_CHANGED",
    "deprecated": "DEPRECATION_CHANGED",
}


def word_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield what is said otherwise at this place."""
    for keyword, rule in _RULES.items():
        old, new = _said(pair.old.node, keyword), _said(pair.new.node, keyword)
        if not same_value(old, new):
            before, now = _known(old), _known(new)
            yield pair.change(rule, SAFE, _sentence(keyword, old, new), old=before, new=now)


def order_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield whether the properties of both stand in another order."""
    old, new = pair.old.properties(), pair.new.properties()
    before, now = [name for name in old if name in new], [name for name in new if name in old]
    if before != now:
        said = "the properties stand in another order, in which models write them"
        yield pair.change("PROPERTY_ORDER_CHANGED", SAFE, said, old=before, new=now)


def _said(node: JsonObject, keyword: str) -> object:
    said = node.get(keyword, _ABSENT)
    # An empty text, false and an empty list say as much as nothing.
    return said if said else _ABSENT


def _known(said: object) -> object:
    return None if said is _ABSENT else said


def _sentence(keyword: str, old: object, new: object) -> str:
    if new is _ABSENT:
        return f"its {keyword} is gone: {shown(old)}"
    if old is _ABSENT:
        return f"has a {keyword} now: {shown(new)}"
    was, is_now = shown_apart(old, new)
    return f"its {keyword} was {was}, and is {is_now}"
