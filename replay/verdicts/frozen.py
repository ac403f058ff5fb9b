"""What a replay did for real: files that its calls wrote, counted by tool.

It changes no verdict, and stands in the note of each call's, from where a run sums it up.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from replay.records import CallVerdict, JsonObject
from replay.records.replays import NOT_FROZEN

_ACTS_MAX: Final = 20
"""Acts of one tool that a run keeps."""


class NotFrozen:
    """Adds up over a run what its calls did for real."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._acts: dict[str, dict[str, None]] = {}

    def add(self, verdict: CallVerdict) -> None:
        """Count what the note of ``verdict`` says."""
        if verdict.note is None or not verdict.note.startswith(NOT_FROZEN):
            return
        self._calls[verdict.tool] += 1
        acts = self._acts.setdefault(verdict.tool, {})
        for act in verdict.note.removeprefix(NOT_FROZEN).split("; "):
            if len(acts) < _ACTS_MAX:
                acts[act] = None

    def report(self) -> JsonObject:
        """Return by tool: ``calls``, and ``acts``."""
        return {
            tool: {"calls": calls, "acts": list(self._acts[tool])}
            for tool, calls in sorted(self._calls.items())
        }
