"""One change of a captured payload, made with knowledge of the schema.

Each mutation takes a random source, the schema and the values, and gives back what it made and
what it says of it; None where the payload has no place for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from replay.fuzzing import hostile
from replay.fuzzing.boundaries import counts_around, numbers_around
from replay.fuzzing.mutated import Mutated, Setting
from replay.fuzzing.places import Spot, put, spots, without

Mutation: TypeAlias = Callable[[Setting], Mutated | None]


def _spot(setting: Setting, *kinds: type) -> Spot | None:
    found = setting.spots(*kinds)
    return setting.rng.choice(found) if found else None


def drop(setting: Setting) -> Mutated | None:
    """Leave a field or an item out."""
    spot = _spot(setting)
    if spot is None:
        return None
    return Mutated(f"{spot.name}: left out", without(setting.values, spot.path))


def add(setting: Setting) -> Mutated | None:
    """Put a field where the schema knows of none."""
    holders = [s for s in spots(setting.schema, setting.values) if isinstance(s.value, dict)]
    holder = setting.rng.choice(holders)
    assert isinstance(holder.value, dict)
    near = [f"{name}s" for name in holder.value] + [f"{name}_id" for name in holder.value]
    name = setting.rng.choice([*hostile.NAMES, *near])
    if name in holder.value:
        return None
    value = setting.rng.choice(hostile.OF_EVERY_TYPE)
    return Mutated(f"{name!r} added", put(setting.values, (*holder.path, name), value))


def fill(setting: Setting) -> Mutated | None:
    """Put a field that the schema knows and the payload left out."""
    known = setting.schema.get("properties", {})
    missing = [name for name in known if name not in setting.values]
    if not missing:
        return None
    name = setting.rng.choice(missing)
    values = [v for other in setting.others if (v := other.get(name)) is not None]
    values += spot_values(setting, Spot((name,), None, [known[name]]))
    value = setting.rng.choice(values or [*hostile.OF_EVERY_TYPE])
    return Mutated(f"{name}: filled in", put(setting.values, (name,), value))


def spot_values(setting: Setting, spot: Spot) -> list[Any]:
    """Return values that the schema itself names at ``spot``."""
    found: list[Any] = []
    for part in spot.parts:
        found += part.get("enum", [])
        found += part.get("examples", [])
        found += [part[name] for name in ("const", "default") if name in part]
    return found


def retype(setting: Setting) -> Mutated | None:
    """Put a value of another type."""
    spot = _spot(setting)
    if spot is None:
        return None
    others = [one for one in hostile.OF_EVERY_TYPE if type(one) is not type(spot.value)]
    value = setting.rng.choice(others)
    return setting.put(spot, value, f"{json.dumps(value)} instead")


def null(setting: Setting) -> Mutated | None:
    """Put null."""
    spot = _spot(setting)
    return None if spot is None else setting.put(spot, None, "null")


def boundary(setting: Setting) -> Mutated | None:
    """Put a value at, or just beyond, a limit of the schema, or of machines."""
    spot = _spot(setting, int, float, str, list)
    if spot is None:
        return None
    value: Any
    if isinstance(spot.value, str):
        length = setting.in_turn(counts_around(spot.parts, "Length"))
        value = (spot.value or "a") * (length // max(1, len(spot.value)) + 1)
        return setting.put(spot, value[:length], f"{length} characters")
    if isinstance(spot.value, list):
        size = setting.in_turn(counts_around(spot.parts, "Items"))
        value = (spot.value or ["a"]) * (size // max(1, len(spot.value)) + 1)
        return setting.put(spot, value[:size], f"{size} items")
    value = setting.in_turn(numbers_around(spot.parts, spot.value))
    return setting.put(spot, value, repr(value))


def enum_neighbour(setting: Setting) -> Mutated | None:
    """Put another word of an enum, or nearly one."""
    found = [(spot, words) for spot in setting.spots() if (words := spot_values(setting, spot))]
    if not found:
        return None
    spot, words = setting.rng.choice(found)
    word = setting.rng.choice(words)
    near = [word]
    if isinstance(word, str):
        near += [word.upper(), word.title(), f" {word}", f"{word}s", word[:-1], word[:1], ""]
    elif isinstance(word, int | float) and not isinstance(word, bool):
        near += [word + 1, word - 1, str(word)]
    value = setting.rng.choice(near)
    return setting.put(spot, value, f"{json.dumps(value)} for an enum")


def unicode(setting: Setting) -> Mutated | None:
    """Put a text of unusual characters, alone or in what is there."""
    return _text(setting, hostile.UNICODE, "unusual characters")


def injection(setting: Setting) -> Mutated | None:
    """Put a text that somebody might take for more than data."""
    return _text(setting, hostile.INJECTIONS, "an injection")


def plain_text(setting: Setting) -> Mutated | None:
    """Put a text of little."""
    return _text(setting, hostile.TEXTS, "a text of little")


def _text(setting: Setting, texts: Sequence[str], said: str) -> Mutated | None:
    spot = _spot(setting, str)
    if spot is None:
        return None
    text = setting.in_turn(texts)
    if setting.rng.random() < 0.3:
        assert isinstance(spot.value, str)
        text = spot.value + text
    return setting.put(spot, text, said)


def nesting(setting: Setting) -> Mutated | None:
    """Put lists in lists, or objects in objects, many levels deep."""
    spot = _spot(setting)
    if spot is None:
        return None
    depth = setting.rng.choice((10, 60, 300))
    value: Any = spot.value
    for _ in range(depth):
        value = [value] if setting.rng.random() < 0.5 else {"a": value}
    return setting.put(spot, value, f"{depth} levels deep")


def huge(setting: Setting) -> Mutated | None:
    """Put far too much of what is there."""
    spot = _spot(setting, str, list, dict)
    if spot is None:
        return None
    length = setting.rng.choice(hostile.LENGTHS)
    if isinstance(spot.value, str):
        return setting.put(spot, "a" * length, f"{length:,} characters")
    count = min(length, 2_000)
    if isinstance(spot.value, list):
        return setting.put(spot, (spot.value[:1] or ["a"]) * count, f"{count:,} items")
    wide = {**spot.value, **{f"k{index}": index for index in range(count)}}
    return setting.put(spot, wide, f"{count:,} fields")


def twice(setting: Setting) -> Mutated | None:
    """Write a key twice, with two values: JSON allows it, and the last one counts."""
    if not setting.values:
        return None
    name = setting.rng.choice(list(setting.values))
    value = setting.rng.choice(hostile.OF_EVERY_TYPE)
    before = json.dumps({name: value})[:-1]
    rest = json.dumps(setting.values)[1:]
    return Mutated(f"{name}: twice", setting.values, f"{before}, {rest}")


def not_finite(setting: Setting) -> Mutated | None:
    """Write NaN or Infinity, which Python's reader takes and JSON does not have."""
    spot = _spot(setting, int, float) or _spot(setting)
    if spot is None:
        return None
    word = setting.rng.choice(("NaN", "Infinity", "-Infinity", "1e400"))
    holed = json.dumps(put(setting.values, spot.path, _HOLE))
    return Mutated(f"{spot.name}: {word}", None, holed.replace(json.dumps(_HOLE), word))


