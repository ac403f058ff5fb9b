"""Rules for values that are listed: ``enum`` and ``const``."""

from __future__ import annotations

from collections.abc import Iterator

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import BREAKS, MAY_BREAK, SAFE, Pair
from replay.compatibility.values import listed, same_value
from replay.records import JsonValue
from replay.records.schema_check import schema_errors


def enum_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield how the listed values differ; what was listed is tried on the new schema itself."""
    old, new = pair.old.values, pair.new.values
    if old is None:
        if new is not None:
            said = f"takes only {listed(new)} now"
            yield pair.change("ENUM_ADDED", MAY_BREAK, said, new=new)
        return
    gone = [value for value in old if not _is_taken(pair, value)]
    if gone:
        yield _gone(pair, old, gone)
    if new is None:
        said = f"took only {listed(old)}, and takes others now"
        yield pair.change("ENUM_DROPPED", SAFE, said, old=old)
        return
    added = [value for value in new if not _is_in(value, old)]
    if added and not (len(old) == len(new) == 1 and gone):
        said = f"takes {listed(added)} too"
        yield pair.change("ENUM_VALUE_ADDED", SAFE, said, old=old, new=new)
    if not added and not gone and not all(map(same_value, old, new)):
        said = "its values stand in another order"
        yield pair.change("ENUM_ORDER_CHANGED", SAFE, said, old=old, new=new)


def _gone(pair: Pair, old: list[JsonValue], gone: list[JsonValue]) -> SchemaChange:
    new = pair.new.values
    nothing_left = len(gone) == len(old) and not (pair.old.nullable and pair.new.nullable)
    verdict = BREAKS if nothing_left else MAY_BREAK
    if len(old) == 1 and new is not None and len(new) == 1:
        said = f"was always {listed(old)}, and is always {listed(new)} now"
        return pair.change("CONST_CHANGED", verdict, said, old=old[0], new=new[0])
    said = f"no longer takes {listed(gone)}"
    return pair.change("ENUM_VALUE_REMOVED", verdict, said, old=old, new=new)


def _is_taken(pair: Pair, value: JsonValue) -> bool:
    if pair.new.values is not None and not _is_in(value, pair.new.values):
        return False
    return not schema_errors(pair.new_part, value, root=pair.new_schemas.root)


def _is_in(value: JsonValue, values: list[JsonValue]) -> bool:
    return any(same_value(value, other) for other in values)
