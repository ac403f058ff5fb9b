"""What traces there are, by tool, model, outcome and so on: choosing one narrows the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult

from replay.errors import ReplayError
from tui.actions import FACETS
from tui.rows.facets import Facet, Facets, narrowed
from tui.rows.filter_words import filter_word
from tui.rows.traces import TraceList
from tui.screens.base import BaseScreen
from tui.screens.searching import Searching
from tui.views.facet_lines import FacetLine, facet_lines
from tui.views.parts import count, printable
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import FacetTable


class FacetsScreen(Searching, BaseScreen):
    """Every value with the number of traces that have it; they come as they are counted."""

    BINDINGS = bindings(FACETS)
    PLACES: ClassVar[tuple[str, ...]] = (FACETS,)

    def __init__(self, traces: TraceList, on_choose: Callable[[str], object]) -> None:
        """``traces``: what is counted; ``on_choose`` gets the filter that was chosen."""
        super().__init__()
        self.traces = traces
        self._on_choose = on_choose
        is_all = not traces.wanted and traces.is_complete
        self._facets = Facets(traces.database, None if is_all else traces.keys)
        self._found: list[Facet] = []
        self._is_counting = True
        self._is_failed = False

    def compose_body(self) -> ComposeResult:
        """The list."""
        table = FacetTable(id="facets")
        table.add_class("pane")
        table.border_title = "What there is"
        table.noun, table.place_more = "value", "…"
        yield table

    @property
    def table(self) -> FacetTable:
        """The list."""
        return self.query_one(FacetTable)

    def on_mount(self) -> None:
        """Count."""
        text = self.traces.wanted.text
        among = [("   among ", "dim"), (printable(text), "accent")] if text else []
        self.say_head([(count(len(self.traces), "trace"), "strong"), *among])
        self.table.focus()
        self._say_position()
        self._count()

    def on_unmount(self) -> None:
        """End the counting."""
        self._facets.stop()

    @work(thread=True, description="a thread", group="count")
    def _count(self) -> None:
        try:
            for facet in self._facets.read():
                if not self.app.is_running:
                    return
                self.app.call_from_thread(self._counted, facet)
        except ReplayError as error:
            self._is_failed = True
            if self.app.is_running:
                self.app.call_from_thread(self.complain, error)
        finally:
            if self.app.is_running:
                self.app.call_from_thread(self._ended)

    def _counted(self, facet: Facet) -> None:
        if not self.is_ready:
            return
        table = self.table
        is_first = not self._found
        self._found.append(facet)
        table.facet_lines = facet_lines(self._found)
        if is_first:
            table.set_reactive(FacetTable.cursor, 1)
        table.lines_changed()
        self._say_position()

    def _ended(self) -> None:
        self._is_counting = False
        if self.is_ready:
            self.table.place_more = ""
            self.table.nothing = "No trace, so nothing to choose from: q goes back."
            if self._is_failed:
                self.table.nothing = "The traces cannot be read."
            else:
                self._say_position()
            self.table.lines_changed()

    def _say_position(self) -> None:
        line = self.line_here()
        if self._is_counting:
            values = sum(len(facet.values) for facet in self._found)
            self.say((f"counting… {values:,} values so far", ""), ("   esc stops", "dim"))
        elif not self._found:
            self.say(("there is nothing to choose from", "warn"))
        elif line is not None and line.value is not None:
            word = printable(filter_word(line.name, line.value))
            self.say(("enter shows only ", "dim"), (f"{line.name}:{word}", "accent"))
        else:
            self.say(("", ""))

    def line_here(self) -> FacetLine | None:
        """Return what is under the cursor."""
        lines = self.table.facet_lines
        return lines[self.table.cursor] if lines else None

    @on(Lines.Moved)
    def _moved(self) -> None:
        self._say_position()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        """Show only the traces with this value."""
        line = self.line_here()
        if line is None or line.value is None:
            self.app.bell()
            return
        text = narrowed(self.traces.wanted, line.name, filter_word(line.name, line.value))
        self.app.pop_screen()
        self._on_choose(text)

    def action_group(self, direction: int) -> None:
        """Go to the next group, or the one before."""
        lines, here = self.table.facet_lines, self.table.cursor
        firsts = [at + 1 for at, line in enumerate(lines) if line.value is None and line.count < 0]
        wanted = [at for at in firsts if (at > here if direction > 0 else at < here)]
        if wanted:
            self.table.cursor = wanted[0] if direction > 0 else wanted[-1]

    def action_step(self, direction: int) -> None:
        """Go to the next match while a search is on."""
        if not self.search_step(direction):
            self.app.bell()

    def action_back(self) -> None:
        """End the search; else leave."""
        if self.is_searching:
            self.stop_search()
            self._say_position()
        else:
            super().action_back()
