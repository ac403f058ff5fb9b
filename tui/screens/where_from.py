"""From a value to where it came from, and back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from textual import work

from replay.errors import ReplayError
from replay.verdicts.origins import Origin, TooCommonError, origins
from tui.rows.hits import Interrupted
from tui.rows.origins import sources_before
from tui.rows.steps import StepDetail, StepList
from tui.screens.origins import TABS as ORIGIN_TABS
from tui.screens.origins import OriginsScreen
from tui.screens.steps import StepsScreen
from tui.views.json_entries import json_text
from tui.views.parts import cut, printable

_WANTED_MAX: Final = 500
"""Characters of the value, for a line of the screen."""


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
        self.is_tracing = False
        self._tracing = 0
        self._asked: tuple[Any, StepDetail, str] | None = None
        """What to look for. It is not handed on: a worker is a ring, which would keep megabytes."""

    def action_origins(self) -> None:
        """Show the earlier parts of the trace that carried the value under the cursor."""
        detail = self.detail
        if detail is None:
            return
        value = self.outline.value_here()
        if self.focused is not self.outline or value is None:
            self._stay("put the cursor on a value first: tab goes to the other pane")
            return
        if self.replay.the_database.is_hidden(value):
            self._stay("it is hidden: F3 shows hidden values, and then where they came from")
            return
        self._tracing += 1
        self.is_tracing = True
        self.say(("looking where it came from…", "accent"), ("   esc ends it", "dim"))
        self._asked = (value, detail, self.tab)
        self._look_for_origins(self._tracing)

    @work(thread=True, description="a thread", group="origins")
    def _look_for_origins(self, number: int) -> None:
        if self._asked is None:
            return
        value, detail, tab = self._asked
        self._asked = None

        def tell(act: Callable[[], None]) -> None:
            if self.is_tracing and self._tracing == number and self.app.is_running:
                self.app.call_from_thread(act)

        def on_step(step_number: int) -> None:
            if not self.is_tracing or self._tracing != number:
                raise Interrupted
            if step_number % 1000 == 0 and step_number:
                tell(partial(self._say_progress, step_number, detail.row.number))

        sources = sources_before(self.replay.the_database, self.steps, detail, tab, on_step=on_step)
        try:
            found = origins(value, sources)
        except Interrupted:
            return
        except TooCommonError as error:
            tell(partial(self._found_none, str(error)))
        except ReplayError as error:
            tell(partial(self._could_not_look, error))
        else:
            wanted = value if isinstance(value, str) else json_text(value)
            tell(partial(self._found_origins, wanted[:_WANTED_MAX], found))

    def _say_progress(self, step_number: int, last: int) -> None:
        self.say(
            (f"looking where it came from… step {step_number:,} of {last:,}", "accent"),
            ("   esc ends it", "dim"),
        )

    def _could_not_look(self, error: ReplayError) -> None:
        self.is_tracing = False
        self.complain(error)

    def _found_none(self, why: str) -> None:
        self.is_tracing = False
        self._stay(why)

    def _found_origins(self, wanted: str, found: list[Origin]) -> None:
        if not found:
            words = "nowhere before this step (made up, computed, or the tools' own): "
            room = max(8, self.size.width - len(words) - 4)
            self._found_none(words + cut(printable(wanted), room))
            return
        self.is_tracing = False
        self._say_again()
        self.app.push_screen(OriginsScreen(wanted, found, self._go_to_origin))

    def action_back(self) -> None:
        """End a search that runs; else leave."""
        if self.is_tracing:
            self.is_tracing = False
            self.say(("stopped looking", "warn"))
            return
        super().action_back()

    def on_unmount(self) -> None:
        """Nobody is waiting any more."""
        self.is_tracing = False

    def _go_to_origin(self, origin: Origin) -> None:
        row = self.row
        if row is not None:
            self._returns.append((row.id, self.tab, self.outline.cursor))
        self._chosen_tab = ORIGIN_TABS[origin.place]
        index = next(
            i for i, one in enumerate(self.steps.steps) if one.number == origin.step_number
        )
        self._stand_at(index)
        self.outline.needle = origin.found
        self.outline.find(1, start=self.outline.cursor)
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
