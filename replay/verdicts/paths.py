"""Paths into a JSON value, as verdicts, rules and screens write them.

``address.state``, ``flights[0].price``, ``prices['2024-05-20']``; ``""`` is the whole value.
A pattern adds ``*`` (any one key; also inside a name: ``*_at``), ``[*]`` (any index) and ``**``
(any number of levels).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from replay.records import JsonValue

PathPart: TypeAlias = str | int
"""A key of an object or an index of a list."""

_TOKEN: Final = re.compile(
    r"\.?(?P<deep>\*\*)"
    r"|\[(?P<index>\*|\d+)\]"
    r"|\['(?P<quoted>(?:[^'\\]|\\.)*)'\]"
    r"|\.?(?P<name>[^.\[\]'\s]+)"
)

_ID_KEY: Final = re.compile(
    r".*\d{4}.*"  # credit_card_4421486, 2024-05-20
    r"|(?=.*\d)[A-Z0-9-]{3,}"  # HAT069, NO6JO3
    r"|\d+"
    r"|.*@.*\..*"
    r"|[0-9a-f]{8}-[0-9a-f-]{27}"
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key, or a glob over keys."""

    glob: str
    literal: bool


@dataclass(frozen=True, slots=True)
class Index:
    """One index; None is any."""

    index: int | None


@dataclass(frozen=True, slots=True)
class Levels:
    """Any number of levels, none included."""


PatternPart: TypeAlias = Key | Index | Levels


def join(path: str, part: PathPart) -> str:
    """Return the path of ``part`` beneath ``path``."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    if part.isidentifier():
        return f"{path}.{part}" if path else part
    return path + _quoted(part)


def written(parts: Sequence[PathPart]) -> str:
    """Return ``parts`` as a path."""
    path = ""
    for part in parts:
        path = join(path, part)
    return path


@lru_cache(maxsize=4096)
def split(path: str) -> tuple[PathPart, ...]:
    """Return the parts of ``path``.

    Raises:
        ValueError: ``path`` is not written as paths are.
    """
    parts: list[PathPart] = []
    for part in split_pattern(path):
        if isinstance(part, Key) and (part.literal or "*" not in part.glob):
            parts.append(part.glob)
        elif isinstance(part, Index) and part.index is not None:
            parts.append(part.index)
        else:
            raise ValueError(f"{path!r} holds a wildcard")
    return tuple(parts)


def is_id_key(key: str) -> bool:
    """Return whether a key names one thing of many rather than a field."""
    return _ID_KEY.fullmatch(key) is not None


def general_path(path: str) -> str:
    """Return ``path`` with list indexes and keys that are ids as wildcards."""
    general = ""
    for part in split(path):
        if isinstance(part, int):
            general += "[*]"
        elif is_id_key(part):
            general += ".*" if general else "*"
        else:
            general = join(general, part)
    return general


def leaves(
    value: JsonValue, parts: tuple[PathPart, ...] = ()
) -> Iterator[tuple[tuple[PathPart, ...], JsonValue]]:
    """Return where the values are that are no objects and no lists, or empty ones, and each."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*parts, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*parts, index))
    else:
        yield parts, value


@lru_cache(maxsize=1024)
def split_pattern(pattern: str) -> tuple[PatternPart, ...]:
    """Return the parts of a path that may hold wildcards.

    Raises:
        ValueError: ``pattern`` is not written as paths are; the message says from where on.
    """
    parts: list[PatternPart] = []
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None or (at == 0 and pattern.startswith(".")):
            raise ValueError(f"not a path from {pattern[at:]!r} on")
        parts.append(_part(found))
        at = found.end()
        if parts[-1] == Levels() and at < len(pattern) and pattern[at] not in ".[":
            raise ValueError(f"not a path from {pattern[at:]!r} on: '**' stands alone")
    return tuple(parts)


def matches(pattern: str, path: str, *, beneath: bool = False) -> bool:
    """Return whether ``path`` fits ``pattern``; with ``beneath`` also when it lies under it."""
    return _fits(split_pattern(pattern), split(path), beneath)


def _fits(pattern: tuple[PatternPart, ...], path: tuple[PathPart, ...], beneath: bool) -> bool:
    if not pattern:
        return beneath or not path
    first, rest = pattern[0], pattern[1:]
    if isinstance(first, Levels):
        return any(_fits(rest, path[start:], beneath) for start in range(len(path) + 1))
    if not path or not _fits_part(first, path[0]):
        return False
    return _fits(rest, path[1:], beneath)


def _fits_part(pattern: Key | Index, part: PathPart) -> bool:
    if isinstance(pattern, Index):
        return isinstance(part, int) and pattern.index in (None, part)
    if not isinstance(part, str):
        return False
    return part == pattern.glob if pattern.literal else fnmatchcase(part, pattern.glob)


def _part(found: re.Match[str]) -> PatternPart:
    if found["deep"]:
        return Levels()
    if found["index"]:
        return Index(None if found["index"] == "*" else int(found["index"]))
    if found["quoted"] is not None:
        return Key(re.sub(r"\\(.)", r"\1", found["quoted"], flags=re.DOTALL), literal=True)
    return Key(found["name"], literal=False)


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"
