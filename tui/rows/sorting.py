"""The orders that a list of traces may have.

All but one are those of a column of the traces' rows. What a trace is today is told by the verdicts
of the newest replay run that judged it: `worst_first` puts traces into that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replay.store.selecting import Conditions

_FAILED: Final = "r.tool_call_count - coalesce(r.outcome_counts ->> 'ok', 0)"

TODAY: Final = "today"
_COLUMNS: Final = {
    TODAY: "",
    "started": "r.started_us",
    "trace": "r.id COLLATE NOCASE",
    "app": "coalesce(r.app, r.source, 'recorded') COLLATE NOCASE",
    "model": "r.model COLLATE NOCASE",
    "calls": "r.tool_call_count",
    "not ok": _FAILED,
}
"""By the name of the column as the list shows it, in its order."""
_FROM_A: Final = frozenset({"trace", "app", "model"})
"""Texts start with the smallest, numbers and times with the largest."""

_WAYS: Final = {
    TODAY: ("worst first", "best first"),
    "started": ("newest first", "oldest first"),
    "calls": ("most first", "fewest first"),
    "not ok": ("most first", "fewest first"),
}
_OF_TEXTS: Final = ("a to z", "z to a")

SORT_NAMES: Final = tuple(_COLUMNS)


@dataclass(frozen=True, slots=True)
class TraceSort:
    """By which column, and whether the other way round."""

    name: str = "started"
    is_reversed: bool = False

    @property
    def is_newest_first(self) -> bool:
        """Whether this is the order that a list starts with."""
        return self.name == "started" and not self.is_reversed

    @property
    def is_falling(self) -> bool:
        """Whether the largest is first."""
        return (self.name in _FROM_A) == self.is_reversed

    @property
    def words(self) -> str:
        """What it sorts by, and which are first: ``by calls ↓ most first``."""
        ways = _WAYS.get(self.name, _OF_TEXTS)
        return f"by {self.name} {'↓' if self.is_falling else '↑'} {ways[self.is_reversed]}"

    def following(self) -> TraceSort:
        """Return the next column's order."""
        at = SORT_NAMES.index(self.name) + 1
        return TraceSort(SORT_NAMES[at % len(SORT_NAMES)])

    def reversed(self) -> TraceSort:
        """Return the same column, the other way round."""
        return TraceSort(self.name, not self.is_reversed)

    def sql(self, conditions: Conditions) -> str:
        """Return the ORDER BY of rows ``r`` that fulfil ``conditions``."""
        if self.is_newest_first or self.name == TODAY:
            return conditions.newest_first
        sign = "+" if conditions.is_rare else ""
        way = "DESC" if self.is_falling else "ASC"
        if self.name == "started":
            return f"{sign}r.started_us {way}, r.id {way}"
        return f"{_COLUMNS[self.name]} {way} NULLS LAST, r.started_us DESC, r.id DESC"
