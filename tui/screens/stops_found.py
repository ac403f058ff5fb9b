"""Where in the traces of the list one breakpoint stops, or one watched value changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult

from replay.errors import ReplayError
from replay.stepping.breakpoints import Breakpoint
from replay.stepping.watches import Watch
from tui.actions import STOPS_FOUND
from tui.rows.hits import Interrupted
from tui.rows.stop_search import StopFound, StopSearch
from tui.rows.traces import TraceList
from tui.screens.base import BaseScreen
from tui.screens.searching import Searching
from tui.views.parts import count, cut, printable
from tui.views.stop_words import found_parts, found_value, looked_parts
from tui.widgets.keys import bindings
from tui.widgets.lines import Lines
from tui.widgets.tables import PartsTable

if TYPE_CHECKING:
    from tui.world_stream import WorldStreams


class StopsFoundScreen(Searching, BaseScreen):
    """What `f` in the lists of breakpoints and watches shows; lines come as they are found."""

    BINDINGS = bindings(STOPS_FOUND)
    PLACES: ClassVar[tuple[str, ...]] = (STOPS_FOUND,)

    def __init__(self, one: Breakpoint | Watch, traces: TraceList) -> None:
        """``one`` is looked for in ``traces``."""
        super().__init__()
        self.one = one
        self.traces = traces
        self.found: list[StopFound] = []
        self.is_looking = True
        self._is_stopped = False
        self._worlds: WorldStreams | None = None
        self._search: StopSearch | None = None

    def compose_body(self) -> ComposeResult:
        """The list."""
        table = PartsTable(id="stops-found")
        table.add_class("pane")
        table.noun = "stop" if isinstance(self.one, Breakpoint) else "change"
        table.border_title = f"{table.noun.capitalize()}s"
        table.place_more = "…"
        yield table

    @property
    def table(self) -> PartsTable:
        """The list."""
        return self.query_one(PartsTable)

    @property
    def text(self) -> str:
        """What is looked for."""
        is_breakpoint = isinstance(self.one, Breakpoint)
        return (self.one.condition if is_breakpoint else self.one.expression).text  # type: ignore[union-attr]  # as is_breakpoint says

    def on_mount(self) -> None:
        """Look."""
        wanted = self.traces.wanted.text
        where = f" · {printable(wanted)}" if wanted else ""
        text = cut(printable(self.text), max(20, self.size.width - 40))
        self.say_head(
            [(text, "strong"), (f"   in {count(len(self.traces), 'trace')}{where}", "dim")]
        )
        self.table.focus()
        self._worlds = worlds = self.replay.world_streams()
        world_of = self.replay.world_by(worlds)
        self._search = StopSearch(self.replay.the_database, self.one, world_of)
        self._say_looked()
        self._look(self._search, worlds)

    def on_unmount(self) -> None:
        """Leave nothing running."""
        self._stop()

    def on_resize(self, event: object) -> None:
        """Cut the lines anew."""
        super().on_resize(event)  # type: ignore[arg-type]  # Textual gives the event it has
        self._show()

    @work(thread=True, description="a thread", group="stops")
    def _look(self, search: StopSearch, worlds: WorldStreams) -> None:
        def tell(*what: object) -> None:
            if self.app.is_running:
                self.app.call_from_thread(self._take, *what)

        def on_progress() -> None:
            if self._is_stopped or not self.app.is_running:
                raise Interrupted
            tell(None)

        problem: ReplayError | None = None
        try:
            for found in search.through(list(self.traces.keys), on_progress):
                tell(found)
        except Interrupted:
            pass
        except ReplayError as error:
            problem = error
        finally:
            worlds.close()
            if self.app.is_running:
                self.app.call_from_thread(self._ended, problem)

    def _take(self, found: StopFound | None) -> None:
        if not self.is_ready:
            return
        if found is not None:
            self.found.append(found)
            self._show()
        self._say_looked()

    def _ended(self, problem: ReplayError | None) -> None:
        self.is_looking = False
        if not self.is_ready:
            return
        self.table.place_more = ""
        if not self.found:
            failed = problem is not None
            none = "Nothing stops there." if self.table.noun == "stop" else "It changes nowhere."
            self.table.nothing = "The traces cannot be read." if failed else none
        self._show()
        if problem is not None:
            self.complain(problem)
        else:
            self._say_looked()

    def _show(self) -> None:
        table = self.table
        width = max(20, table.line_width)
        table.lines_shown = [found_parts(one, width) for one in self.found]
        table.lines_changed()

    def _say_looked(self) -> None:
        if self._search is not None:
            many = len(self.traces)
            parts = looked_parts(
                self._search.looked, many, is_looking=self.is_looking, noun=self.table.noun
            )
            self.say(*parts)

    def _stop(self) -> None:
        self._is_stopped = True
        if self._worlds is not None:
            self._worlds.stop()

    @on(Lines.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the trace at this step."""
        if not self.found:
            self.app.bell()
            return
        found = self.found[self.table.cursor]
        self.replay.open_trace(found.trace_id, step_number=found.step.number)

    def action_step(self, direction: int) -> None:
        """Go to the next match while a search is on."""
        if not self.search_step(direction):
            self.app.bell()

    def action_copy(self) -> None:
        """Copy the list as JSON."""
        self.copy([found_value(one) for one in self.found], f"{self.table.noun}s")

    def action_back(self) -> None:
        """End the search for a text, then the look; else leave."""
        if self.is_searching:
            self.stop_search()
            self._say_looked()
        elif self.is_looking and not self._is_stopped:
            self._stop()
        else:
            super().action_back()
