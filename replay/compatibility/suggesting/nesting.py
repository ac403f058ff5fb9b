"""Fields that moved into an object, or out of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from replay.compatibility.suggesting.edits import Edit, Here, question, text
from replay.compatibility.suggesting.fields import Field
from replay.compatibility.suggesting.names import plain_words
from replay.compatibility.suggesting.units import units_of


@dataclass(frozen=True, slots=True)
class Moved:
    """What moving did: the edits, and the old and new fields that are dealt with by them."""

    edits: list[Edit]
    old: frozenset[str]
    new: frozenset[str]


def moved_in(here: Here, removed: Sequence[Field], added: Sequence[Field]) -> Moved:
    """Return what becomes of flat fields that a new object has inside."""
    homes = [new for new in added if "object" in new.kinds and new.fields()]
    places = [
        (old, home, inner)
        for home in homes
        for inner in home.fields().values()
        if (old := _into(home, inner, removed)) is not None
    ]
    edits: list[Edit] = []
    olds: set[str] = set()
    news: set[str] = set()
    for home in homes:
        inside = {
            old.name: inner
            for old, place, inner in places
            # A field that fits into two places is for a person.
            if place is home and sum(one is old for one, _, _ in places) == 1
        }
        if inside:
            edits += _in_edits(here, home, inside)
            olds |= inside.keys()
            news.add(home.name)
    return Moved(edits, frozenset(olds), frozenset(news))


def _into(home: Field, inner: Field, removed: Sequence[Field]) -> Field | None:
    """Return the flat field that ``inner`` was: called after its home too, else just like it."""
    for is_same in (_is_same_with_home, _is_same):
        fits = [old for old in removed if is_same(old, home, inner)]
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None


def _in_edits(here: Here, new: Field, inside: dict[str, Field]) -> list[Edit]:
    pairs = ", ".join(f"{text(old)}: {text(inner.name)}" for old, inner in inside.items())
    said = f"holds what was flat: {', '.join(inside)}"
    inner_variable = f"{here.variable}_inside"
    code = [
        f"{inner_variable} = {{",
        f"    inner: {here.variable}.pop(flat)",
        f"    for flat, inner in {{{pairs}}}.items()",
        f"    if flat in {here.variable}",
        "}",
        f"if {inner_variable}:",
        f"    {here.item(new.name)} = {inner_variable}",
    ]
    edits = [Edit("nest", here.at(new.name), said, code)]
    filled = {inner.name for inner in inside.values()}
    for inner in new.fields().values():
        if inner.is_required and inner.name not in filled:
            within = Here(here.item(new.name), here.at(new.name))
            when = f"{here.has(new.name)} and {within.variable}.get({text(inner.name)}) is None"
            said = "it is required, and nothing says what it was"
            edits.append(question("missing", within.at(inner.name), said, when=when))
    return edits


def moved_out(here: Here, removed: Sequence[Field], added: Sequence[Field]) -> Moved:
    """Return what becomes of an object whose inner fields are flat now."""
    edits: list[Edit] = []
    olds: set[str] = set()
    news: set[str] = set()
    for old in removed:
        inside: dict[str, str] = {}
        for inner in old.fields().values() if old.kinds == {"object"} else ():
            fits = [new for new in added if _is_same(new, old, inner) and new.name not in news]
            if len(fits) == 1:
                inside[inner.name] = fits[0].name
        if not inside or len(set(inside.values())) < len(inside):
            continue
        edits.append(_out_edit(here, old, inside))
        olds.add(old.name)
        news |= set(inside.values())
    return Moved(edits, frozenset(olds), frozenset(news))


def _out_edit(here: Here, old: Field, inside: dict[str, str]) -> Edit:
    pairs = ", ".join(f"{text(inner)}: {text(flat)}" for inner, flat in inside.items())
    path, inner_variable = here.at(old.name), f"{here.variable}_inside"
    left = f"TODO {path}: the rest of it has no place any more."
    code = [
        f"{inner_variable} = {here.variable}.pop({text(old.name)}, None) or {{}}",
        f"for inner, flat in {{{pairs}}}.items():",
        f"    if inner in {inner_variable}:",
        f"        {here.variable}[flat] = {inner_variable}.pop(inner)",
        f"if {inner_variable}:",
        f"    raise ValueError({text(left)})",
    ]
    return Edit("nest", path, f"is flat now: {', '.join(inside.values())}", code)


def _is_same(flat: Field, home: Field, inner: Field) -> bool:
    """Whether ``flat`` is ``inner``: of one type, and called so, perhaps after its home too."""
    bare = plain_words(flat.words) == plain_words(inner.words)
    return (bare and _is_one_type(flat, inner)) or _is_same_with_home(flat, home, inner)


def _is_same_with_home(flat: Field, home: Field, inner: Field) -> bool:
    """Whether ``flat`` is ``inner`` and called after its home: ``address_city``."""
    around, inside = plain_words(home.words), plain_words(inner.words)
    named = plain_words(flat.words) in (around + inside, inside + around)
    return named and _is_one_type(flat, inner)


def _is_one_type(flat: Field, inner: Field) -> bool:
    if not flat.kinds or flat.kinds != inner.kinds:
        return False
    return flat.choices == inner.choices and units_of(flat) == units_of(inner)
