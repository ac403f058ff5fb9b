"""The calls of an edited branch, for a comparison: as recorded, and as the edit has them."""

from __future__ import annotations

from replay.records import JsonValue, ReplayRun, ToolCall
from tui.rows.branches import BranchReader
from tui.rows.comparisons import Compared
from tui.rows.database import Database


class BranchComparisons:
    """The tool calls of an edited branch."""

    noun = "call of the edited branch"

    def __init__(self, database: Database, run: ReplayRun, trace: int) -> None:
        """``run``: a what-if, as `tui.rows.branches` reads it; ``trace``: the row of its trace."""
        assert run.branch is not None
        self._database = database
        self._branch = run.branch
        self._reader = BranchReader(database, run)
        self._trace = trace

    def __len__(self) -> int:
        return len(self._branch.steps)

    def read(self, index: int) -> Compared:
        """Return one of them."""
        verdict = self._reader.whole().steps[index].edited
        return Compared(self._branch.trace_id, verdict.step_number, self._call(index), verdict, ())

    def whole(self, index: int) -> dict[str, JsonValue]:
        """Return one of them with all its values, recorded and edited."""
        step = self._reader.whole().steps[index]
        return {
            "recorded": self._call(index).model_dump(mode="json"),
            "edited": step.edited.model_dump(mode="json"),
        }

    def is_different(self, index: int) -> bool:
        """Say whether the edit makes a difference to it."""
        return self._branch.steps[index].differs

    def _call(self, index: int) -> ToolCall:
        tool_call = self._branch.steps[index].edited.tool_call_id
        with self._database.reading():
            found: list[ToolCall] = self._database.records.records(
                "tool_call", "r.trace = ? AND r.id = ?", [self._trace, tool_call]
            )
        return found[0]
