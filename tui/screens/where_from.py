"""From a value to where it came from, and back."""

from __future__ import annotations

from functools import partial

from replay.verdicts.origins import Origin, TooCommonError, origins
from tui.rows.origins import sources_before
from tui.rows.steps import StepList
from tui.screens.origins import TABS as ORIGIN_TABS
from tui.screens.origins import OriginsScreen
from tui.screens.steps import StepsScreen
from tui.views.json_entries import json_text
from tui.views.parts import cut, printable


class WhereFrom(StepsScreen):
    """The keys that ask where a value came from."""

    def __init__(
        self,
        steps: StepList,
        *,
        run_id: str | None = None,
        step_number: int | None = None,
        tab: str | None = None,
    ) -> None:
        """As `StepsScreen`."""
        super().__init__(steps, run_id=run_id, step_number=step_number, tab=tab)
        self._returns: list[tuple[str, str, int]] = []
        """Where one was before going where a value came from: step, tab, line."""

    def action_origins(self) -> None:
        """Show the earlier parts of the trace that carried the value under the cursor."""
        detail = self.detail
        if detail is None:
            return
        value = self.outline.value_here()
        if self.focused is not self.outline or value is None:
            self._stay("put the cursor on a value first: tab goes to the other pane")
            return
        with self.telling_errors():
            sources = sources_before(self.replay.the_database, self.steps, detail, self.tab)
            try:
                found = origins(value, sources)
            except TooCommonError as error:
                self._stay(str(error))
                return
            wanted = value if isinstance(value, str) else json_text(value)
            if not found:
                words = "nowhere before this step (made up, computed, or the tools' own): "
                self._stay(words + cut(printable(wanted), max(8, self.size.width - len(words) - 4)))
                return
            self.app.push_screen(OriginsScreen(wanted, found, partial(self._go_to_origin, wanted)))

    def _go_to_origin(self, wanted: str, origin: Origin) -> None:
        row = self.row
        if row is not None:
            self._returns.append((row.id, self.tab, self.outline.cursor))
        self._chosen_tab = ORIGIN_TABS[origin.place]
        index = next(
            i for i, one in enumerate(self.steps.steps) if one.number == origin.step_number
        )
        self._stand_at(index)
        self.outline.needle = wanted
        self.outline.find(1, here=True)
        self.outline.focus()
        self.say(("this is where it was   ", "good"), ("backspace goes back", "dim"))

    def action_return_back(self) -> None:
        """Go back to where the value was asked for."""
        if not self._returns:
            self._stay("nothing to go back to: w shows where a value came from")
            return
        step_id, self._chosen_tab, line = self._returns.pop()
        self._stand_at(next((i for i, one in enumerate(self.steps.steps) if one.id == step_id), 0))
        self.outline.cursor = min(line, max(0, self.outline.line_count() - 1))
        self.outline.focus()
