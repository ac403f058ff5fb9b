"""Which tools a run did not replay from their cassettes, counted by tool.

Written for a stream, as coverage is: ``add`` every verdict, then ``report``.
"""

from __future__ import annotations

from collections import Counter

from replay.records import CallVerdict, JsonObject, Verdict
from replay.records.replays import GAP


class PoliciesSeen:
    """Adds up over a run what was served, live, or refused."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._gaps: Counter[tuple[str, str]] = Counter()
        self._judged: Counter[tuple[str, str]] = Counter()

    def add(self, verdict: CallVerdict) -> None:
        """Count one call."""
        if verdict.policy is None:
            return
        key = (verdict.tool, str(verdict.policy))
        self._calls[key] += 1
        self._requests[key] += len(verdict.went_out or ())
        self._gaps[key] += (verdict.note or "").endswith(GAP)
        self._judged[key] += verdict.verdict not in (Verdict.SERVED, Verdict.NOT_RUN)

    def report(self) -> list[JsonObject]:
        """Return one object by tool and policy.

        Its ``calls``; those ``judged``; ``gaps``, those whose effect the world lacks; and the
        ``requests`` that went out.
        """
        return [
            {
                "tool": tool,
                "policy": policy,
                "calls": calls,
                "judged": self._judged[tool, policy],
                "gaps": self._gaps[tool, policy],
                "requests": self._requests[tool, policy],
            }
            for (tool, policy), calls in sorted(self._calls.items())
        ]
