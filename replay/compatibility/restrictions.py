"""Rules for restrictions that are compared only as a whole: ``not``, ``if``, ``contains``..."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import MAY_BREAK, SAFE, Pair
from replay.compatibility.values import same_value
from replay.compatibility.views import Schemas, View
from replay.records import JsonValue

_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "not": ("not",),
    "if": ("if", "then", "else"),
    "dependentRequired": ("dependentRequired",),
    "dependentSchemas": ("dependentSchemas",),
    "dependencies": ("dependencies",),
    "contains": ("contains", "minContains", "maxContains"),
    "propertyNames": ("propertyNames",),
    "unevaluatedItems": ("unevaluatedItems",),
    "allOf": ("allOf",),
}
_PARTS_MAX: Final = 2000
"""Parts that are written out to compare a restriction; a larger one counts as changed."""


def restriction_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield the restrictions that came, went or are others now."""
    for name, keywords in _GROUPS.items():
        old, new = _restriction(pair.old, keywords), _restriction(pair.new, keywords)
        if old is None and new is None:
            continue
        if new is None:
            said = f"the restriction `{name}` is gone"
            yield pair.change("RESTRICTION_REMOVED", SAFE, said, old=old)
        elif old is None:
            said = f"has a restriction `{name}` now"
            yield pair.change("RESTRICTION_ADDED", MAY_BREAK, said, new=new)
        elif not _is_same(pair, old, new):
            said = f"the restriction `{name}` is another now"
            yield pair.change("RESTRICTION_CHANGED", MAY_BREAK, said, old=old, new=new)


def _restriction(view: View, keywords: tuple[str, ...]) -> JsonValue:
    if keywords[0] not in view.node:
        return None
    return {key: view.node[key] for key in keywords if key in view.node}


def _is_same(pair: Pair, old: JsonValue, new: JsonValue) -> bool:
    try:
        before = _Written(pair.old_schemas).out(old, ())
        now = _Written(pair.new_schemas).out(new, ())
    except (_TooLarge, RecursionError):
        return False
    return same_value(before, now)


class _TooLarge(Exception):
    """More parts than are worth writing out."""


class _Written:
    """Writes a part of a schema out with its references in place, as far as they do not recur."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.count = 0

    def out(self, part: JsonValue, seen: tuple[str, ...]) -> JsonValue:
        self.count += 1
        if self.count > _PARTS_MAX:
            raise _TooLarge
        if isinstance(part, list):
            return [self.out(one, seen) for one in part]
        if not isinstance(part, dict):
            return part
        reference = part.get("$ref")
        if isinstance(reference, str):
            if reference in seen:
                return {"$recurs": len(seen) - seen.index(reference)}
            node = self.schemas.view(part).node
            kept = {
                key: value for key, value in node.items() if key not in ("$defs", "definitions")
            }
            return self.out(kept, (*seen, reference))
        return {key: self.out(value, seen) for key, value in part.items()}
