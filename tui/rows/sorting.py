"""The orders that a list of traces may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from replay.store.selecting import Conditions

_FAILED: Final = "r.tool_call_count - coalesce(r.outcome_counts ->> 'ok', 0)"

_COLUMNS: Final = {
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

    def following(self) -> TraceSort:
        """Return the next column's order."""
        at = SORT_NAMES.index(self.name) + 1
        return TraceSort(SORT_NAMES[at % len(SORT_NAMES)])

    def reversed(self) -> TraceSort:
        """Return the same column, the other way round."""
        return TraceSort(self.name, not self.is_reversed)

    def sql(self, conditions: Conditions) -> str:
        """Return the ORDER BY of rows ``r`` that fulfil ``conditions``."""
        if self.is_newest_first:
            return conditions.newest_first
        sign = "+" if conditions.is_rare else ""
        way = "DESC" if self.is_falling else "ASC"
        if self.name == "started":
            return f"{sign}r.started_us {way}, r.id {way}"
        return f"{_COLUMNS[self.name]} {way} NULLS LAST, r.started_us DESC, r.id DESC"
