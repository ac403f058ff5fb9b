"""The calls that a comparison steps through: of one trace, or of one finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from replay.records import CallVerdict, Finding, Interaction, ToolCall
from tui.rows.database import Database
from tui.rows.replays import FoundCalls, RunFindings, read_found_call
from tui.rows.steps import StepList, StepRow, read_detail


@dataclass(frozen=True, slots=True)
class Compared:
    """One call, with what a replay run says of it."""

    trace_id: str
    step_number: int
    call: ToolCall
    verdict: CallVerdict | None
    """None: no replay run has judged it."""
    interactions: Sequence[Interaction]


class Comparisons(Protocol):
    """Calls in an order, each read when it is looked at."""

    @property
    def noun(self) -> str:
        """What they are: ``tool call``."""
        ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> Compared:
        """Return one of them.

        Raises:
            StoreError: the database cannot be read.
        """
        ...

    def is_different(self, index: int) -> bool:
        """Say whether somebody stepping through differences stops here."""
        ...


class StepComparisons:
    """The tool calls of a trace."""

    noun = "tool call"

    def __init__(self, database: Database, steps: StepList) -> None:
        """``steps`` come with their verdicts."""
        self._database = database
        self._steps = steps
        self._rows = [row for row in steps.steps if row.kind == "tool"]

    def __len__(self) -> int:
        return len(self._rows)

    def index_of(self, row: StepRow) -> int | None:
        """Return where a step is; None: it is no tool call."""
        return next((at for at, one in enumerate(self._rows) if one.key == row.key), None)

    def read(self, index: int) -> Compared:
        """Return one of them."""
        row = self._rows[index]
        detail = read_detail(self._database, self._steps, row)
        assert detail.tool_call is not None
        return Compared(
            self._steps.trace.id, row.number, detail.tool_call, detail.verdict, detail.interactions
        )

    def is_different(self, index: int) -> bool:
        """Say whether today differs."""
        said = self._steps.verdicts.get(self._rows[index].key)
        return said is not None and said.is_divergence


class FindingComparisons:
    """The calls of a finding."""

    noun = "call with this cause"

    def __init__(
        self, database: Database, found: RunFindings, finding: Finding, calls: FoundCalls
    ) -> None:
        """``calls`` of ``finding``."""
        self._database = database
        self._found = found
        self._finding = finding
        self._calls = calls

    def __len__(self) -> int:
        return len(self._calls)

    def read(self, index: int) -> Compared:
        """Return one of them."""
        at = self._calls[index]
        verdict, call, interactions = read_found_call(
            self._database, self._found, self._finding, at
        )
        return Compared(at.trace_id, at.step_number, call, verdict, interactions)

    def is_different(self, index: int) -> bool:
        """All of them are."""
        return True
