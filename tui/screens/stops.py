"""Where going on stops in a transcript: differences, breakpoints, changes of watched values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import work
from textual.app import ComposeResult

from replay.errors import ReplayError
from replay.stepping.breakpoints import Breakpoint, names_of
from replay.stepping.watches import Watch
from replay.stepping.worlds import WorldHistory
from tui.answers import Asking
from tui.rows.acting import Tools, tools_at_hand
from tui.rows.hits import Found, Interrupted, look_through
from tui.rows.stops import Stops
from tui.screens.base import back_key
from tui.screens.steps import StepsScreen
from tui.screens.trace_list import TraceListScreen
from tui.views.parts import Part, cut, printable
from tui.views.stop_words import change_parts, watch_rows
from tui.widgets.tables import WatchTable


class Stopping(StepsScreen):
    """The keys that go on to the next stop, and those that say what one is."""

    def __init__(self, *args: object, **more: object) -> None:
        """As `StepsScreen`."""
        super().__init__(*args, **more)  # type: ignore[arg-type]  # passed on as they are
        self.found = Found()
        self.looking = 0
        """The number of the look that is under way; 0: none."""
        self._looks = 0
        self._pending: Callable[[], None] | None = None
        """What waits for the look to end."""
        self._arrived: tuple[int, list[Part]] | None = None
        """Where going on stopped, and why."""
        self._looked_for: object = None
        self._problem: ReplayError | None = None
        """Why the world is not known: it is not asked for again before there is another run."""
        self._asking = Asking()

    def compose_body(self) -> ComposeResult:
        """The panes, and beneath them what is watched."""
        yield from super().compose_body()
        table = WatchTable(id="watches")
        table.add_class("pane")
        table.border_title = "Watches"
        yield table

    def _arrive(self) -> None:
        super()._arrive()
        self.look_again()
        problem, self.replay.stops_problem = self.replay.stops_problem, None
        if problem is not None:
            self.complain(problem)

    def on_screen_resume(self) -> None:
        """Breakpoints may be others now."""
        if self.is_ready:
            self.look_again()

    @property
    def stops(self) -> Stops:
        """The breakpoints and watches of this database."""
        return self.replay.stops

    # -- looking ----------------------------------------------------------------------------------

    def look_again(self) -> None:
        """Find out, in a thread, where breakpoints stop and what watches show."""
        stops = self.stops
        wanted = (self.steps, tuple(stops.breakpoints), tuple(stops.watches))
        self._show_watches()
        if wanted == self._looked_for and (self.looking or self._world_is_settled()):
            return
        self._looked_for = wanted
        self._looks += 1
        self._asking.stop()
        self._asking = Asking()
        if not stops.enabled and not stops.watches:
            self.looking = 0
            self._take(Found())
            return
        self.looking = self._looks
        self._look(self._looks, tuple(stops.breakpoints), tuple(stops.watches), self._asking)

    def _world_is_settled(self) -> bool:
        return not self.needs_world or self._problem is not None or self._world() is not None

    @property
    def needs_world(self) -> bool:
        """Whether a breakpoint or a watch looks at the world."""
        watched = any(one.is_of_world for one in self.stops.watches)
        return watched or "world" in names_of(self.stops.breakpoints)

    def beside_words(self) -> str:
        """Return what a thread does for the breakpoints and watches just now."""
        if not self.looking:
            return ""
        what = "replayed" if self.needs_world else "looked through"
        return f"the trace is {what} for its breakpoints and watches: there is no more to show"

    def _world(self) -> WorldHistory | None:
        return self.replay.worlds.known(self.steps.trace.id, self._by())

    def _by(self) -> tuple[str | None, Tools | None]:
        """What says which tools make the world: the run that is looked at, or who named some."""
        run = self.steps.run
        return None if run is None else run.id, self.replay.tools

    @work(thread=True, description="a thread", group="look")
    def _look(
        self,
        number: int,
        breakpoints: tuple[Breakpoint, ...],
        watches: tuple[Watch, ...],
        ask: Asking,
    ) -> None:
        def is_wanted() -> bool:
            return self.looking == number and self.app.is_running

        def tell(found: Found, *, is_all: bool = True, problem: ReplayError | None = None) -> None:
            if is_wanted():
                take = partial(self._take, found, is_all=is_all, problem=problem)
                self.app.call_from_thread(take)

        steps, database = self.steps, self.replay.the_database
        look = partial(look_through, database, steps, breakpoints, watches, is_wanted=is_wanted)
        problem = self._problem
        world = self._world()
        try:
            if self.needs_world and world is None and problem is None:
                tell(look(None), is_all=False)
                try:
                    by = self._by()
                    tools = self.replay.tools or tools_at_hand(database, steps.run)
                    world = self.replay.worlds.replayed(steps.trace.id, by, tools.words(), ask)
                except ReplayError as error:
                    problem = error
            tell(look(None if world is None else world.copied()), problem=problem)
        except Interrupted:
            return
        except ReplayError as error:
            tell(Found(), problem=error)

    def _take(
        self, found: Found, *, is_all: bool = True, problem: ReplayError | None = None
    ) -> None:
        """Show what was found; ``is_all`` False: the world is still being replayed."""
        self.found = found
        self.table.marks = {
            index: ("●", "bad") if index in found.hits else ("~", "accent")
            for index in self._stop_indexes()
        }
        self.table.refresh()
        self._show_watches(is_replaying=not is_all)
        if not is_all:
            return
        self.looking = 0
        is_news, self._problem = problem is not self._problem, problem
        pending, self._pending = self._pending, None
        if pending is not None:
            pending()
        elif problem is not None and is_news:
            self.complain(problem)

    def _stop_indexes(self) -> set[int]:
        found = self.found
        watched = {
            index
            for watch, series in zip(self.stops.watches, found.series, strict=False)
            if watch.stops
            for index in series.indexes[1:]
        }
        return set(found.hits) | {index for index in watched if index >= 0}

    def _show_watches(self, *, is_replaying: bool | None = None) -> None:
        table = self.query_one(WatchTable)
        watches = self.stops.watches
        replaying = self.looking > 0 if is_replaying is None else is_replaying
        table.lines_shown = watch_rows(
            watches,
            self.found.series,
            self.table.cursor,
            [row.number for row in self.steps.steps],
            is_replaying=replaying,
        )
        table.display = bool(watches)
        is_world = any(one.is_of_world for one in watches)
        table.border_title = "Watches" + (
            ": the world as today's tools make it" if is_world else ""
        )
        table.styles.height = min(len(watches), 5) + 2
        table.lines_changed()

    # -- going on ---------------------------------------------------------------------------------

    def action_go_on(self, direction: int) -> None:
        """Go to the next difference, breakpoint or change of a watched value."""
        if self.looking:
            self._pending = partial(self.action_go_on, direction)
            self.say(("looking for the next stop…", "accent"), ("   esc ends it", "dim"))
            return
        stops = self._stop_indexes()
        index = self._seek_index(
            self.table.cursor, direction, lambda at: at in stops or self._differs_at(at)
        )
        if index is None:
            self._stay(self._nothing_more(direction))
            return
        self._arrived = (index, self._why(index))
        if self._differs_at(index) and index not in self.found.hits:
            self._chosen_tab = None
        self.table.cursor = index

    def _differs_at(self, index: int) -> bool:
        return self._differs(self.steps.steps[index])

    def _seek_index(self, index: int, direction: int, test: Callable[[int], bool]) -> int | None:
        index += direction
        while 0 <= index < len(self.steps.steps):
            if test(index):
                return index
            index += direction
        return None

    def _nothing_more(self, direction: int) -> str:
        """Say that there is no other stop, and the way on: short, for both to be seen."""
        where = "after" if direction > 0 else "before"
        is_plain = not self.stops.enabled and not any(one.stops for one in self.stops.watches)
        what = "nothing differs" if is_plain else "no more stops"
        on = f"{back_key()} goes back"
        if self.steps.run is None:
            on = "not replayed yet: r replays it"
        elif isinstance(self.app.screen_stack[-2], TraceListScreen):
            key, trace = ("c", "next") if direction > 0 else ("C", "previous")
            on = f"{back_key()}, then {key}: {trace} trace"
        return f"{what} {where} this step   {on}"

    def _why(self, index: int) -> list[Part]:
        """Say why going on stopped at a step."""
        parts: list[Part] = []
        if self._differs_at(index):
            parts.append((" differs today", "warn"))
        for place in self.found.hits.get(index, ()):
            text = cut(printable(self.stops.breakpoints[place].condition.text), 40)
            parts.append((f" ● {place + 1} {text}", "bad"))
        for watch, series in zip(self.stops.watches, self.found.series, strict=False):
            if watch.stops and index in series.indexes[1:]:
                parts += change_parts(watch, series, index)
        return parts

    def arrival_parts(self) -> list[Part]:
        """Return why the step under the cursor was stopped at; nothing: somebody stepped there."""
        if self._arrived is None or self._arrived[0] != self.table.cursor:
            self._arrived = None
            return []
        return self._arrived[1]

    def _show_step(self, *, at_change: bool = True, is_same: bool = False) -> None:
        super()._show_step(at_change=at_change, is_same=is_same)
        if self.stops.watches:
            self._show_watches()

    def database_changed(self) -> None:
        """Take in new steps, and look at them too."""
        run = self.steps.run
        super().database_changed()
        if self.steps.run != run:
            self._problem = None
        self.look_again()

    def action_back(self) -> None:
        """End a look that somebody waits for; else leave."""
        if self.looking and self._pending is not None:
            self.stop_looking()
            self.say(("stopped looking", "warn"))
            return
        super().action_back()

    def stop_looking(self) -> None:
        """End the look that is under way; the next change begins another one."""
        self.looking, self._pending, self._looked_for = 0, None, None
        self._asking.stop()

    def on_unmount(self) -> None:
        """Nobody is waiting any more."""
        self.stop_looking()
