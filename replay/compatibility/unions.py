"""Rules for unions: which old variant is which new one, and what became of it.

Variants are aligned by the constant that tells them apart (a discriminator, said or not), else by
what fits best.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from replay.compatibility.changes import SchemaChange
from replay.compatibility.kinds import kinds_in_words
from replay.compatibility.pairs import (
    ALWAYS,
    BREAKS,
    MAY_BREAK,
    SAFE,
    SEVERITY,
    SILENT,
    Pair,
    worst,
)
from replay.compatibility.tags import Tags, tags_of
from replay.compatibility.views import Schemas, View
from replay.records import JsonValue


@dataclass(frozen=True, slots=True)
class _Fit:
    """An old variant, the new one that it is now, and what changed between them."""

    old: JsonValue
    new: JsonValue
    new_index: int | None
    """None: there is no such variant any more."""
    changes: list[SchemaChange]


def union_changes(pair: Pair) -> Iterator[SchemaChange]:
    """Yield what became of each variant; a side that is no union counts as its one variant."""
    old = list(pair.old.variants) or [_own(pair.old, pair.old_part)]
    new = list(pair.new.variants) or [_own(pair.new, pair.new_part)]
    old_tags, new_tags = tags_of(pair.old_schemas, old), tags_of(pair.new_schemas, new)
    tagged = (
        (old_tags, new_tags)
        if old_tags is not None and new_tags is not None and old_tags.name == new_tags.name
        else None
    )
    fits = _by_tag(pair, old, new, *tagged) if tagged else _by_likeness(pair, old, new)
    yield from _discriminator(pair, old_tags, new_tags, len(old), len(new))
    gone = [fit for fit in fits if fit.new_index is None]
    for fit in gone:
        # Without a tag nobody knows that no other variant takes some of it.
        nothing_left = tagged and len(gone) == len(old) and not _null_left(pair)
        verdict = BREAKS if nothing_left else MAY_BREAK
        said = f"{_named(pair.old_schemas, fit.old)} is no longer one of its variants"
        yield pair.change("UNION_VARIANT_REMOVED", verdict, said, old=fit.old)
    for fit in fits:
        if fit.new_index is not None:
            yield from fit.changes if tagged else map(_perhaps, fit.changes)
    yield from _added(pair, old, new, fits, is_tagged=tagged is not None)
    yield from _order(pair, fits, is_tagged=tagged is not None)
    yield from _overlap(pair, new, fits, is_tagged=new_tags is not None)


def _own(view: View, part: JsonValue) -> JsonValue:
    """The one variant of a side that is no union: null is looked at apart."""
    return view.node if view.nullable else part


def _null_left(pair: Pair) -> bool:
    return pair.old.nullable and pair.new.nullable


def _by_tag(
    pair: Pair, old: list[JsonValue], new: list[JsonValue], before: Tags, now: Tags
) -> list[_Fit]:
    fits = []
    for index, variant in enumerate(old):
        found = [at for at, values in enumerate(now.values) if before.values[index] & values]
        if not found:
            fits.append(_Fit(variant, None, None, []))
        fits += [_Fit(variant, new[at], at, pair.compare(variant, new[at], ALWAYS)) for at in found]
    return fits


def _by_likeness(pair: Pair, old: list[JsonValue], new: list[JsonValue]) -> list[_Fit]:
    taken: set[int] = set()
    fits = []
    for variant in old:
        compared = [pair.compare(variant, other, ALWAYS) for other in new]
        best = min(
            range(len(new)),
            key=lambda at: (
                SEVERITY[worst(compared[at])],
                at in taken,
                len(compared[at]),
                at,
            ),
        )
        if _is_another(compared[best]):
            fits.append(_Fit(variant, None, None, []))
        else:
            taken.add(best)
            fits.append(_Fit(variant, new[best], best, compared[best]))
    return fits


def _is_another(changes: list[SchemaChange]) -> bool:
    """Whether even the best fit is no version of the variant: nothing of it goes through."""
    return any(
        one.path == "" and one.on_payloads is BREAKS and one.rule != "REFERENCE_BROKEN"
        for one in changes
    )


def _perhaps(change: SchemaChange) -> SchemaChange:
    """Without a tag, what one variant rejects another may take."""
    if change.on_payloads is BREAKS:
        return replace(change, on_payloads=MAY_BREAK)
    return change


def _added(
    pair: Pair, old: list[JsonValue], new: list[JsonValue], fits: list[_Fit], *, is_tagged: bool
) -> Iterator[SchemaChange]:
    known = {fit.new_index for fit in fits}
    views = [pair.old_schemas.view(variant) for variant in old]
    for at, variant in enumerate(new):
        if at in known:
            continue
        view = pair.new_schemas.view(variant)
        open_object = not is_tagged and any(
            "object" in one.kinds & view.kinds and one.others() is not False for one in views
        )
        said = f"{_named(pair.new_schemas, variant)} is a new variant"
        if open_object:
            said += "; payloads with other properties may be taken for it"
        verdict = SILENT if open_object else SAFE
        yield pair.change("UNION_VARIANT_ADDED", verdict, said, new=variant)


def _order(pair: Pair, fits: list[_Fit], *, is_tagged: bool) -> Iterator[SchemaChange]:
    order = [fit.new_index for fit in fits if fit.new_index is not None]
    if order == sorted(order):
        return
    views = [pair.old_schemas.view(fit.old) for fit in fits]
    verdict = SILENT if not is_tagged and _overlapping(views) else SAFE
    said = "its variants stand in another order"
    if verdict is SILENT:
        said += ": where several fit, another may be chosen"
    yield pair.change("UNION_ORDER_CHANGED", verdict, said)


def _overlap(
    pair: Pair, new: list[JsonValue], fits: list[_Fit], *, is_tagged: bool
) -> Iterator[SchemaChange]:
    if not pair.new.exclusive or is_tagged:
        return
    is_same = (
        pair.old.exclusive
        and len(fits) == len(new)
        and not any(change.rule not in _ONLY_WORDS for fit in fits for change in fit.changes)
    )
    if not is_same and _overlapping([pair.new_schemas.view(variant) for variant in new]):
        said = "must fit exactly one variant (`oneOf`), and may fit several"
        yield pair.change("UNION_MAY_OVERLAP", MAY_BREAK, said)


_ONLY_WORDS = frozenset(
    {
        "DESCRIPTION_CHANGED",
        "TITLE_CHANGED",
        "EXAMPLES_CHANGED",
        "DEPRECATION_CHANGED",
        "PROPERTY_ORDER_CHANGED",
        "ENUM_ORDER_CHANGED",
    }
)


def _overlapping(views: list[View]) -> bool:
    return any(
        view.kinds & other.kinds for index, view in enumerate(views) for other in views[:index]
    )


def _discriminator(
    pair: Pair, old: Tags | None, new: Tags | None, old_count: int, new_count: int
) -> Iterator[SchemaChange]:
    if old_count < 2 or new_count < 2:
        return
    before, now = _said(pair.old), _said(pair.new)
    if before == now:
        return
    if now is None:
        said = f"its variants are no longer told apart by `{before}`"
        yield pair.change("DISCRIMINATOR_REMOVED", SAFE, said, old=before)
    else:
        said = f"its variants are told apart by `{now}` now"
        rule = "DISCRIMINATOR_ADDED" if before is None else "DISCRIMINATOR_CHANGED"
        yield pair.change(rule, MAY_BREAK, said, old=before, new=now)


def _said(view: View) -> str | None:
    said = view.node.get("discriminator")
    name = said.get("propertyName") if isinstance(said, dict) else said
    return name if isinstance(name, str) else None


def _named(schemas: Schemas, variant: JsonValue) -> str:
    """Return how a sentence calls a variant: by its title, its tag, its kind."""
    reference = variant.get("$ref") if isinstance(variant, dict) else None
    if isinstance(reference, str):
        return f"`{reference.rpartition('/')[2]}`"
    view = schemas.view(variant)
    title = view.node.get("title")
    if isinstance(title, str) and title:
        return f"`{title}`"
    names = list(view.properties())[:3]
    return f"an object with `{'`, `'.join(names)}`" if names else kinds_in_words(view.kinds)
