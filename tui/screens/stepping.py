"""Stepping through a transcript, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.widget import Widget

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
            "error": (lambda row: row.is_error, "steps that are not ok"),
            "model": (lambda row: row.kind == "model", "model calls"),
            "tool": (lambda row: row.kind == "tool", "tool calls"),
        }
        test, words = tests[what]
        index = self._seek_from(self.table.cursor, direction, test)
        if index is None:
            where = "after" if direction > 0 else "before"
            why = ""
            if what == "divergence" and self.steps.run is None:
                why = "   not replayed yet: r replays it"
            self._stay(f"no {words} {where} this step{why}")
            return
        if what == "divergence":
            self._chosen_tab = None
        self.table.cursor = index

    def action_over(self, direction: int) -> None:
        """Go to the next step that is not a call of the same model output."""
        row = self.row
        if row is None or row.siblings < 2:
            self.action_step(direction)
            return
        asked_by = row.model_call
        index = self._seek_from(
            self.table.cursor, direction, lambda one: one.model_call != asked_by
        )
        end = len(self.steps.steps) if direction > 0 else -1
        self._go(end if index is None else index, "this is the last step", "this is the first step")

    def action_out(self) -> None:
        """From the detail to the list of steps; from a call to the model call that asked for it."""
        if self.focused is self.outline:
            self.action_other_pane(-1)
            return
        row = self.row
        asked_by = None if row is None else row.model_call
        if asked_by is None:
            self._stay("no model call asked for this step: q goes back to the traces")
            return
        index = self._seek_from(
            self.table.cursor, -1, lambda one: one.kind == "model" and one.key == asked_by
        )
        if index is not None:
            self.table.cursor = index

    def action_go_to(self) -> None:
        """Ask for a step by its number."""
        self._ask_number("", self.focused or self.table)

    def _ask_number(self, value: str, back: Widget) -> None:
        """``value``: what was typed and is no step; it can be mended."""

        def done(text: str | None) -> None:
            back.focus()
            if text and text.strip() and not self._go_to_number(text.strip()):
                self._ask_number(text, back)

        last = self.steps.steps[-1].number if self.steps.steps else 0
        self.prompt.ask(
            "go to step", value, on_done=done, placeholder=f"1 to {last}, +10, -10, $ the last"
        )

    def _go_to_number(self, text: str) -> bool:
        """Go there; False: there is no such step, which is said."""
        steps = self.steps.steps
        here = self.row
        last = steps[-1].number if steps else 0
        relative = text[0] in "+-" and here is not None
        if text == "$":
            wanted = last
        elif text.lstrip("+-").isdecimal():
            wanted = int(text) + (here.number if relative and here is not None else 0)
        else:
            self._stay(f"{text!r} is no step: write 12, +10, -10 or $")
            return False
        index = next((i for i, one in enumerate(steps) if one.number >= wanted), None)
        if index is None or wanted < 1:
            self._stay(f"there is no step {wanted}: this trace has 1 to {last}")
            return False
        self.table.cursor = index
        return True

    def action_into(self, direction: int) -> None:
        """Go to the next part of this step, then to the next step."""
        row, detail = self.row, self.detail
        if row is None or detail is None:
            return
        parts = [name for name in _PARTS[row.kind] if tab_applies(name, detail)]
        at = parts.index(self.tab) if self.tab in parts else -1 if direction > 0 else 0
        if 0 <= at + direction < len(parts):
            self.action_tab(TAB_NAMES.index(parts[at + direction]))
            self._say_again()  # not what was said where there was no further part
            return
        index = self.table.cursor + direction
        if 0 <= index < len(self.steps.steps):
            following = _PARTS[self.steps.steps[index].kind]
            self._chosen_tab = following[0] if direction > 0 else None
        self._go(index, "this is the last step", "this is the first step")
