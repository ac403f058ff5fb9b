"""Rules for properties that a schema does not name: forbidden, free, or of one shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.compatibility.changes import SchemaChange
from replay.compatibility.pairs import MAY_BREAK, SAFE, Pair
from replay.compatibility.views import View
from replay.records import JsonValue


def openness_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield how unnamed properties are treated otherwise."""
    old, new = pair.old.others(), pair.new.others()
    if old is not False and new is False:
        said = "properties that it does not name are rejected now"
        yield pair.change("CLOSED", MAY_BREAK, said, old=old, new=new)
    elif old is False and new is not False:
        said = "properties that it does not name are taken now"
        yield pair.change("OPENED", SAFE, said, old=old, new=new)
    elif old is not False:
        yield from pair.beneath("*", old, new)
    yield from _by_pattern(pair)


def _by_pattern(pair: Pair) -> Iterator[SchemaChange]:
    old, new = patterns_of(pair.old), patterns_of(pair.new)
    for pattern in old.keys() & new.keys():
        yield from pair.beneath("*", old[pattern], new[pattern])
    for pattern in new.keys() - old.keys():
        if pair.old.others() is not False or old or _any_named(pair.old, pattern):
            said = f"names like {pattern!r} have a shape of their own now"
            yield pair.change("RESTRICTION_ADDED", MAY_BREAK, said, new=new[pattern])
        else:
            said = f"takes names like {pattern!r} now"
            yield pair.change("OPENED", SAFE, said, new=new[pattern])
    for pattern in old.keys() - new.keys():
        if pair.new.others() is True and not new:
            said = f"names like {pattern!r} may have any shape now"
            yield pair.change("RESTRICTION_REMOVED", SAFE, said, old=old[pattern])
        else:
            said = f"names like {pattern!r} are not named any more"
            yield pair.change("CLOSED", MAY_BREAK, said, old=old[pattern])


def patterns_of(view: View) -> dict[str, JsonValue]:
    """Return the schemas of properties by the pattern of their names."""
    said = view.node.get("patternProperties")
    return said if isinstance(said, dict) else {}


def unnamed(view: View, name: str) -> JsonValue:
    """Return the schema of property ``name``, which ``view`` does not name; False: forbidden."""
    for pattern, part in patterns_of(view).items():
        if _fits(pattern, name):
            return part
    return view.others()


def _any_named(view: View, pattern: str) -> bool:
    return any(_fits(pattern, name) for name in view.properties())


def _fits(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True  # nobody knows: taken to be in its way
