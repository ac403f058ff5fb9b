"""Which element of a recorded list is which element of the replayed one.

Equal elements first, then elements with one identity (``id``, ``name``, ...), then, for the few
that are left over, deepdiff's distance. deepdiff is slow (milliseconds a pair) and is imported
only when a list comes this far.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from difflib import SequenceMatcher
from typing import Final, TypeAlias

from replay.records import JsonObject, JsonValue
from replay.verdicts.canonical import canonical_bytes, same_value

Pair: TypeAlias = tuple[int, int]
"""Recorded index, replayed index."""

_IDENTITY_KEYS: Final = ("id", "uuid", "key", "name", "code", "number", "slug", "title")
_IDENTITY_ENDINGS: Final = ("_id", "_number", "_code", "_key", "Id")

_DISTANCE_PAIRS_MAX: Final = 36
"""At most so many pairs are measured with deepdiff: about 1 ms each."""

_DISTANCE_BYTES_MAX: Final = 4096
"""Larger elements are not measured: deepdiff takes 40 ms for 19 KB."""

_DISTANCE_CUTOFF: Final = 0.4
"""Elements further apart than this are two things and not one that changed."""

_OPCODES_MAX: Final = 250_000
"""Largest product of two lengths for which the longest common runs are sought."""


def align(recorded: list[JsonValue], replayed: list[JsonValue]) -> list[Pair]:
    """Return the pairs of elements that are one element; each index occurs at most once."""
    old = [canonical_bytes(value) for value in recorded]
    new = [canonical_bytes(value) for value in replayed]
    if len(old) == len(new):
        in_place = all(
            a == b or _is_related(recorded[at], replayed[at])
            for at, (a, b) in enumerate(zip(old, new, strict=True))
        )
        if in_place and Counter(old) != Counter(new):
            return [(at, at) for at in range(len(old))]
    pairs = _equal_runs(old, new)
    pairs += _pair_up(_left(len(old), pairs, 0), _left(len(new), pairs, 1), old, new)
    pairs += _by_identity(recorded, replayed, pairs)
    pairs += _in_one_gap(recorded, replayed, pairs)
    pairs += _by_distance(recorded, replayed, old, new, pairs)
    return pairs


def _equal_runs(old: list[bytes], new: list[bytes]) -> list[Pair]:
    """Equal elements in equal order: what lies before and after, then the longest common runs."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    pairs = [(at, at) for at in range(head)]
    pairs += [(len(old) - at, len(new) - at) for at in range(1, tail + 1)]
    old_rest, new_rest = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old_rest) * len(new_rest) > _OPCODES_MAX:
        return pairs
    matcher = SequenceMatcher(None, old_rest, new_rest, autojunk=False)
    for block in matcher.get_matching_blocks():
        pairs += [(head + block.a + at, head + block.b + at) for at in range(block.size)]
    return pairs


def _by_identity(
    recorded: list[JsonValue], replayed: list[JsonValue], pairs: list[Pair]
) -> list[Pair]:
    old_left, new_left = _left(len(recorded), pairs, 0), _left(len(replayed), pairs, 1)
    old_ids = {at: _identity(recorded[at]) for at in old_left}
    new_ids = {at: _identity(replayed[at]) for at in new_left}
    return _pair_up(
        [at for at in old_left if old_ids[at] is not None],
        [at for at in new_left if new_ids[at] is not None],
        old_ids,
        new_ids,
    )


def _in_one_gap(
    recorded: list[JsonValue], replayed: list[JsonValue], pairs: list[Pair]
) -> list[Pair]:
    """Elements that stand alone between the same neighbours on both sides, in equal number."""
    old_gaps = _gaps(_left(len(recorded), pairs, 0), dict(pairs))
    new_gaps = _gaps(_left(len(replayed), pairs, 1), {new: old for old, new in pairs})
    neighbours = {-1: -1, **dict(pairs)}
    found: list[Pair] = []
    for before, olds in old_gaps.items():
        news = new_gaps.get(neighbours[before], [])
        if len(olds) == len(news) and all(
            _is_related(recorded[old], replayed[new])
            or _are_plain(recorded[old], replayed[new])
            or _are_alike(recorded[old], replayed[new])
            for old, new in zip(olds, news, strict=True)
        ):
            found += zip(olds, news, strict=True)
    return found


