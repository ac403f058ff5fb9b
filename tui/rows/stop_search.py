"""Where in many traces one breakpoint stops, or one watched value changes. Meant for a thread.

What looks at the world needs a replay of each trace; indexes spare those in which nothing can fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from replay.errors import ReplayError
from replay.stepping.breakpoints import Breakpoint
from replay.stepping.conditions import Values
from replay.stepping.watches import Watch
from replay.stepping.worlds import WorldHistory
from tui.rows.database import Database, reading_connection
from tui.rows.hits import look_through
from tui.rows.steps import StepList, StepRow, read_steps
from tui.rows.trace_stops import fitting_traces, id_of

STOPS_MAX: Final = 2_000

WorldOf = Callable[[StepList], WorldHistory]
"""Raises ReplayError where the world of a trace is not known."""


@dataclass(frozen=True, slots=True)
class StopFound:
    """A step that is stopped at."""

    trace_id: str
    step: StepRow
    before: Values | None = None
    """Of a watch: what it was; None: it is a breakpoint's."""
    after: Values | None = None


@dataclass(slots=True)
class Looked:
    """How far a search is."""

    trace_count: int = 0
    """Traces that were looked at, or of which an index says that nothing can fit."""
    stop_count: int = 0
    fitting_count: int = 0
    """Traces with a stop."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Traces whose world is not known, by the reason."""
    is_cut: bool = False
    """Whether it ended because there are too many to show."""


class StopSearch:
    """Looks through traces for the stops of one breakpoint or watch."""

    def __init__(self, database: Database, one: Breakpoint | Watch, world_of: WorldOf) -> None:
        """``world_of`` is asked for the traces that need it."""
        self._database = database
        self._one = one
        self._world_of = world_of
        self.looked = Looked()
        expression = one.condition if isinstance(one, Breakpoint) else one.expression
        self._needs_world = "world" in expression.names

    def through(self, keys: Sequence[int], on_progress: Callable[[], None]) -> Iterator[StopFound]:
        """Give the stops in the traces of ``keys``, in their order.

        ``on_progress`` is called after each trace; what it raises ends the search.

        Raises:
            StoreError: the database cannot be read.
        """
        fitting = self._fitting()
        for key in keys:
            if fitting is None or key in fitting:
                yield from self._of_trace(key)
            self.looked.trace_count += 1
            on_progress()
            if self.looked.stop_count >= STOPS_MAX:
                self.looked.is_cut = True
                return

    def _fitting(self) -> set[int] | None:
        if isinstance(self._one, Watch):
            return None
        connection = reading_connection(self._database.path)
        try:
            return fitting_traces(connection, self._one)
        finally:
            connection.close()

    def _of_trace(self, key: int) -> Iterator[StopFound]:
        with self._database.reading() as connection:
            trace_id = id_of(connection, key)
        if trace_id is None:
            return
        steps = read_steps(self._database, trace_id)
        world = None
        if self._needs_world:
            try:
                world = self._world_of(steps)
            except ReplayError as error:
                reason = " ".join(str(error.wanted).split())
                self.looked.unknown[reason] = self.looked.unknown.get(reason, 0) + 1
                return
        found = self._stops(steps, world)
        self.looked.fitting_count += bool(found)
        self.looked.stop_count += len(found)
        yield from found

    def _stops(self, steps: StepList, world: WorldHistory | None) -> list[StopFound]:
        trace_id, rows = steps.trace.id, steps.steps
        if isinstance(self._one, Breakpoint):
            one = self._one.changed(is_enabled=True)
            hits = look_through(self._database, steps, (one,), (), world).hits
            return [StopFound(trace_id, rows[index]) for index in hits]
        (series,) = look_through(self._database, steps, (), (self._one,), world).series
        return [
            StopFound(trace_id, rows[index], series.before_change(index), series.at(index))
            for index in series.indexes[1:]
        ]
