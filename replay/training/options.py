"""What shall become training data, and how it is divided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Keep: TypeAlias = Literal["good", "ok", "valid", "all"]
KEEP: Final[tuple[Keep, ...]] = ("good", "ok", "valid", "all")

BalanceBy: TypeAlias = Literal["tool", "model"]
BALANCE_BY: Final[tuple[BalanceBy, ...]] = ("tool", "model")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How decisions are chosen, thinned out and divided."""

    keep: Keep | None = None
    """``good``: only what a person rated good or corrected; ``ok``: what fits the schema that the
    model was shown, ended well, and nobody called bad; ``valid``: also calls that failed in their
    tool; ``all``: everything, of tuples only. None: ``all`` of tuples, else ``ok``."""
    split: dict[str, float] = field(default_factory=lambda: {"train": 0.9, "test": 0.1})
    """The share of each part, by its name; together 1."""
    group_label: str | None = None
    """Traces with one value of this label go into one part; None: only those that begin alike."""
    balance: BalanceBy | None = None
    """Thin out what there is most of; None: take everything."""
    balance_max: int | None = None
    """At most so many examples of one kind; None: as many as the median kind has."""
    seed: int = 0
    """Another seed divides and thins out otherwise."""
    run_id: str | None = None
    """A replay run: its outcomes judge the calls instead of the recorded ones, and calls that its
    tools read by a translation make pairs. None: as recorded."""
    deduplicate: bool = True
    """Leave out examples that say the same as an earlier one."""
    masked: tuple[str, ...] | None = None
    """What the store is read masked of beside secrets: kinds of personal data. None: it is read as
    it is; the data card tells it."""