def _by_distance(
    recorded: list[JsonValue],
    replayed: list[JsonValue],
    old: list[bytes],
    new: list[bytes],
    pairs: list[Pair],
) -> list[Pair]:
    olds, news = _left(len(old), pairs, 0), _left(len(new), pairs, 1)
    if len(olds) * len(news) > _DISTANCE_PAIRS_MAX:
        return []
    candidates = [
        (left, right)
        for left in olds
        for right in news
        if isinstance(recorded[left], dict | list)
        and type(recorded[left]) is type(replayed[right])
        and max(len(old[left]), len(new[right])) <= _DISTANCE_BYTES_MAX
    ]
    measured = sorted((_distance(recorded[a], replayed[b]), a, b) for a, b in candidates)
    found: list[Pair] = []
    for distance, left, right in measured:
        taken = any(left == a or right == b for a, b in found)
        if distance <= _DISTANCE_CUTOFF and not taken:
            found.append((left, right))
    return found


def _distance(recorded: JsonValue, replayed: JsonValue) -> float:
    """How far apart two values are, from 0 (equal) to 1, as deepdiff measures it."""
    from deepdiff import DeepDiff

    difference = DeepDiff(recorded, replayed, get_deep_distance=True)
    return float(difference.get("deep_distance", 0.0))


def _pair_up(
    olds: Iterable[int],
    news: Iterable[int],
    old_keys: Callable[[int], Hashable] | dict[int, Hashable] | list[bytes],
    new_keys: Callable[[int], Hashable] | dict[int, Hashable] | list[bytes],
) -> list[Pair]:
    """Pair indexes with equal keys, first with first."""
    waiting: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at in news:
        waiting[new_keys[at]].append(at)  # type: ignore[index]
    for places in waiting.values():
        places.reverse()
    return [(at, waiting[key].pop()) for at in olds if waiting.get(key := old_keys[at])]  # type: ignore[index]


def _left(count: int, pairs: list[Pair], side: int) -> list[int]:
    taken = {pair[side] for pair in pairs}
    return [at for at in range(count) if at not in taken]


def _gaps(left: list[int], taken: dict[int, int]) -> dict[int, list[int]]:
    """The unpaired indexes by the paired index just before them; -1 is the list's start."""
    gaps: defaultdict[int, list[int]] = defaultdict(list)
    before = -1
    unpaired = set(left)
    for at in range(max([*left, *taken], default=-1) + 1):
        if at in unpaired:
            gaps[before].append(at)
        else:
            before = at
    return dict(gaps)


def _identity(value: JsonValue) -> Hashable:
    """What names an element: ``("id", 7)``; None when nothing does."""
    if isinstance(value, list) and value:
        inner = tuple(_identity(child) for child in value)
        return None if None in inner else inner
    if not isinstance(value, dict):
        return None
    for key in _identity_keys(value):
        name = value[key]
        if isinstance(name, str | int) and not isinstance(name, bool):
            return (key, name)
    return None


def _identity_keys(value: JsonObject) -> list[str]:
    known: list[str] = [key for key in _IDENTITY_KEYS if key in value]
    return known or [key for key in value if key.endswith(_IDENTITY_ENDINGS)]


def _is_related(recorded: JsonValue, replayed: JsonValue) -> bool:
    """Whether two elements at one place are one element that changed."""
    old, new = _identity(recorded), _identity(replayed)
    if old is not None or new is not None:
        return old == new
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        shared = recorded.keys() & replayed.keys()
        return 2 * len(shared) >= max(len(recorded), len(replayed))
    return isinstance(recorded, list) and isinstance(replayed, list)


def _are_alike(recorded: JsonValue, replayed: JsonValue) -> bool:
    """Whether two objects say mostly the same, whatever they are called: a fresh ``id`` each."""
    if not isinstance(recorded, dict) or not isinstance(replayed, dict):
        return False
    equal = sum(same_value(value, replayed.get(key)) for key, value in recorded.items())
    return 2 * equal >= max(len(recorded), len(replayed))


def _are_plain(recorded: JsonValue, replayed: JsonValue) -> bool:
    return not isinstance(recorded, dict | list) and not isinstance(replayed, dict | list)
