"""Which traces go: those whose time is over, those that are named, the oldest beyond a size.

What stays all the same (held, pinned, kept for ever, still recorded) is noted in a `Pruned`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from replay.records import Selection
from replay.store.keep_rules import TRACE_COLUMNS, Due, Judge, KeepRules, last_step_us
from replay.store.pruned import Pruned
from replay.store.selecting import selected_traces
from replay.store.shrinking import used_bytes

_STILL_RECORDED_US: Final = 10 * 60 * 1_000_000
"""A trace without an end that had a step so lately is taken for one that goes on."""
BY_SIZE: Final = "size"
"""The rule of what goes because the file is too large."""


class Candidates:
    """The traces of one database that may go. ``pruned`` is told which of them stay."""

    def __init__(self, connection: sqlite3.Connection, pruned: Pruned) -> None:
        """``connection`` is the caller's; what it has seen may change between questions."""
        self._connection = connection
        self._pruned = pruned

    def due(self, rules: KeepRules, now_us: int) -> list[Due]:
        """Return the traces whose time is over, the oldest first."""
        judge = Judge(self._connection, rules, now_us)
        rows = self._connection.execute(
            f"SELECT {TRACE_COLUMNS} FROM trace_rows r ORDER BY r.started_us, r.id"
        )
        return [due for row in rows if (due := judge.due(row)) is not None]

    def selected(self, selection: Selection, now_us: int) -> list[Due]:
        """Return the traces that ``selection`` asks for, the oldest first."""
        _teach(self._connection)
        # What was said of traces that never came goes with those of its time.
        found = selected_traces(self._connection, selection, even_unknown=True)
        limit = "" if selection.limit is None else f"LIMIT {int(selection.limit)}"
        rows = self._connection.execute(
            "SELECT r.key, r.id, r.started_us, r.tool_call_count + r.model_call_count, r.ended_us "
            f"FROM trace_rows r WHERE {found.sql} ORDER BY {found.newest_first} {limit}",
            found.values,
        ).fetchall()
        going = []
        for key, trace_id, started_us, calls, ended_us in reversed(rows):
            if ended_us is None and self._goes_on(key, now_us):
                self._pruned.going_on += 1
                continue
            going.append(Due(key, trace_id, started_us, calls, "selected"))
        return going

    def _goes_on(self, key: int, now_us: int) -> bool:
        return abs(now_us - last_step_us(self._connection, key)) < _STILL_RECORDED_US

    def named(
        self,
        rules: KeepRules | None,
        selection: Selection | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> list[Due]:
        """Return what ``rules`` or ``selection`` name and may go."""
        due = self.due(rules, now_us) if rules is not None else []
        if selection is not None:
            due += self.selected(selection, now_us)
        return self.may_go(due, with_pinned=with_pinned)

    def oldest(
        self,
        over: int,
        rules: KeepRules,
        now_us: int,
        going: Sequence[Due] = (),
        *,
        with_pinned: bool,
    ) -> list[Due]:
        """Return about as many of the oldest traces as have ``over`` bytes, beside ``going``.

        What is to be kept for ever, by ``rules`` or its own word, is no room to be made.
        """
        wanted = over / (used_bytes(self._connection) / max(1, self.call_total()))
        """Calls to remove, if all have as many bytes."""
        wanted -= sum(one.call_count + 1 for one in going)
        judge = Judge(self._connection, rules, now_us)
        passed = {one.key for one in going}
        stays = self._staying(with_pinned=with_pinned)
        forever = set(self._pruned.forever)
        found: list[Due] = []
        rows = self._connection.execute(
            f"SELECT {TRACE_COLUMNS} FROM trace_rows r WHERE coalesce(r.ended_us, r.started_us) < ?"
            " ORDER BY r.started_us, r.id",
            (now_us - _STILL_RECORDED_US,),
        )
        for row in rows:
            if wanted <= 0:
                break
            key, trace_id, _, started_us, *_, calls, model_calls = row
            due = Due(key, trace_id, started_us, calls + model_calls + 1, BY_SIZE)
            if key in passed or trace_id in forever or stays(due):
                continue
            if judge.is_forever(row):
                self._pruned.forever.append(trace_id)
                continue
            found.append(due)
            wanted -= due.call_count
        rows.close()
        return found

    def may_go(self, due: Sequence[Due], *, with_pinned: bool) -> list[Due]:
        """Return those that are neither held nor (unless asked for) pinned; note the others."""
        stays = self._staying(with_pinned=with_pinned)
        return [one for one in due if not stays(one)]

    def _staying(self, *, with_pinned: bool) -> Callable[[Due], bool]:
        """Return what says of a trace that it stays, by the holds and pins of just now."""
        held = {one for (one,) in self._connection.execute("SELECT trace_id FROM holds")}
        pinned = {one for (one,) in self._connection.execute("SELECT trace FROM pin_rows")}
        noted = {*self._pruned.held, *self._pruned.pinned}

        def stays(due: Due) -> bool:
            is_held, is_pinned = due.id in held, due.key in pinned
            if (is_held or is_pinned) and due.id not in noted:
                noted.add(due.id)
                (self._pruned.held if is_held else self._pruned.pinned).append(due.id)
            return is_held or (is_pinned and not with_pinned)

        return stays

    def call_total(self) -> int:
        """Return how many calls there are, each trace counted as one more."""
        found = self._connection.execute(
            "SELECT total(tool_call_count + model_call_count + 1) FROM trace_rows"
        )
        return int(found.fetchone()[0])


def _teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that conditions of selections use."""
    from replay.store.contents import ContentReader
    from replay.store.record_rows import RecordReader

    contents = ContentReader(connection)
    connection.create_function("content_text", 1, contents.shown, deterministic=True)
    RecordReader(connection, contents).answer_sql()
