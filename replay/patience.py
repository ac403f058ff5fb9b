"""How long this process waits for databases that others have locked: a command's own word.

Apart from the store, which takes a while to import: options are read before anything is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_AGAIN_S: Final = 0.1
"""What a command waits after it has waited in vain."""


@dataclass(slots=True)
class Patience:
    """How long this process waits for locks. A command sets it; others wait as each was asked."""

    limit_s: float | None = None
    """At most so long for one lock, whatever it was asked for; None: as it was asked."""
    tell: Callable[[Path, float], None] | None = None
    """Told once of a lock that is waited for, and how many seconds more at most."""
    is_over: bool = False
    """A lock was waited for in vain: what comes after (the audit's note) hardly waits."""

    def most_s(self, asked_s: float) -> float:
        """Return how long to wait where ``asked_s`` is usual; who waits for nobody still does."""
        if not asked_s:
            return 0.0
        wanted = asked_s if self.limit_s is None else self.limit_s
        return min(wanted, _AGAIN_S) if self.is_over else wanted


patience: Final = Patience()
"""Of this process."""
