"""Every part of a schema with its place, and a limit that one of them meets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from replay.compatibility.pairs import joined
from replay.records import JsonObject, JsonValue
from replay.verdicts.paths import join

_PARTS_MAX: Final = 20_000
_UNIONS: Final = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Limit:
    """A place that a provider does not take as it is."""

    path: str
    effect: Literal["rejected", "rewritten"]
    said: str
    mend: str


class Part(NamedTuple):
    """One part of a schema."""

    node: JsonObject
    path: str
    """Where in a payload; parts of definitions begin with the definition's name in ``<>``."""
    depth: int
    """How many objects and lists it is inside of."""
    is_root: bool


def parts_of(schema: JsonObject) -> Iterator[Part]:
    """Yield every part of ``schema``, outer ones first; definitions once, under their names."""
    waiting = [Part(schema, "", 0, True)]
    count = 0
    while waiting and count < _PARTS_MAX:
        part = waiting.pop(0)
        count += 1
        yield part
        waiting += _beneath(part)


def _beneath(part: Part) -> Iterator[Part]:
    node, path, depth, _ = part
    for name, inner in _named(node.get("properties")):
        yield from _part(inner, joined(path, join("", name)), depth + 1)
    for keyword in _UNIONS:
        for inner in _listed(node.get(keyword)):
            yield from _part(inner, path, depth)
    items = node.get("items")
    for inner in items if isinstance(items, list) else [items]:
        yield from _part(inner, f"{path}[*]", depth + 1)
    for index, inner in enumerate(_listed(node.get("prefixItems"))):
        yield from _part(inner, f"{path}[{index}]", depth + 1)
    yield from _part(node.get("additionalProperties"), joined(path, "*"), depth + 1)
    for keyword in ("$defs", "definitions"):
        for name, inner in _named(node.get(keyword)):
            yield from _part(inner, f"<{name}>", 0)


def _part(node: JsonValue, path: str, depth: int) -> Iterator[Part]:
    if isinstance(node, dict):
        yield Part(node, path, depth, False)


def _named(parts: JsonValue) -> list[tuple[str, JsonValue]]:
    return list(parts.items()) if isinstance(parts, dict) else []


def _listed(parts: JsonValue) -> list[JsonValue]:
    return parts if isinstance(parts, list) else []


def is_object(node: JsonObject) -> bool:
    """Return whether a part takes objects, by its type or by its properties."""
    said = node.get("type")
    return (
        said == "object"
        or (isinstance(said, list) and "object" in said)
        or (said is None and "properties" in node)
    )


def recursive_names(schema: JsonObject) -> list[str]:
    """Return the definitions that refer to themselves, through others too; ``#``: the root."""
    found = []
    definitions: dict[str, JsonValue] = {"#": {k: v for k, v in schema.items() if k not in _HOLD}}
    for keyword in _HOLD:
        definitions |= {f"#/{keyword}/{name}": part for name, part in _named(schema.get(keyword))}
    direct = {name: _references(part) for name, part in definitions.items()}
    for name in definitions:
        reached, waiting = set(), list(direct[name])
        while waiting:
            one = waiting.pop()
            if one not in reached:
                reached.add(one)
                waiting += direct.get(one, ())
        if name in reached:
            found.append(name)
    return found


_HOLD: Final = ("$defs", "definitions")


def _references(part: JsonValue) -> set[str]:
    found: set[str] = set()
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("$ref"), str):
                found.add(one["$ref"])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found
