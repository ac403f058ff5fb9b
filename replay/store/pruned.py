"""What a pruning removed, or would: counted while it goes on, for whoever ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from replay.store.removing import Removed

Tell = Callable[[str, int, int], None]
"""Told what is being done, and how many of how many are done."""


@dataclass(slots=True)
class Pruned:
    """What a pruning removed, or would."""

    size_bytes_before: int = 0
    size_bytes_after: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    """Traces by what said that they go."""
    removed: Removed = field(default_factory=Removed)
    content_count: int = 0
    """Messages, answers and texts that nothing refers to any more."""
    held: list[str] = field(default_factory=list)
    """Traces that were to go and are held (`replay hold`)."""
    pinned: list[str] = field(default_factory=list)
    """Traces that were to go and are regression cases; removed only where that was asked for."""
    forever: list[str] = field(default_factory=list)
    """Traces that would have gone for their size, and are to be kept for ever."""
    going_on: int = 0
    """Traces that were to go and are still being recorded."""
    oldest: str | None = None
    newest: str | None = None
    """The ends of what went, by start."""
    size_bytes_over: int = 0
    """How much more than the size that was asked for is still in use; 0: none, or none was."""
    can_go_on: bool = False
    """Of a file that is still too large: others recorded meanwhile, and more may go."""
    is_estimate: bool = False
    """A dry run that could not try it on a copy: sizes, and what goes by size, are about right."""
