"""What holds for every trace of a replay run: rules, policies, and the old code's fresh world."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from replay.records import Actor, Policy, ToolCall
from replay.replayer.jobs import LiveMode, Snapshot
from replay.replayer.policies import Policies
from replay.replayer.state_details import StateDetails
from replay.verdicts import Rules
from replay.verdicts.reading import Schemas

if TYPE_CHECKING:
    from replay.tools.resolve import Parser


@dataclass(slots=True)
class SharedStart:
    """The old code's fresh world, where it is the same for every trace: written down once."""

    is_possible: bool
    """Whether the baseline's workers made one world for all traces."""
    snapshot: Snapshot | None = None

    def offer(self, found: Snapshot | None) -> None:
        """Keep the first one that was written down."""
        if self.is_possible and self.snapshot is None and found is not None and found.path:
            self.snapshot = found

    def path_of(self, found: Snapshot) -> str | None:
        """Return the file to read ``found`` from, the shared one where they are equal; or None."""
        if self.snapshot is not None and self.snapshot.digest == found.digest:
            return self.snapshot.path
        return found.path


@dataclass(frozen=True, slots=True)
class LaneTerms:
    """What holds for every trace of a replay run."""

    run_id: str
    rules: Rules
    has_baseline: bool
    stateless: bool
    folder: Path
    """Where worlds are written down."""
    shared_start: SharedStart
    policies: Policies = field(default_factory=Policies)
    parser: Parser = ""
    """Who reads the arguments of today's calls."""
    schemas: Schemas = field(default_factory=Schemas)
    versions: frozenset[tuple[Actor, str, str | None]] = frozenset()
    """Every version of every tool that today's toolbox has."""
    details: StateDetails = field(default_factory=StateDetails)
    worldless: frozenset[tuple[str, str]] = frozenset()
    """Actor and name of the tools that are not given the world."""

    def live_mode(self, call: ToolCall) -> LiveMode:
        """Return whether what ``call`` asks goes out."""
        return "record" if self.policies.of(call.tool, call.actor) is Policy.LIVE else ""
