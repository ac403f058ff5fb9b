"""Rules for lists: of one shape, or with a shape for each position."""

from __future__ import annotations

from collections.abc import Iterator

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import Pair
from replay.compatibility.views import View
from replay.records import JsonValue


def item_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield what changed inside the items."""
    old, old_rest = _positions(pair.old)
    new, new_rest = _positions(pair.new)
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else old_rest
        now = new[index] if index < len(new) else new_rest
        if before is not False:
            yield from pair.beneath(f"[{index}]", before, now)
    if old_rest is not False:
        yield from pair.beneath("[*]", old_rest, new_rest)


def _positions(view: View) -> tuple[list[JsonValue], JsonValue]:
    """Return the schemas of the first items, and that of all others."""
    items = view.node.get("items", True)
    if isinstance(items, list):  # draft 7 and older
        return items, view.node.get("additionalItems", True)
    first = view.node.get("prefixItems")
    return first if isinstance(first, list) else [], items
