"""Rules for what a property means that is left out."""

from __future__ import annotations

from collections.abc import Iterator

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import SAFE, SILENT, Pair
from replay.compatibility.values import same_value, shown


def default_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield how the default differs, where the value may be left out in both versions."""
    if not (pair.presence.old_optional and pair.presence.new_optional):
        return
    old, new = pair.old.node.get("default"), pair.new.node.get("default")
    # No default and null say the same: what is left out is not there.
    if same_value(old, new):
        return
    # From strict mode null stands where something was left out. A toolbox reads it as the default
    # where the type takes no null, which the strict form does not show.
    is_read = not pair.reading.from_strict or pair.reading.null_is_left_out
    verdict = SILENT if is_read else SAFE
    if old is None:
        said = f"means {shown(new)} now where it is left out; before, that was not said"
        yield pair.change("DEFAULT_ADDED", verdict, said, new=new)
    elif new is None:
        said = f"meant {shown(old)} where it was left out; now nothing is said"
        yield pair.change("DEFAULT_REMOVED", verdict, said, old=old)
    else:
        said = f"meant {shown(old)} where it was left out, and means {shown(new)} now"
        yield pair.change("DEFAULT_CHANGED", verdict, said, old=old, new=new)
