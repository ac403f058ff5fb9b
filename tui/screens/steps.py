"""The frame of a transcript: the list of steps left, everything about one step right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on

from replay.errors import StoreError
from tui.actions import OUTLINE, TRANSCRIPT
from tui.rows.steps import StepDetail, StepList, StepRow, has_changed, read_detail, read_steps
from tui.screens.base import PanesScreen
from tui.views.entries import Entry
from tui.views.parts import Part, printable
from tui.views.step_views import TAB_NAMES, TABS, tab_applies, tab_size
from tui.views.transcript_words import counts_words, head_parts, status_parts
from tui.widgets.bars import TabBar
from tui.widgets.lines import Lines
from tui.widgets.tables import StepTable


class StepsScreen(PanesScreen):
    """Shows the steps of a trace and one of them; what the keys do is added by its subclasses."""

    PLACES: ClassVar[tuple[str, ...]] = (TRANSCRIPT, OUTLINE)
    TABS: ClassVar[bool] = True

    def __init__(
        self,
        steps: StepList,
        *,
        run_id: str | None = None,
        step_number: int | None = None,
        tab: str | None = None,
    ) -> None:
        """``run_id``: whose verdicts; None: the newest run's, also when there is a newer one."""
        super().__init__()
        self.steps = steps
        self.run_id = run_id
        self.detail: StepDetail | None = None
        self.tab = tab or "Output"
        self._chosen_tab = tab
        """The tab that was asked for: it stays while it has something to say."""
        self._first_step = step_number
        self._counted: StepList | None = None
        """Whose counts are shown."""

    def make_table(self) -> Lines:
        """The list of steps."""
        table = StepTable(id="list-pane")
        table.steps = self.steps
        table.border_title = "Steps"
        return table

    @property
    def table(self) -> StepTable:
        """The list of steps."""
        return self.query_one(StepTable)

    def on_mount(self) -> None:
        """Stand where one was, where one was sent, or at the first difference."""
        table = self.table
        table.focus()
        self._say_head()
        index = self._first_index()
        if index:
            table.set_reactive(StepTable.cursor, index)
        self.call_after_refresh(self._arrive)

    @property
    def is_arriving(self) -> bool:
        """Whether the step is still to be read: `a` and others look at it."""
        return self.detail is None and bool(self.steps.steps)

    def on_unmount(self) -> None:
        """Let go of the step: a screen is a ring that the collector may find much later."""
        self.detail = None

    def _arrive(self) -> None:
        self.fit_list()
        self.table.lines_changed()
        self._show_step()
        row = self.row
        if self.has_class("-single") and row is not None and self._differs(row):
            self.action_other_pane(1)  # what differs is what one came for; back goes to the steps

    def _first_index(self) -> int:
        steps = self.steps.steps
        if self._first_step is not None:
            wanted = self._first_step
            return next((i for i, one in enumerate(steps) if one.number == wanted), 0)
        place = self.replay.places.get(self.steps.trace.id)
        if place is not None:
            step_id, tab = place
            index = next((i for i, one in enumerate(steps) if one.id == step_id), 0)
            if steps and not self._differs(steps[index]):  # else: first what differs, and why
                self._chosen_tab = tab
            return index
        return self._seek_from(-1, 1, self._differs) or 0

    # -- what it shows ----------------------------------------------------------------------------

    @property
    def row(self) -> StepRow | None:
        """The step under the cursor."""
        steps = self.steps.steps
        return steps[self.table.cursor] if steps else None

    def _say_head(self) -> None:
        self.say_head(head_parts(self.steps))

    def _show_step(self, *, at_change: bool = True, is_same: bool = False) -> None:
        """Show the step under the cursor; ``is_same``: it was shown before, with other verdicts."""
        row = self.row
        table = self.table
        self._say_counts()
        if row is None:
            self.outline.show([Entry((("This trace has no steps.", "dim"),))])
            return
        table.border_title = f"Steps {table.cursor + 1}/{len(self.steps.steps)}"
        self._say_status(row)
        with self.telling_errors():  # after the status: what is told last stays
            self.detail = read_detail(self.replay.the_database, self.steps, row)
            self._choose_tab(is_same=is_same)
            self._show_tab(at_change=at_change)
        self.replay.places[self.steps.trace.id] = (row.id, self._chosen_tab)

    def _choose_tab(self, *, is_same: bool) -> None:
        assert self.detail is not None
        if is_same and self.tab == "Verdict" and tab_applies(self.tab, self.detail):
            return  # what was approved just now is still looked at
        wanted = self._chosen_tab
        if wanted is not None and tab_applies(wanted, self.detail):
            self.tab = wanted
            return
        if self._differs(self.detail.row):
            self.tab = "Verdict"
        else:
            self.tab = "Response" if self.detail.row.kind == "tool" else "Output"

    def _show_tab(self, *, at_change: bool = True) -> None:
        detail = self.detail
        if detail is None:
            return
        applying = {name for name in TAB_NAMES if tab_applies(name, detail)}
        self.query_one(TabBar).show(self.tab, applying)
        pane = self.detail_pane
        pane.border_title = f"{detail.row.number} {printable(detail.row.name)}"
        self.outline.needle = ""
        self.show_entries(
            partial(TABS[self.tab], detail),
            size=self._shown_size(detail),
            at_change=at_change and self.tab == "Verdict",
            is_headed=self.tab == "Verdict",
        )

    def _shown_size(self, detail: StepDetail) -> int:
        try:
            return tab_size(self.tab, detail)
        except StoreError:  # what reads it says so in the place of what it would show
            return detail.size

    def _say_counts(self) -> None:
        if self._counted is not self.steps:  # ten thousand of them are not counted at each key
            self._counted = self.steps
            self.table.border_subtitle = counts_words(self.steps)

    def _say_status(self, row: StepRow) -> None:
        following = self._seek_from(self.table.cursor, 1, self._differs)
        next_number = None if following is None else self.steps.steps[following].number
        why = self.arrival_parts()
        parts = status_parts(self.steps, row, next_divergence=next_number, why=why)
        self.say(*parts, is_whole=bool(why))

    def _say_again(self) -> None:
        if self.row is not None:
            self._say_status(self.row)

    def stop_search(self) -> None:
        """End the search, and say again where one is."""
        super().stop_search()
        self._say_again()

    def arrival_parts(self) -> list[Part]:
        """Return why this step was stopped at; nothing: somebody stepped to it."""
        return []

    # -- what happens -----------------------------------------------------------------------------

    @on(Lines.Moved, "#list-pane")
    def _moved(self) -> None:
        self._show_step()

    @on(Lines.Chosen, "#list-pane")
    def _chosen(self) -> None:
        self.action_other_pane(1)

    def database_changed(self) -> None:
        """Take in new steps and verdicts; what is looked at stays as it is."""
        with self.telling_errors():
            before = self.steps
            if not has_changed(self.replay.the_database, before):
                return
            steps = read_steps(self.replay.the_database, before.trace.id, self.run_id)
            if steps == before:
                return
            here = self.row
            self.steps = self.table.steps = steps
            index = next((i for i, one in enumerate(steps.steps) if here and one.id == here.id), 0)
            before_index = self.table.cursor
            self.table.set_reactive(StepTable.cursor, index)
            self.fit_list()
            self.table.lines_changed()
            self._say_head()
            self._say_counts()
            if self.row != here or steps.verdicts != before.verdicts:
                self._show_step(at_change=False, is_same=index == before_index)

    # -- moving -------------------------------------------------------------------------------

    def _go(self, index: int, at_end: str, at_start: str) -> None:
        if index >= len(self.steps.steps):
            self._stay(at_end)
        elif index < 0:
            self._stay(at_start)
        else:
            self.table.cursor = index

    def _stay(self, why: str) -> None:
        self.app.bell()
        self.say((why, "warn"))

    def _seek_from(self, index: int, direction: int, test: Callable[[StepRow], bool]) -> int | None:
        steps = self.steps.steps
        index += direction
        while 0 <= index < len(steps):
            if test(steps[index]):
                return index
            index += direction
        return None

    def _differs(self, row: StepRow) -> bool:
        verdict = self.steps.verdicts.get(row.key) if row.kind == "tool" else None
        return verdict is not None and verdict.is_divergence

    def _stand_at(self, index: int) -> None:
        """Go to a step at once: what is done to its detail next must not be undone by a message."""
        self.table.set_reactive(StepTable.cursor, index)
        self.table.lines_changed()
        self._show_step(at_change=False)

    # -- tabs and the rest ------------------------------------------------------------------------

    def action_tab(self, index: int) -> None:
        """Show a tab, and keep showing it from step to step."""
        self._chosen_tab = self.tab = TAB_NAMES[index]
        row = self.row
        if row is not None:
            self.replay.places[self.steps.trace.id] = (row.id, self._chosen_tab)
        self._show_tab()

    def action_turn(self, direction: int) -> None:
        """Show the next tab."""
        self.action_tab((TAB_NAMES.index(self.tab) + direction) % len(TAB_NAMES))
