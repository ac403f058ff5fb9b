"""Rules for properties: added, removed, renamed, required or not."""

from __future__ import annotations

from collections.abc import Iterator

from replay.compatibility.changes import OnPayloads, SchemaChange
from replay.compatibility.openness import unnamed
from replay.compatibility.pairs import (
    BREAKS,
    MAY_BREAK,
    SAFE,
    SEVERITY,
    SILENT,
    Pair,
    Presence,
    worst,
)
from replay.compatibility.renames import suspected_renames
from replay.verdicts.paths import join


def property_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield what happened to each property, and what changed inside of it."""
    old, new = pair.old.properties(), pair.new.properties()
    gone = [name for name in old if name not in new]
    came = [name for name in new if name not in old]
    renamed = suspected_renames(pair, gone, came)
    new_names = set(renamed.values())
    for name in old:
        if name in new:
            yield from _kept(pair, name)
        elif name in renamed:
            yield _renamed(pair, name, renamed[name])
        else:
            yield from _removed(pair, name)
    for name in came:
        if name not in new_names:
            yield from _added(pair, name)
    yield from _required_unnamed(pair)


def _kept(pair: Pair, name: str) -> Iterator[SchemaChange]:
    path = join("", name)
    was, now = name in pair.old.required, name in pair.new.required
    if now and not was:
        yield pair.change(
            "OPTIONAL_BECAME_REQUIRED",
            SAFE if pair.reading.from_strict else MAY_BREAK,
            "was optional, and is required now",
            path=path,
        )
    if was and not now:
        yield pair.change(
            "REQUIRED_BECAME_OPTIONAL", SAFE, "was required, and is optional now", path=path
        )
    old, new = pair.old.properties()[name], pair.new.properties()[name]
    yield from pair.beneath(path, old, new, Presence(not was, not now))


def _removed(pair: Pair, name: str) -> Iterator[SchemaChange]:
    old = pair.old.properties()[name]
    if pair.old_schemas.view(old).is_nothing:
        return
    verdict, rule, said = _removal(pair, name)
    yield pair.change(rule, verdict, said, path=join("", name), old=old)
    left = unnamed(pair.new, name)
    if left not in (False, True):
        yield from pair.beneath(join("", name), old, left)


def _removal(pair: Pair, name: str) -> tuple[OnPayloads, str, str]:
    if unnamed(pair.new, name) is False:
        always = name in pair.old.required or pair.reading.from_strict
        verdict = BREAKS if always else MAY_BREAK
        return verdict, "PROPERTY_REMOVED_FROM_CLOSED", "is gone, and is rejected where it is given"
    return SILENT, "PROPERTY_REMOVED_FROM_OPEN", "is gone: it is taken, and nobody reads it"


def _added(pair: Pair, name: str) -> Iterator[SchemaChange]:
    path = join("", name)
    new = pair.new.properties()[name]
    before = unnamed(pair.old, name)
    if pair.new_schemas.view(new).is_nothing:
        if before is not False:
            yield from pair.beneath(path, before, new)
        return
    verdict, rule, said = _addition(pair, name)
    yield pair.change(rule, verdict, said, path=path, new=new)


def _addition(pair: Pair, name: str) -> tuple[OnPayloads, str, str]:
    before, new = unnamed(pair.old, name), pair.new.properties()[name]
    if name in pair.new.required:
        if name in pair.old.required:
            found = pair.compare(before, new, Presence())
            return worst(found), "OPTIONAL_PROPERTY_ADDED_TO_OPEN", "has a shape of its own now"
        return BREAKS, "REQUIRED_PROPERTY_ADDED", "is new, and required"
    if before is False:
        return SAFE, "OPTIONAL_PROPERTY_ADDED", "is new, and optional"
    # Where any name was taken, a payload may already carry this one, with whatever value.
    found = pair.compare(before, new, Presence())
    verdict = max(worst(found), SILENT, key=SEVERITY.__getitem__)
    verdict = MAY_BREAK if verdict is BREAKS else verdict
    said = "is new, and optional; a payload may already carry this name with another meaning"
    return verdict, "OPTIONAL_PROPERTY_ADDED_TO_OPEN", said


def _renamed(pair: Pair, gone: str, came: str) -> SchemaChange:
    """One change instead of two: what removing one and adding the other does."""
    removal, addition = _removal(pair, gone)[0], _addition(pair, came)[0]
    verdict = max(removal, addition, key=SEVERITY.__getitem__)
    required = " and is required" if came in pair.new.required else ""
    return pair.change(
        "RENAME_SUSPECTED",
        verdict,
        f"seems to be called `{came}` now{required}",
        path=join("", gone),
        old=gone,
        new=came,
    )


def _required_unnamed(pair: Pair) -> Iterator[SchemaChange]:
    """Yield the names that are required though no schema of theirs is given."""
    for name in sorted(pair.new.required - pair.old.required):
        if name not in pair.new.properties():
            yield pair.change(
                "OPTIONAL_BECAME_REQUIRED"
                if name in pair.old.properties()
                else "REQUIRED_PROPERTY_ADDED",
                MAY_BREAK,
                "is required now",
                path=join("", name),
            )
