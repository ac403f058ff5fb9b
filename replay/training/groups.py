"""Traces that must not be divided, and the parts they go into.

Traces that begin with the same words, or have one value of a label, are one group: a test that asks
what a training line has answered would measure memory.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from replay.training.identity import share


class Groups:
    """Which traces belong together, found out trace by trace."""

    def __init__(self) -> None:
        self._above: dict[Hashable, Hashable] = {}

    def add(self, trace_id: str, keys: Iterable[bytes]) -> None:
        """Put a trace together with all that share one of ``keys``."""
        own = self._top(trace_id)
        for key in keys:
            self._above[self._top(key)] = own

    def _top(self, name: Hashable) -> Hashable:
        path = []
        while self._above.setdefault(name, name) != name:
            path.append(name)
            name = self._above[name]
        for one in path:
            self._above[one] = name
        return name

    def all(self) -> list[list[str]]:
        """Return the traces of each group."""
        found: dict[Hashable, list[str]] = {}
        for name in self._above:
            if isinstance(name, str):
                found.setdefault(self._top(name), []).append(name)
        return list(found.values())


def divide(
    groups: Sequence[Sequence[str]], shares: Mapping[str, float], seed: int
) -> dict[str, str]:
    """Return the part of each trace, by its id.

    A group's part is decided by its smallest id and the seed: more traces move no other group.
    Only where a part would stay empty although there are groups enough, one moves there; where
    there are not enough, the largest parts have them: one group is for training, not for a test.
    """
    placed = sorted((share(seed, min(group).encode()), group) for group in groups)
    bounds, total = [], 0.0
    for name, part in shares.items():
        total += part
        bounds.append((total, name))
    parts: dict[str, list[Sequence[str]]] = {name: [] for name in shares}
    for place, group in placed:
        name = next((name for bound, name in bounds if place < bound), bounds[-1][1])
        parts[name].append(group)
    for name in sorted(shares, key=lambda one: -shares[one]):
        fullest = max(parts, key=lambda one: (len(parts[one]), -shares[one]))
        is_spared = len(parts[fullest]) > 1 or shares[fullest] < shares[name]
        if not parts[name] and shares[name] > 0 and parts[fullest] and is_spared:
            parts[name].append(parts[fullest].pop())
    return {
        trace_id: name for name, members in parts.items() for group in members for trace_id in group
    }
