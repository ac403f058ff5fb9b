"""Stepping through a transcript, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui.rows.steps import StepRow
from tui.screens.steps import StepsScreen
from tui.views.step_views import TAB_NAMES, tab_applies

_PARTS: Final = {
    "model": ("Prompt", "Output"),
    "tool": ("Output", "Payload", "Outside", "Response", "Verdict"),
}
"""The parts of a step in the order they happened: what ``s`` steps through."""


class Stepping(StepsScreen):
    """The keys that go from step to step."""

    def action_step(self, direction: int) -> None:
        """Go to the next step; while a search is on: to the next match."""
        if self.search_step(direction):
            return
        self._go(self.table.cursor + direction, "this is the last step", "this is the first step")

    def action_seek(self, what: str, direction: int) -> None:
        """Go to the next step of a kind."""
        tests: dict[str, tuple[Callable[[StepRow], bool], str]] = {
            "divergence": (self._differs, "calls that differ today"),
            "error": (lambda row: row.is_error, "errors"),
            "model": (lambda row: row.kind == "model", "model calls"),
            "tool": (lambda row: row.kind == "tool", "tool calls"),
        }
        test, words = tests[what]
        index = self._seek_from(self.table.cursor, direction, test)
        if index is None:
            where = "after" if direction > 0 else "before"
            why = ""
            if what == "divergence" and self.steps.run is None:
                why = " (not replayed yet: replay run)"
            self._stay(f"no {words} {where} this step{why}")
            return
        if what == "divergence":
            self._chosen_tab = None
        self.table.cursor = index

    def action_into(self, direction: int) -> None:
        """Go to the next part of this step, then to the next step."""
        row, detail = self.row, self.detail
        if row is None or detail is None:
            return
        parts = [name for name in _PARTS[row.kind] if tab_applies(name, detail)]
        at = parts.index(self.tab) if self.tab in parts else -1 if direction > 0 else 0
        if 0 <= at + direction < len(parts):
            self.action_tab(TAB_NAMES.index(parts[at + direction]))
            return
        index = self.table.cursor + direction
        if 0 <= index < len(self.steps.steps):
            following = _PARTS[self.steps.steps[index].kind]
            self._chosen_tab = following[0] if direction > 0 else None
        self._go(index, "this is the last step", "this is the first step")
