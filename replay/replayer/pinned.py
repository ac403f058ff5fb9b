"""A replay of what is pinned: of a trace that is pinned by steps, only those steps are judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from replay.records import CallVerdict, Pin


@dataclass(frozen=True, slots=True)
class PinnedSteps:
    """The pinned steps by trace; a trace that is not in here is judged whole."""

    by_trace: dict[str, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, pins: Iterable[Pin]) -> Self:
        """Return what these pins leave to be judged."""
        steps: dict[str, set[int]] = {}
        whole = set()
        for pin in pins:
            if pin.step_number is None:
                whole.add(pin.trace_id)
            else:
                steps.setdefault(pin.trace_id, set()).add(pin.step_number)
        return cls({trace: found for trace, found in steps.items() if trace not in whole})

    def judged(self, trace_id: str, verdicts: list[CallVerdict]) -> list[CallVerdict]:
        """Return the verdicts of one trace that count.

        All of them where none is on a pinned step: the pin is on a model call.
        """
        steps = self.by_trace.get(trace_id)
        if steps is None:
            return verdicts
        return [one for one in verdicts if one.step_number in steps] or verdicts