_HOLE: Final = "a hole for a number"


def name_case(setting: Setting) -> Mutated | None:
    """Spell a field's name otherwise: camelCase for snake_case, capitals, a dash."""
    found = [spot for spot in setting.spots() if isinstance(spot.path[-1], str)]
    if not found:
        return None
    spot = setting.rng.choice(found)
    name = str(spot.path[-1])
    camel = re.sub(r"_(\w)", lambda found: found[1].upper(), name)
    snake = re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", name)
    names = {camel, snake, name.upper(), name.title(), name.replace("_", "-"), name + " "} - {name}
    spelled = setting.rng.choice(sorted(names))
    rest = without(setting.values, spot.path)
    return Mutated(
        f"{spot.name}: spelled {spelled!r}", put(rest, (*spot.path[:-1], spelled), spot.value)
    )


def as_text(setting: Setting) -> Mutated | None:
    """Put a number, a boolean, a list or an object as a text, as models do."""
    spot = _spot(setting, int, float, bool, list, dict)
    if spot is None:
        return None
    return setting.put(spot, json.dumps(spot.value), "as a text")


def as_number(setting: Setting) -> Mutated | None:
    """Put a text as a number, or a whole number as 3.0."""
    spot = _spot(setting, int) if setting.turn % 2 == 0 else None
    if spot is not None and isinstance(spot.value, int) and abs(spot.value) < 2**53:
        return setting.put(spot, float(spot.value), "with a point")
    spot = _spot(setting, str)
    return None if spot is None else setting.put(spot, 7, "a number")


def other_captured(setting: Setting) -> Mutated | None:
    """Put what another captured payload has in this place."""
    spot = _spot(setting)
    if spot is None or not setting.others:
        return None
    other = setting.rng.choice(setting.others)
    value = other.get(str(spot.path[0]))
    if value is None:
        return None
    return Mutated(f"{spot.path[0]}: of another call", put(setting.values, spot.path[:1], value))


def broken_text(setting: Setting) -> Mutated | None:
    """Write what is no JSON object: half of it, in a list, in a fence."""
    whole = json.dumps(setting.values)
    texts = [
        whole[: setting.rng.randrange(len(whole))],
        whole + "}",
        f"[{whole}]",
        f"```json\n{whole}\n```",
        json.dumps(whole),
        whole.replace('"', "'"),
        whole[:-1] + ",}",
        *hostile.NOT_OBJECTS,
    ]
    return Mutated("no JSON object", None, setting.rng.choice(texts))


MUTATIONS: Final[tuple[Mutation, ...]] = (
    drop,
    retype,
    boundary,
    unicode,
    null,
    enum_neighbour,
    injection,
    other_captured,
    add,
    as_text,
    plain_text,
    fill,
    name_case,
    twice,
    as_number,
    not_finite,
    nesting,
    huge,
    broken_text,
)
"""In turn: also a short run sees each kind."""
