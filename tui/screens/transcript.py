"""One transcript as a debugger shows a program: steps left, everything about one step right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from textual import on

from replay.verdicts.origins import Origin, TooCommonError, origins
from tui.actions import OUTLINE, TRANSCRIPT
from tui.debugging import debug_command, leave_screen_to
from tui.rows.origins import sources_before
from tui.rows.steps import StepDetail, StepList, StepRow, read_detail, read_steps
from tui.screens.base import PanesScreen
from tui.screens.origins import TABS as ORIGIN_TABS
from tui.screens.origins import OriginsScreen
from tui.views.entries import Entry
from tui.views.json_entries import json_text
from tui.views.parts import Part, count, cut, printable
from tui.views.signs import outcome_sign, verdict_sign, verdict_word
from tui.views.step_views import TAB_NAMES, TABS, tab_applies
from tui.widgets.bars import TabBar
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import StepTable

_PARTS: Final = {
    "model": ("Prompt", "Output"),
    "tool": ("Output", "Payload", "Outside", "Response", "Verdict"),
}
"""The parts of a step in the order they happened: what ``s`` steps through."""


class TranscriptScreen(PanesScreen):
    """Step through a trace, forwards and backwards."""

    BINDINGS = bindings(TRANSCRIPT)
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
        self._returns: list[tuple[str, str, int]] = []
        """Where one was before going where a value came from: step, tab, line."""

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

    def _arrive(self) -> None:
        self.table.lines_changed()
        self._show_step()

    def _first_index(self) -> int:
        steps = self.steps.steps
        if self._first_step is not None:
            wanted = self._first_step
            return next((i for i, one in enumerate(steps) if one.number == wanted), 0)
        place = self.replay.places.get(self.steps.trace.id)
        if place is not None:
            step_id, self._chosen_tab = place
            return next((i for i, one in enumerate(steps) if one.id == step_id), 0)
        return self._seek_from(-1, 1, self._differs) or 0

    # -- what it shows ----------------------------------------------------------------------------

    @property
    def row(self) -> StepRow | None:
        """The step under the cursor."""
        steps = self.steps.steps
        return steps[self.table.cursor] if steps else None

    def _say_head(self) -> None:
        trace, run = self.steps.trace, self.steps.run
        parts: list[Part] = [
            (printable(trace.id), "strong"),
            (f"  {printable(trace.app or trace.source)}", ""),
            (f"  {trace.started_at[:16].replace('T', ' ')}", "dim"),
        ]
        if trace.ended_at is None and trace.source == "recorded":
            parts.append(("  ● not ended", "bad"))
        if trace.outcome:
            parts.append((f"  {printable(trace.outcome)}", ""))
        if run is not None:
            parts.append((f"   today: {printable(run.toolbox)}", "accent"))
            parts.append((f" {run.started_at[:16].replace('T', ' ')}", "dim"))
        else:
            parts.append(("   not replayed", "dim"))
        self.say_head(parts)

    def _show_step(self, *, at_change: bool = True) -> None:
        row = self.row
        table = self.table
        self._say_counts()
        if row is None:
            self.outline.show([Entry((("This trace has no steps.", "dim"),))])
            return
        with self.telling_errors():
            self.detail = read_detail(self.replay.the_database, self.steps, row)
            self._choose_tab()
            self._show_tab(at_change=at_change)
        table.border_title = f"Steps {table.cursor + 1}/{len(self.steps.steps)}"
        self.replay.places[self.steps.trace.id] = (row.id, self._chosen_tab)
        self._say_status(row)

    def _choose_tab(self) -> None:
        assert self.detail is not None
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
        self.outline.show(TABS[self.tab](detail), at_change=at_change and self.tab == "Verdict")

    def _say_counts(self) -> None:
        steps = self.steps
        failed = sum(one.is_error for one in steps.steps)
        differing = sum(one.is_divergence for one in steps.verdicts.values())
        words = [count(len(steps.steps), "step")]
        words += [f"{failed} ×"] if failed else []
        words += [f"{differing} ≠"] if differing else []
        self.table.border_subtitle = " · ".join(words)

    def _say_status(self, row: StepRow) -> None:
        sign, role = outcome_sign(row.outcome)
        parts: list[Part] = [
            (f"stopped at {row.number}  ", "strong"),
            (f"{sign} {row.outcome.replace('_', ' ')}", role),
        ]
        if row.siblings > 1:
            parts.append((f"  one of {row.siblings} parallel calls", "dim"))
        verdict = self.steps.verdicts.get(row.key) if row.kind == "tool" else None
        if verdict is not None:
            sign, role = verdict_sign(verdict.verdict, approved=verdict.approved)
            word = verdict_word(verdict.verdict, approved=verdict.approved)
            parts.append((f"   today {sign} {word}", role))
            if verdict.conditional:
                parts.append((" (conditional)", "dim"))
        after = self._seek_from(self.table.cursor, 1, self._differs)
        if after is not None:
            parts.append((f"   next ≠ {self.steps.steps[after].number}", "dim"))
        self.say(*parts)

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
            steps = read_steps(self.replay.the_database, before.trace.id, self.run_id)
            if steps == before:
                return
            here = self.row
            self.steps = self.table.steps = steps
            index = next((i for i, one in enumerate(steps.steps) if here and one.id == here.id), 0)
            self.table.set_reactive(StepTable.cursor, index)
            self.table.lines_changed()
            self._say_head()
            self._say_counts()
            if self.row != here or steps.verdicts != before.verdicts:
                self._show_step(at_change=False)

    # -- stepping ---------------------------------------------------------------------------------

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

    def action_copy(self) -> None:
        """Copy what the cursor is on: in the list the whole step."""
        if self.focused is self.outline:
            self.copy(self.outline.value_here(), "this")
        elif self.detail is not None:
            call = self.detail.tool_call or self.detail.model_call
            if call is not None:
                self.copy(call.model_dump(), f"step {self.detail.row.number}")

    def action_copy_all(self) -> None:
        """Copy the whole pane."""
        self.copy(self.outline.values(), self.tab.lower())

    # -- where a value came from ------------------------------------------------------------------

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

    def _stand_at(self, index: int) -> None:
        """Go to a step at once: what is done to its detail next must not be undone by a message."""
        self.table.set_reactive(StepTable.cursor, index)
        self.table.lines_changed()
        self._show_step(at_change=False)

    def action_return_back(self) -> None:
        """Go back to where the value was asked for."""
        if not self._returns:
            self._stay("nothing to go back to: w shows where a value came from")
            return
        step_id, self._chosen_tab, line = self._returns.pop()
        self._stand_at(next((i for i, one in enumerate(self.steps.steps) if one.id == step_id), 0))
        self.outline.cursor = min(line, max(0, self.outline.line_count() - 1))
        self.outline.focus()

    def action_debug(self) -> None:
        """Leave the screen to a debugger that stops in today's tool, in this call."""
        row, run = self.row, self.steps.run
        if row is None or row.kind != "tool":
            self._stay("only a tool call can be stopped in: t goes to the next one")
            return
        words = debug_command(self.replay.path, self.steps.trace.id, row.number, run)
        with self.telling_errors():
            leave_screen_to(self.app, words)

    def action_findings(self) -> None:
        """Show the findings of the run that the verdicts are from."""
        from tui.screens.findings import FindingsScreen

        if self.steps.run is None:
            self._stay("no replay run looked at this trace yet: replay run DATABASE --tools ...")
            return
        self.app.push_screen(FindingsScreen(self.steps.run.id))
