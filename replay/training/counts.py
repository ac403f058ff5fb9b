"""What became of a selection: how much training data, of what, and why not the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from replay.records import JsonObject
from replay.training.formats import Example

NOTHING_MASKED: Final = "nothing"

NO_TOOL: Final = "(words)"
"""Stands for the tool of examples that teach to answer in words."""


@dataclass
class PartCounts:
    """What one part holds."""

    example_count: int = 0
    trace_ids: set[str] = field(default_factory=set)
    tools: Counter[str] = field(default_factory=Counter)
    """Examples that teach to call each; one may call several, so they add up to more."""
    models: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)

    def add(self, example: Example) -> None:
        """Count one more."""
        self.example_count += 1
        self.trace_ids.add(example.trace_id)
        self.tools.update(example.tools or (NO_TOOL,))
        self.models[example.model or "(unknown)"] += 1
        self.sources[example.source] += 1

    def to_json(self) -> JsonObject:
        """Return the counts, each by its name, the most frequent first."""
        return {
            "examples": self.example_count,
            "traces": len(self.trace_ids),
            "tools": dict(self.tools.most_common()),
            "models": dict(self.models.most_common()),
            "sources": dict(self.sources.most_common()),
        }


@dataclass
class Counts:
    """What became of all selected traces."""

    trace_count: int = 0
    decision_count: int = 0
    group_count: int = 0
    """Groups of traces that must not be divided."""
    duplicate_count: int = 0
    thinned_count: int = 0
    """Left out for balance."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Why decisions did not become examples."""
    lost: Counter[str] = field(default_factory=Counter)
    """What chat messages cannot say."""
    masked: Counter[str] = field(default_factory=Counter)
    """Traces, by what was masked in them as they were read."""
    first_at: str | None = None
    last_at: str | None = None
    """When the earliest and the latest of the traces began."""
    parts: dict[str, PartCounts] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """The file of each part."""

    def saw(self, started_at: str, masked: bool | list[str]) -> None:
        """Count a trace; ``masked``: what was masked in it (`is_redacted`)."""
        self.trace_count += 1
        kinds = f", {', '.join(sorted(masked))}" if isinstance(masked, list) else ""
        self.masked[f"secrets{kinds}" if masked else NOTHING_MASKED] += 1
        self.first_at = min(self.first_at or started_at, started_at)
        self.last_at = max(self.last_at or started_at, started_at)

    def to_json(self) -> JsonObject:
        """Return everything that was counted."""
        return {
            "traces": self.trace_count,
            "decisions": self.decision_count,
            "groups": self.group_count,
            "duplicates": self.duplicate_count,
            "thinned": self.thinned_count,
            "left_out": dict(self.left_out.most_common()),
            "lost": dict(self.lost.most_common()),
            "masked": dict(self.masked.most_common()),
            "first_at": self.first_at,
            "last_at": self.last_at,
            "parts": {
                name: {**part.to_json(), "file": self.files.get(name)}
                for name, part in self.parts.items()
            },
        }
