"""What two values have in common, held once: of five megabytes on both sides, a few differ.

What is shared is the same object, so whatever compares the two later sees in no time that it is
equal, and the memory of one side is free again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from replay.records import JsonValue
from replay.verdicts.canonical import canonical_bytes, same_value

_DEPTH_MAX: Final = 12
"""Below it nothing is shared: each level looks at all that is beneath it."""


def share_equal(recorded: JsonValue, replayed: JsonValue, *, depth: int = 0) -> JsonValue:
    """Return ``replayed`` with what is equal taken from ``recorded``; it is changed for that.

    Equal as `same_value` says it: ``1``, ``1.0`` and ``True`` are kept apart. Of two values that
    differ as a whole, members are shared.
    """
    if depth >= _DEPTH_MAX or not isinstance(recorded, (dict, list)):
        return recorded if same_value(recorded, replayed) else replayed
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        is_same = len(recorded) == len(replayed)
        for key, value in replayed.items():
            if key not in recorded:
                is_same = False
                continue
            held = recorded[key]
            if isinstance(held, list) or not same_value(held, value):
                value = share_equal(held, value, depth=depth + 1)
                is_same = is_same and value is held
            else:
                value = held
            replayed[key] = value
        return recorded if is_same else replayed
    if isinstance(recorded, list) and isinstance(replayed, list):
        return _share_elements(recorded, replayed, depth)
    return replayed


def _share_elements(
    recorded: list[JsonValue], replayed: list[JsonValue], depth: int
) -> list[JsonValue]:
    """Share equal elements wherever they stand; of those that stand beside each other, members."""
    first, last = _share_ends(recorded, replayed)
    if first == len(recorded) == len(replayed):
        return recorded
    old_end, new_end = len(recorded) - last, len(replayed) - last
    known = dict(zip(marks_of(recorded[first:old_end]), recorded[first:old_end], strict=True))
    for at, mark in enumerate(marks_of(replayed[first:new_end]), first):
        value = replayed[at]
        if mark in known and known[mark] == value:  # NaN has the mark of null
            replayed[at] = known[mark]
        elif at < old_end:
            replayed[at] = share_equal(recorded[at], value, depth=depth + 1)
    return replayed


def _share_ends(recorded: list[JsonValue], replayed: list[JsonValue]) -> tuple[int, int]:
    """Share what is equal at the beginning and at the end; return how much that is."""
    first, last = shared_ends(recorded, replayed)  # by ==, to which 1 and True are equal
    if not same_value(recorded[:first], replayed[:first]):
        first = 0
    old, new = len(recorded) - last, len(replayed) - last
    if not same_value(recorded[old:], replayed[new:]):
        last = 0
    replayed[:first] = recorded[:first]
    if last:
        replayed[new:] = recorded[old:]
    return first, last


def shared_ends(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """Return how many items two texts or lists share at their beginning, and then at their end.

    By halves, each one comparison in C: millions of characters take no time.
    """
    shorter = min(len(old), len(new))
    first = shared_from(old, 0, new, 0)
    ends = len(old), len(new)

    def holds(known: int, size: int) -> bool:
        one, two = (end - size for end in ends)
        return bool(old[one : ends[0] - known] == new[two : ends[1] - known])

    return first, _most(shorter - first, holds)


def shared_from(old: Sequence[Any], at: int, new: Sequence[Any], other: int) -> int:
    """Return how many items are equal from these two places on."""

    def holds(known: int, size: int) -> bool:
        return bool(old[at + known : at + size] == new[other + known : other + size])

    return _most(min(len(old) - at, len(new) - other), holds)


def _most(limit: int, holds: Callable[[int, int], bool]) -> int:
    """Return the largest size up to ``limit`` that holds; all smaller ones do, too.

    ``holds(known, size)`` is asked where ``known`` holds. By doubled sizes first, for what differs
    soon is not looked at whole.
    """
    low, step = 0, 1
    while low + step <= limit and holds(low, low + step):
        low, step = low + step, step * 2
    high = min(limit, low + step - 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(low, middle) else (low, middle - 1)
    return low


def marks_of(values: Sequence[JsonValue]) -> list[int]:
    """Return a hash of each value's JSON: what is equal, with its types, has equal ones.

    The texts themselves would take a kilobyte each for a moment, as orjson makes them.
    """
    dumps, sorted_keys = orjson.dumps, orjson.OPT_SORT_KEYS
    try:
        return [hash(dumps(value, option=sorted_keys)) for value in values]
    except TypeError:  # surrogates, integers beyond 64 bits
        return [hash(canonical_bytes(value)) for value in values]
