"""The next trace of a list that has something to stop at: a difference, or a breakpoint's hit.

Indexes say which traces may have one; only those are looked into. Meant for a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from replay.errors import ReplayError
from replay.stepping.breakpoints import Breakpoint, HitCounter
from replay.stepping.worlds import WorldHistory
from replay.store.database import store_error
from tui.rows.database import Database
from tui.rows.step_facts import FactReader
from tui.rows.steps import StepList, read_steps
from tui.rows.traces import verdict_counts
from tui.views.signs import worst_sign

_OF_CALLS: Final = {"tool": "tool", "outcome": "outcome", "version": "tool_version"}
_DIFFER: Final = "×∅≠?"


@dataclass(frozen=True, slots=True)
class TraceStop:
    """A trace to stop at."""

    index: int
    """Its place in the list."""
    trace_id: str
    step_number: int | None
    """The step that a breakpoint stops at; None: it differs today."""
    breakpoints: tuple[int, ...] = ()
    """Those that stop there, by their places."""


class TraceStops:
    """Looks for them in one database."""

    def __init__(
        self,
        database: Database,
        breakpoints: Sequence[Breakpoint],
        world_of: Callable[[StepList], WorldHistory],
    ) -> None:
        """``world_of`` is asked for the traces that a breakpoint on the world may stop in.

        It raises ReplayError where the world is not known: such a breakpoint holds nowhere there.
        """
        self.database = database
        self.breakpoints = breakpoints
        self._world_of = world_of
        self.unknown_count = 0
        """Traces whose world was wanted, and is not known."""
        self.reason = ""
        """Why not, of the last one."""
        self._of_world: list[set[int] | None] = []
        """The traces that each breakpoint on the world may stop in; None: any."""

    def next_stop(
        self,
        keys: Sequence[int],
        start: int,
        direction: int,
        on_progress: Callable[[int], None] = lambda index: None,
    ) -> TraceStop | None:
        """Return the next trace after ``start`` in ``keys`` that has something; None: none has.

        ``on_progress`` is told now and then how far it is; what it raises ends the search.

        Raises:
            StoreError: the database cannot be read.
        """
        differing, hit = self._candidates()
        at = start + direction
        while 0 <= at < len(keys):
            key = keys[at]
            if at % 1024 == 0:
                on_progress(at)
            if key in differing and (found := self._difference(at, key)) is not None:
                return found
            if hit is None or key in hit:
                on_progress(at)
                if (found := self._hit(at, key)) is not None:
                    return found
            at += direction
        return None

    def _candidates(self) -> tuple[set[int], set[int] | None]:
        """Return the traces that may differ, and those that may have a hit; None: any may."""
        connection = self.database.reading_connection()
        try:
            differing = {
                row[0]
                for row in connection.execute(
                    "SELECT DISTINCT v.trace FROM call_verdict_rows v WHERE v.run IN "
                    "(SELECT +u.key FROM replay_run_rows u) AND v.verdict <> 'same'"
                )
            }
            hit: set[int] | None = set()
            for one in self.breakpoints:
                found = fitting_traces(connection, one) if one.is_enabled else set()
                if one.is_enabled and "world" in one.condition.names:
                    self._of_world.append(found)
                hit = None if hit is None or found is None else hit | found
            return differing, hit
        except sqlite3.Error as error:
            raise store_error(error, self.database.path) from error
        finally:
            connection.close()

    def _difference(self, index: int, key: int) -> TraceStop | None:
        with self.database.reading() as connection:
            counts = verdict_counts(connection, self.database.records, [key]).get(key, {})
            trace_id = id_of(connection, key)
            if trace_id is None or worst_sign(counts)[0] not in _DIFFER:
                return None
            return TraceStop(index, trace_id, None)

    def _hit(self, index: int, key: int) -> TraceStop | None:
        with self.database.reading() as connection:
            trace_id = id_of(connection, key)
        if trace_id is None:
            return None
        steps = read_steps(self.database, trace_id)
        found = first_hit(self.database, steps, self.breakpoints, self._world(key, steps))
        if found is None:
            return None
        at, places = found
        return TraceStop(index, trace_id, steps.steps[at].number, places)

    def _world(self, key: int, steps: StepList) -> WorldHistory | None:
        """Return the world of a trace; None: no breakpoint looks at it, or it is not known."""
        if not any(fitting is None or key in fitting for fitting in self._of_world):
            return None
        try:
            return self._world_of(steps)
        except ReplayError as error:
            self.unknown_count += 1
            self.reason = " ".join(str(error.wanted).split())
            return None


def first_hit(
    database: Database,
    steps: StepList,
    breakpoints: Sequence[Breakpoint],
    world: WorldHistory | None = None,
) -> tuple[int, tuple[int, ...]] | None:
    """Return the place of the first step that breakpoints stop at, and which; None: none does."""
    reader, counter = FactReader(database, steps), HitCounter(breakpoints)
    for at, row in enumerate(steps.steps):
        state = None if world is None else world.values_at(row.number)
        if places := counter.stops(reader.facts(at, state)):
            return at, places
    return None


def fitting_traces(connection: sqlite3.Connection, one: Breakpoint) -> set[int] | None:
    """Return the keys of the traces with a call as the condition requires it; None: any may fit."""
    required = {column: one.condition.required(name) for name, column in _OF_CALLS.items()}
    wanted = {column: sorted(texts) for column, texts in required.items() if texts is not None}
    if "tool" not in wanted and not _is_of_failed_calls(one, wanted):
        return None
    texts = [f"{column} IN ({', '.join('?' * len(values))})" for column, values in wanted.items()]
    if "ok" not in wanted.get("outcome", ["ok"]):
        texts.append("outcome <> 'ok'")  # allows the partial index
    values = [value for held in wanted.values() for value in held]
    query = f"SELECT DISTINCT trace FROM tool_call_rows WHERE {' AND '.join(texts) or '1'}"
    return {row[0] for row in connection.execute(query, values)}


def _is_of_failed_calls(one: Breakpoint, wanted: dict[str, list[str]]) -> bool:
    """Say whether only calls that went wrong can fit: model calls have outcomes of their own."""
    is_of_tools = one.condition.required("kind") == frozenset(("tool",))
    return is_of_tools and "outcome" in wanted and "ok" not in wanted["outcome"]


def id_of(connection: sqlite3.Connection, key: int) -> str | None:
    """Return the id of a trace; None: it is gone from the database, as the list will say."""
    row = connection.execute("SELECT id FROM trace_rows WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])
