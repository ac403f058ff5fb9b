"""From a transcript to the comparison of a call, or of its tool's schemas."""

from __future__ import annotations

from tui.rows.comparisons import StepComparisons
from tui.screens.steps import StepsScreen


class Comparing(StepsScreen):
    """What ``v`` does."""

    def action_compare(self) -> None:
        """Show this call recorded against today; from its schema tab the tool's schemas."""
        row = self.row
        if row is None or row.kind != "tool":
            self._stay("only a tool call can be compared: t goes to the next one")
            return
        if self.tab == "Schema":
            from tui.screens.schemas import SchemasScreen

            self.app.push_screen(SchemasScreen(row.name))
            return
        from tui.screens.comparison import ComparisonScreen

        calls = StepComparisons(self.replay.the_database, self.steps)
        self.app.push_screen(ComparisonScreen(calls, calls.index_of(row) or 0))
