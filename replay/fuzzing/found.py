"""What fuzzing found: failures, and how the cases of each tool went."""

from __future__ import annotations

from dataclasses import dataclass, field

from replay.fuzzing.cases import Case
from replay.fuzzing.judging import Breach
from replay.fuzzing.keeping import Kept


@dataclass(slots=True)
class ToolCounts:
    """How the cases of one tool went."""

    captured: int = 0
    """Different captured payloads that they were made from."""
    cases: int = 0
    valid: int = 0
    """By the published schema; with ``invalid`` and ``undecided`` all of them."""
    invalid: int = 0
    undecided: int = 0
    ran: int = 0
    """Got past the validator."""
    unanswered: int = 0
    """Asked outside what no recording answers: nothing can be said of them."""
    not_run: int = 0
    """Had no world to run in, or no process."""


@dataclass(slots=True)
class Failure:
    """One way in which a tool breaks a law, with the smallest case that shows it."""

    breach: Breach
    case: Case
    signature: str
    file: str | None
    line: int | None
    """Where the tool is."""
    count: int = 1
    """Cases that showed it."""
    test: str = ""
    """The case as a pytest test."""


@dataclass(slots=True)
class FuzzReport:
    """What was found: equal for equal traces, code, seed and count, whatever ran side by side."""

    toolbox: str
    seed: int
    tools: dict[str, ToolCounts] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    """Those that break a tool first, then by tool."""
    mended: list[Kept] = field(default_factory=list)
    """Kept cases that fail no longer."""
    still_failing: list[Kept] = field(default_factory=list)
    unknown_tools: list[str] = field(default_factory=list)
    """Captured, and not in today's toolbox."""
    not_to_run: list[str] = field(default_factory=list)
    """Tools that say themselves that no replay may run them."""
    why_not_run: str | None = None
    """Of the first case that could not be run."""
    has_hypothesis: bool = True
    is_interrupted: bool = False

    @property
    def case_count(self) -> int:
        """All cases that were run."""
        return sum(one.cases for one in self.tools.values())
