"""From trace to trace: on to the next one that differs today, or that a breakpoint stops in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import work

from replay.errors import ReplayError
from tui.rows.traces import TraceList
from tui.screens.trace_list import TraceListScreen
from tui.views.parts import Part, count, cut, printable

if TYPE_CHECKING:
    from tui.rows.trace_stops import TraceStop, TraceStops
    from tui.world_stream import WorldStreams


class SeekingTraces(TraceListScreen):
    """What `c` and `C` do in the list of traces."""

    is_seeking = False
    _seeks = 0
    _worlds: WorldStreams | None = None
    """Of the search that runs, or ran last."""
    _stop: TraceStop | None = None
    """Where it stopped last: opened, that trace shows the step."""

    def action_seek(self, direction: int) -> None:
        """Go to the next trace that differs today, or that a breakpoint stops in."""
        from tui.rows.trace_stops import TraceStops

        traces = self.table.traces
        if traces is None:
            return
        self._stop_seeking()
        self._seeks += 1
        self.is_seeking = True
        self.say(("looking for the next stop…", "accent"), ("   esc ends it", "dim"))
        self._worlds = worlds = self.replay.world_streams()
        breakpoints = tuple(self.replay.stops.breakpoints)
        stops = TraceStops(self.replay.the_database, breakpoints, self.replay.world_by(worlds))
        self._seek(self._seeks, stops, worlds, traces, self.table.cursor, direction)

    @work(thread=True, description="a thread", group="seek")
    def _seek(
        self,
        number: int,
        stops: TraceStops,
        worlds: WorldStreams,
        traces: TraceList,
        start: int,
        direction: int,
    ) -> None:
        from replay.stepping.breakpoints import names_of
        from tui.rows.hits import Interrupted

        def is_wanted() -> bool:
            return self.is_seeking and self._seeks == number and self.app.is_running

        def on_progress(index: int) -> None:
            if not is_wanted():
                raise Interrupted
            if index % 1024 == 0 or needs_world:
                self.app.call_from_thread(self._say_progress, index, len(traces))

        keys: Sequence[int] = traces.keys
        needs_world = "world" in names_of(stops.breakpoints)
        try:
            found = stops.next_stop(keys, start, direction, on_progress)
        except Interrupted:
            return
        except ReplayError as error:
            if is_wanted():
                self.app.call_from_thread(self._could_not_seek, error)
            return
        finally:
            worlds.close()
        if is_wanted():
            key = keys[found.index] if found is not None else None
            self.app.call_from_thread(self._stop_at, found, key, direction, unknown_words(stops))

    def _say_progress(self, index: int, number: int) -> None:
        words = f"looking for the next stop… {index:,} of {number:,}"
        self.say((words, "accent"), ("   esc ends it", "dim"))

    def _stop_seeking(self) -> None:
        self.is_seeking = False
        if self._worlds is not None:
            self._worlds.stop()
            self._worlds = None

    def on_unmount(self) -> None:
        """Leave no process behind."""
        self._stop_seeking()
        super().on_unmount()

    def _could_not_seek(self, error: ReplayError) -> None:
        self.is_seeking = False
        self.complain(error)

    def _stop_at(
        self, found: TraceStop | None, key: int | None, direction: int, unknown: str
    ) -> None:
        self.is_seeking = False
        self._stop = found
        traces = self.table.traces
        index = None
        if found is not None and key is not None and traces is not None:
            index = traces.index_of(key, near=found.index)  # others may have come meanwhile
        if found is None or index is None:
            kinds = "differ" + (" or hit a breakpoint" if self.replay.stops.enabled else "")
            where = "below" if direction > 0 else "above"
            self.app.bell()
            self.say((f"no more traces that {kinds} {where} this one", "warn"), (unknown, "dim"))
            return
        self.table.cursor = index
        self.call_after_refresh(partial(self.say, *self._why(found)))

    def _why(self, found: TraceStop) -> list[Part]:
        if found.step_number is None:
            return [(printable(found.trace_id), "strong"), ("  differs today", "warn")]
        held = self.replay.stops.breakpoints
        places = [place for place in found.breakpoints if place < len(held)]
        words = [f"● {at + 1} {cut(printable(held[at].condition.text), 50)}" for at in places]
        return [
            (printable(found.trace_id), "strong"),
            (f"  step {found.step_number}: ", ""),
            ("  ".join(words), "bad"),
            ("   enter goes there", "dim"),
        ]

    def action_open(self) -> None:
        """Open the trace under the cursor: at the step that a breakpoint stopped at."""
        line, stop = self.line_here(), self._stop
        if line is None:
            return
        is_stop = stop is not None and stop.trace_id == line.id
        self.replay.open_trace(line.id, step_number=stop.step_number if is_stop and stop else None)

    def action_back(self) -> None:
        """End a search or a filter; without any: leave."""
        if not self.end_something():
            super().action_back()

    def end_something(self) -> bool:
        """End a search that runs; say whether one did."""
        if not self.is_seeking:
            return super().end_something()
        self._stop_seeking()
        self.say(("stopped looking", "warn"))
        return True

    def action_watches(self) -> None:
        """List the watches, to change them, and to look for their changes."""
        from tui.screens.watches import WatchesScreen

        self.app.push_screen(WatchesScreen())

    def action_breakpoints(self) -> None:
        """List the breakpoints, to change them."""
        from tui.screens.breakpoints import BreakpointsScreen

        self.app.push_screen(BreakpointsScreen())


def unknown_words(stops: TraceStops) -> str:
    """Return of how many traces the world was wanted and is not known, and why; or nothing."""
    if not stops.unknown_count:
        return ""
    return f"   the world of {count(stops.unknown_count, 'trace')} is not known: {stops.reason}"
