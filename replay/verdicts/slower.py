"""Calls that wait longer today than the whole call took when it was recorded, counted by tool.

A replay measures no computing: its machine is another one, and so is its load. But how long a tool
sleeps, and waits for recorded answers, goes by the frozen world's clock, and is the same in every
replay. It changes no verdict: budgets are for that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import Final

from replay.records import CallVerdict, JsonObject, Policy, ToolCall, Verdict
from replay.records.replays import LONG_WAIT_MS

_TIMES: Final = 1.5
"""A call of a minute that waits two seconds more is as it was."""

_KEPT_MAX: Final = 1000
"""Calls of each tool to take the median of."""

_UNJUDGED: Final = frozenset({Verdict.UNANSWERED, Verdict.NOT_RUN, Verdict.SERVED})
"""What these waited for is no answer: a tool that is told none tries again, or gives up late."""


class Slower:
    """Adds up over a run which calls wait longer."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._waits: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)

    def add(self, call: ToolCall, verdict: CallVerdict, waited_ms: float | None) -> None:
        """Count one call; ``waited_ms`` None: it waited less than a second, or did so before."""
        took_ms = call.duration_ms
        if waited_ms is None or not took_ms or verdict.verdict in _UNJUDGED:
            return
        if verdict.policy is Policy.LIVE or verdict.interaction_changes:
            return
        if waited_ms < max(took_ms + LONG_WAIT_MS, took_ms * _TIMES):
            return
        self._calls[verdict.tool] += 1
        if len(self._waits[verdict.tool]) < _KEPT_MAX:
            self._waits[verdict.tool].append((waited_ms, took_ms))

    def report(self) -> JsonObject:
        """Return by tool: ``calls``, and medians of ``waits_ms`` today and ``took_ms`` then."""
        return {
            tool: {
                "calls": calls,
                "waits_ms": round(median(waits for waits, _ in self._waits[tool]), 1),
                "took_ms": round(median(took for _, took in self._waits[tool]), 1),
            }
            for tool, calls in sorted(self._calls.items())
        }
