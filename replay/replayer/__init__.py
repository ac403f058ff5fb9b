"""Today's tools over yesterday's model outputs: plan, workers, pool, replay runs.

The names below are looked up when used: a worker process imports this package too, and has no use
for the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replay.replayer.by_trace import ReplayedTrace, TraceByTrace
    from replay.replayer.pool import Isolation
    from replay.replayer.replayer import DEADLINE_MS, Progress, Replayer

__all__ = ["DEADLINE_MS", "Isolation", "Progress", "ReplayedTrace", "Replayer", "TraceByTrace"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in ("ReplayedTrace", "TraceByTrace"):
        from replay.replayer import by_trace

        return getattr(by_trace, name)
    from replay.replayer import replayer

    return getattr(replayer, name)
