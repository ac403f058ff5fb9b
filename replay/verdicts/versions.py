"""Which calls of a run were read by another version than the one that was recorded.

Written for a stream, as coverage is: ``add`` every verdict, then ``report``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from replay.records import CallVerdict, JsonObject, ToolCall

_Key: TypeAlias = tuple[str, str, str, tuple[str, ...]]
"""Tool, recorded version, today's version, the versions that a translation passed."""


@dataclass(slots=True)
class _Seen:
    trace_id: str
    step_number: int
    calls: int = 0


class VersionsSeen:
    """Adds up over a run which versions read what other versions had read."""

    def __init__(self) -> None:
        self._seen: dict[_Key, _Seen] = {}

    def add(self, call: ToolCall, verdict: CallVerdict) -> None:
        """Count one call."""
        result = verdict.replayed
        if result is None or call.tool_version is None or result.schema_hash is None:
            return
        is_same_reader = not result.translation or result.schema_hash == call.schema_hash
        if result.tool_version == call.tool_version and is_same_reader:
            return  # under an alias too: it led there when it was recorded
        key = (call.tool, call.tool_version, result.tool_version or "", tuple(result.translation))
        place = (call.trace_id, call.step_number)
        seen = self._seen.setdefault(key, _Seen(*place))
        seen.calls += 1
        if place < (seen.trace_id, seen.step_number):  # traces end in any order
            seen.trace_id, seen.step_number = place

    def report(self) -> list[JsonObject]:
        """Return one object for each tool, recorded version, today's version and translation.

        ``translation`` is the versions that were passed; empty: no translation leads there, and
        today's version read the old arguments as they are.
        """
        return [
            {
                "tool": tool,
                "recorded": recorded,
                "today": today or None,
                "translation": list(translation),
                "calls": seen.calls,
                "trace_id": seen.trace_id,
                "step_number": seen.step_number,
            }
            for (tool, recorded, today, translation), seen in sorted(self._seen.items())
        ]
