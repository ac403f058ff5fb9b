"""The places of a payload, and what the schema says of each."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from replay.fuzzing.reference import parts_at
from replay.records import JsonObject, JsonValue
from replay.verdicts.paths import PathPart, written

Path: TypeAlias = tuple[PathPart, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """One value of a payload, with every part of the schema that speaks of it."""

    path: Path
    value: JsonValue
    parts: list[JsonObject] = field(repr=False)

    @property
    def name(self) -> str:
        """Its path, as reports write paths."""
        return written(self.path) or "the payload"


def spots(schema: JsonObject, values: JsonObject) -> list[Spot]:
    """Return every place of ``values``, the whole first."""
    return list(_spots(schema, values, ()))


def _spots(schema: JsonObject, value: JsonValue, path: Path) -> Iterator[Spot]:
    yield Spot(path, value, parts_at(schema, list(path)))
    if len(path) > 6:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _spots(schema, inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:5]):
            yield from _spots(schema, inner, (*path, index))


def put(values: Any, path: Path, value: JsonValue) -> Any:
    """Return ``values`` with ``value`` at ``path``; what lies beside the path is shared.

    A payload may be nested deeper than a copy of all of it could go.
    """
    if not path:
        return value
    changed, holder = _opened(values, path)
    holder[path[-1]] = value
    return changed


def without(values: Any, path: Path) -> Any:
    """Return ``values`` with nothing at ``path``; what lies beside the path is shared."""
    changed, holder = _opened(values, path)
    del holder[path[-1]]
    return changed


def _opened(values: Any, path: Path) -> tuple[Any, Any]:
    """Return ``values`` with containers of their own along ``path``, and the last of these."""
    changed = holder = copy.copy(values)
    for part in path[:-1]:
        holder[part] = copy.copy(holder[part])
        holder = holder[part]
    return changed, holder


def at(values: Any, path: Path, default: Any = None) -> Any:
    """Return what is at ``path``; ``default``: nothing is."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return default
    return values
