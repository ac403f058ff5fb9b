"""What a replay run says of recordings that were masked less than today's settings mask."""

from __future__ import annotations

from replay.records import ReplayRun
from replay.report.ink import count


def masked_otherwise_words(run: ReplayRun, database: str = "traces.db") -> list[str]:
    """Return what to do about traces that hold in the clear what today's settings mask."""
    told = run.coverage.get("masked_otherwise")
    if not told:
        return []
    was = "was" if told["trace_count"] == 1 else "were"
    return [
        f"{count(told['trace_count'], 'trace')} {was} recorded when [tool.replay.mask] did not "
        f"mask {', '.join(told['kinds'])}, and it does now: they were compared as they are, and "
        "what this run keeps is masked. "
        f"`replay mask --apply {database}` masks what is stored, too."
    ]
