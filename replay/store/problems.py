"""What a check says is wrong, many findings of one sort as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be."""

    what: str
    """The first of its sort, in words."""
    where: str
    what_to_do: str
    count: int = 1
    """How many of this sort there are; ``what`` and ``where`` tell the first."""

    def __str__(self) -> str:
        """Two lines: what and where, with how many more; what to do."""
        more = f" (and {self.count - 1:,} more of this sort)" if self.count > 1 else ""
        return f"{self.what.rstrip('.')}; in {self.where}{more}\n  {self.what_to_do}"


def grouped(found: Iterable[tuple[str, Problem]]) -> list[Problem]:
    """Return one problem for each sort: its first, with how many there are."""
    firsts: dict[str, Problem] = {}
    counts: dict[str, int] = {}
    for sort, problem in found:
        firsts.setdefault(sort, problem)
        counts[sort] = counts.get(sort, 0) + 1
    return [replace(problem, count=counts[sort]) for sort, problem in firsts.items()]


DAMAGED = "The file was damaged outside replay: restore it from a backup, or record again."
CHANGED = (
    "The file was changed outside replay: mend it by hand, restore it from a backup, or record "
    "again."
)
