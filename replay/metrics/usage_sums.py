"""Tokens of many calls at once: those that report alike are added up column by column.

What one call used is said by `tokens_of` alone. Here its rules are followed once for calls whose
usage has the same names, which are nearly all of a model's; where a value is not what it is in the
others, `tokens_of` is asked call by call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from replay.metrics.usage import CACHE_WRITTEN, CACHED, DETAILS, INPUT, OUTPUT, Tokens, tokens_of

NOTHING: Final = Tokens()


@dataclass(frozen=True, slots=True)
class Used:
    """What calls used together."""

    tokens: Tokens = NOTHING
    counted_count: int = 0
    """Calls that say how many tokens they used."""
    cache_hit_count: int = 0
    """Of these: calls that read part of their prompt from the provider's cache."""

    def __add__(self, other: Used) -> Used:
        return Used(
            self.tokens + other.tokens,
            self.counted_count + other.counted_count,
            self.cache_hit_count + other.cache_hit_count,
        )


class _UnlikeError(Exception):
    """Calls with the same names have values of several kinds."""


def used_by(alike: Sequence[dict[str, Any]]) -> Used:
    """Return what calls used whose usages have the same names in the same order."""
    try:
        return _by_column(alike)
    except _UnlikeError:
        return _by_call(alike)


def _by_call(usages: Iterable[Any]) -> Used:
    told = [one for one in map(tokens_of, usages) if one is not None]
    return Used(sum(told, NOTHING), len(told), sum(one.cached > 0 for one in told))


def _by_column(alike: Sequence[dict[str, Any]]) -> Used:
    names = alike[0]
    if "promptTokenCount" in names:
        raise _UnlikeError
    fresh, output = _column(alike, INPUT), _column(alike, OUTPUT)
    if fresh is None and output is None:
        return Used()
    cached = _in_details(alike)
    written: list[int] | None = None
    inputs = sum(fresh or ())
    if cached is None:
        cached, written = _column(alike, CACHED), _column(alike, CACHE_WRITTEN)
        inputs += sum(cached or ()) + sum(written or ())
    tokens = Tokens(inputs, sum(output or ()), sum(cached or ()), sum(written or ()))
    return Used(tokens, len(alike), sum(map((0).__lt__, cached or ())))


def _column(alike: Sequence[dict[str, Any]], names: Iterable[str]) -> list[int] | None:
    """Return the values of the first of ``names`` that there is; None: there is none."""
    name = next((name for name in names if name in alike[0]), None)
    return None if name is None else _whole([one[name] for one in alike])


def _whole(column: list[Any]) -> list[int]:
    if set(map(type, column)) != {int}:
        raise _UnlikeError
    return column


def _in_details(alike: Sequence[dict[str, Any]]) -> list[int] | None:
    """Return how many tokens came from the cache, where details say it; None: there are none."""
    named = [name for name in DETAILS if name in alike[0]]
    if not named:
        return None
    details = [one[named[0]] for one in alike]
    if len(named) > 1 or set(map(type, details)) != {dict} or not all(details):
        raise _UnlikeError
    return _whole([one.get("cached_tokens", 0) for one in details])
