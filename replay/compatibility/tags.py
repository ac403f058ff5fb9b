"""What tells the variants of a union apart: one property with another constant in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replay.compatibility.values import shown
from replay.compatibility.views import Schemas
from replay.records import JsonValue


class Tags(NamedTuple):
    """The property, and by variant the constants that it has there."""

    name: str
    values: list[frozenset[str]]


def tags_of(schemas: Schemas, variants: Sequence[JsonValue]) -> Tags | None:
    """Return what tells ``variants`` apart, said by ``discriminator`` or not; None: nothing does.

    The property must be required: a payload without it fits several variants, or none.
    """
    views = [schemas.view(variant) for variant in variants]
    if any(view.kinds != {"object"} for view in views):
        return None
    for name in views[0].properties():
        found: list[frozenset[str]] = []
        for view in views:
            tag = schemas.view(view.properties().get(name, True))
            if not tag.values or tag.nullable or name not in view.required:
                break
            found.append(frozenset(shown(value) for value in tag.values))
        if len(found) == len(views) and _apart(found):
            return Tags(name, found)
    return None


def _apart(values: list[frozenset[str]]) -> bool:
    return sum(map(len, values)) == len(frozenset().union(*values))
