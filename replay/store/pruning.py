"""`replay prune`: traces whose time is over go, oldest first, and the file gets smaller.

Every step is a short transaction of its own. Killed or stopped anywhere, whole traces are gone or
whole traces are there, and all counts fit; what the gone ones referred to goes the next time.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from replay.records import Selection
from replay.store import database
from replay.store.audit import Noting
from replay.store.freeing import free_contents
from replay.store.keep_rules import TRACE_COLUMNS, Due, Judge, KeepRules, last_step_us
from replay.store.rehearsing import is_rehearsable, rehearsed
from replay.store.removing import Removed, remove_traces
from replay.store.selecting import selected_traces
from replay.store.shrinking import empty_log, shrink, used_bytes

_BATCH_CALLS: Final = 4_000
"""Calls that one transaction removes: a fifth of a second."""
_BATCH_TRACES: Final = 500
_PORTION: Final = 2_000
_STILL_RECORDED_US: Final = 10 * 60 * 1_000_000
"""A trace without an end that had a step so lately is taken for one that goes on."""
_ROUNDS_MAX: Final = 12

Tell = Callable[[str, int, int], None]
"""Told what is being done, and how many of how many are done."""


@dataclass(slots=True)
class Pruned:
    """What a pruning removed, or would."""

    size_bytes_before: int = 0
    size_bytes_after: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    """Traces by what said that they go."""
    removed: Removed = field(default_factory=Removed)
    content_count: int = 0
    """Messages, answers and texts that nothing refers to any more."""
    held: list[str] = field(default_factory=list)
    """Traces that were to go and are held (`replay hold`)."""
    pinned: list[str] = field(default_factory=list)
    """Traces that were to go and are regression cases; removed only where that was asked for."""
    going_on: int = 0
    """Traces that were to go and are still being recorded."""
    oldest: str | None = None
    newest: str | None = None
    """The ends of what went, by start."""
    is_estimate: bool = False
    """A dry run that could not try it on a copy: sizes, and what goes by size, are about right."""


class Pruner:
    """Removes traces from one database. It has a connection of its own."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, pruned: Pruned, *, tell: Tell
    ) -> None:
        """Use `pruning_of`."""
        self.connection = connection
        self._path = path
        self.tell = tell
        self.pruned = pruned
        pruned.size_bytes_before = _file_size(path)
        self._started_us = time.time_ns() // 1_000
        self._noting: Noting | None = None
        self._said = ""

    def due(self, rules: KeepRules, now_us: int) -> list[Due]:
        """Return the traces whose time is over, the oldest first."""
        judge = Judge(self.connection, rules, now_us)
        rows = self.connection.execute(
            f"SELECT {TRACE_COLUMNS} FROM trace_rows r ORDER BY r.started_us, r.id"
        )
        return [due for row in rows if (due := judge.due(row)) is not None]

    def selected(self, selection: Selection, now_us: int) -> list[Due]:
        """Return the traces that ``selection`` asks for, the oldest first."""
        _teach(self.connection)
        # What was said of traces that never came goes with those of its time.
        found = selected_traces(self.connection, selection, even_unknown=True)
        limit = "" if selection.limit is None else f"LIMIT {int(selection.limit)}"
        rows = self.connection.execute(
            "SELECT r.key, r.id, r.started_us, r.tool_call_count + r.model_call_count, r.ended_us "
            f"FROM trace_rows r WHERE {found.sql} ORDER BY {found.newest_first} {limit}",
            found.values,
        ).fetchall()
        going = []
        for key, trace_id, started_us, calls, ended_us in reversed(rows):
            if ended_us is None and self._goes_on(key, now_us):
                self.pruned.going_on += 1
                continue
            going.append(Due(key, trace_id, started_us, calls, "selected"))
        return going

    def _goes_on(self, key: int, now_us: int) -> bool:
        return abs(now_us - last_step_us(self.connection, key)) < _STILL_RECORDED_US

    def may_go(self, due: Sequence[Due], *, with_pinned: bool) -> list[Due]:
        """Return those that are neither held nor (unless asked for) pinned; note the others."""
        held = self._held()
        pinned = {one for (one,) in self.connection.execute("SELECT trace FROM pin_rows")}
        noted = {*self.pruned.held, *self.pruned.pinned}
        self.pruned.held += [one.id for one in due if one.id in held and one.id not in noted]
        self.pruned.pinned += [
            one.id
            for one in due
            if one.key in pinned and one.id not in held and one.id not in noted
        ]
        return [one for one in due if one.id not in held and (with_pinned or one.key not in pinned)]

    def _held(self) -> set[str]:
        return {one for (one,) in self.connection.execute("SELECT trace_id FROM holds")}

    def note(self, due: Sequence[Due]) -> None:
        """Note what goes, without removing it."""
        from replay.store.times import iso_text

        for rule, count in Counter(one.rule for one in due).items():
            self.pruned.by_rule[rule] = self.pruned.by_rule.get(rule, 0) + count
        if due:
            times = sorted(one.started_us for one in due)
            self.pruned.oldest = self.pruned.oldest or iso_text(times[0])
            self.pruned.newest = iso_text(times[-1])

    def note_in_audit(self, command: str, said: str) -> None:
        """Have the audit say what goes, with every step of it; ``said``: by which words."""
        self._noting = Noting(command, "removed")
        self._said = said

    def remove(
        self, due: Sequence[Due], *, with_pinned: bool, even_going_on: bool = False
    ) -> list[Due]:
        """Remove these traces, some at a time; return those that went.

        Minutes pass over a million calls: what was held or pinned since stays, and so does a
        trace that got another step, unless ``even_going_on``.
        """
        went: list[Due] = []
        done = 0
        for batch in _batches(due):
            going: list[Due] = []

            def work(batch: Sequence[Due] = batch, going: list[Due] = going) -> None:
                spared = self._spared_since(batch, with_pinned, even_going_on)
                going += [one for one in batch if one.key not in spared]
                self.pruned.removed += remove_traces(
                    self.connection, [(one.key, one.id) for one in going]
                )
                self.note(going)
                self._audit()

            database.transaction_in_turn(self.connection, work)
            went += going
            done += len(batch)
            self.tell("traces", done, len(due))
        return went

    def _spared_since(
        self, batch: Sequence[Due], with_pinned: bool, even_going_on: bool
    ) -> set[int]:
        """Return which of these stay because of what happened since they were chosen."""
        kept = self.may_go(batch, with_pinned=with_pinned)
        spared = {one.key for one in batch} - {one.key for one in kept}
        if not even_going_on:
            now_us = time.time_ns() // 1_000
            for one in kept:
                if self._started_us <= last_step_us(self.connection, one.key) <= now_us:
                    self.pruned.going_on += 1
                    spared.add(one.key)
        return spared

    def _audit(self) -> None:
        pruned = self.pruned
        if self._noting is None or not pruned.removed.trace_count:
            return
        rules = ", ".join(f"{rule} {count:,}" for rule, count in pruned.by_rule.items())
        days = dict.fromkeys((one or "")[:10] for one in (pruned.oldest, pruned.newest))
        span = f"started {' to '.join(days)}"
        count = pruned.removed.trace_count
        traces = "trace" if count == 1 else "traces"
        told = f"{count:,} {traces}, {span} ({rules}): {self._said}"
        self._noting.say(self.connection, told)

    def free(self) -> None:
        """Remove the contents that nothing refers to, and give their room back to the disk."""
        freed = free_contents(self.connection, lambda done, of: self.tell("pages", done, of))
        self.pruned.content_count += freed.content_count
        shrink(self.connection, lambda done, of: self.tell("free pages", done, of))

    def remove_all(
        self,
        rules: KeepRules | None,
        selection: Selection | None,
        size_max: int | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> None:
        """Remove what ``rules`` or ``selection`` name, then the oldest beyond ``size_max``."""
        going = self._named(rules, selection, now_us, with_pinned=with_pinned)
        self.remove(going, with_pinned=with_pinned)
        self.free()
        if size_max is not None:
            self._fit(size_max, now_us, with_pinned=with_pinned)

    def estimate(
        self,
        rules: KeepRules | None,
        selection: Selection | None,
        size_max: int | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> Pruned:
        """Return what `remove_all` would remove, as if all calls had as many bytes."""
        going = self._named(rules, selection, now_us, with_pinned=with_pinned)
        self.note(going)
        used = used_bytes(self.connection)
        if size_max is not None and used > size_max:
            due = self._oldest(used - size_max, now_us, going, with_pinned=with_pinned)
            self.note(due)
            going += due
        gone = sum(one.call_count + (one.rule != "size") for one in going)
        self.pruned.size_bytes_after = int(used - used * gone / max(1, self._call_total()))
        self.pruned.is_estimate = True
        return self.pruned

    def _named(
        self,
        rules: KeepRules | None,
        selection: Selection | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> list[Due]:
        due = self.due(rules, now_us) if rules is not None else []
        if selection is not None:
            due += self.selected(selection, now_us)
        return self.may_go(due, with_pinned=with_pinned)

    def _fit(self, size_max: int, now_us: int, *, with_pinned: bool) -> None:
        """Remove the oldest traces until the file has at most ``size_max`` bytes."""
        for _ in range(_ROUNDS_MAX):
            over = used_bytes(self.connection) - size_max
            due = self._oldest(over, now_us, (), with_pinned=with_pinned) if over > 0 else []
            if not due or not self.remove(due, with_pinned=with_pinned):
                return
            self.free()

    def _call_total(self) -> int:
        """Return how many calls there are, each trace counted as one more."""
        found = self.connection.execute(
            "SELECT total(tool_call_count + model_call_count + 1) FROM trace_rows"
        )
        return int(found.fetchone()[0])

    def _oldest(
        self, over: int, now_us: int, going: Sequence[Due], *, with_pinned: bool
    ) -> list[Due]:
        """Return about as many of the oldest traces as have ``over`` bytes."""
        wanted = over / (used_bytes(self.connection) / max(1, self._call_total()))
        """Calls to remove, if all have as many bytes."""
        wanted -= sum(one.call_count + 1 for one in going)
        passed = {one.key for one in going} | {*self.pruned.held, *self.pruned.pinned}
        found: list[Due] = []
        rows = self.connection.execute(
            "SELECT r.key, r.id, r.started_us, r.tool_call_count + r.model_call_count + 1 "
            "FROM trace_rows r WHERE coalesce(r.ended_us, r.started_us) < ? "
            "ORDER BY r.started_us, r.id",
            (now_us - _STILL_RECORDED_US,),
        )
        for row in rows:
            if wanted <= 0:
                break
            if row[0] in passed or row[1] in passed:
                continue
            found.append(Due(row[0], row[1], row[2], row[3], "size"))
            wanted -= row[3]
        rows.close()
        return self.may_go(found, with_pinned=with_pinned)

    def finish(self) -> Pruned:
        """Return what was done."""
        empty_log(self.connection)
        self.pruned.size_bytes_after = _file_size(self._path)
        return self.pruned


@contextmanager
def pruning_of(
    path: Path, tell: Tell = lambda what, done, total: None, *, into: Pruned | None = None
) -> Iterator[Pruner]:
    """Open a database to remove traces from it; what waits in spools is taken in first.

    ``into``: where it is written what was removed, for whoever is interrupted.

    Raises:
        StoreError: it is no database of ours, cannot be written, or is locked for ten seconds.
    """
    from replay.store.store import Store

    with Store.open(path, "w"):
        pass
    connection = database.connect(path)
    # What is removed is zeroed where its page is written anyway; other pages leave the file.
    connection.execute("PRAGMA secure_delete=FAST")
    try:
        yield Pruner(connection, path, Pruned() if into is None else into, tell=tell)
    except sqlite3.Error as error:
        raise database.store_error(error, path) from error
    finally:
        connection.close()


def prune(
    path: Path,
    rules: KeepRules | None = None,
    *,
    command: str | None = "prune",
    said: str = "",
    selection: Selection | None = None,
    size_max: int | None = None,
    with_pinned: bool = False,
    dry_run: bool = False,
    tell: Tell = lambda what, done, total: None,
    into: Pruned | None = None,
) -> Pruned:
    """Remove the traces that ``rules`` or ``selection`` name, then the oldest beyond ``size_max``.

    Held traces stay; so do pinned ones, unless ``with_pinned``: what was spared is in the answer.
    A dry run does it to a copy in memory (`replay.store.rehearsing`): what it says is what goes.
    The audit names ``command``, as it was ``said``; None: it does not. ``into``: as `pruning_of`.

    Raises:
        StoreError: as `pruning_of`. What was removed until then is gone, and all counts fit.
    """
    now_us = time.time_ns() // 1_000
    with pruning_of(path, tell, into=into) as pruner:
        if dry_run and is_rehearsable(pruner.connection, path):
            with rehearsed(pruner.connection) as copy:
                trial = Pruner(copy, path, Pruned(), tell=tell)
                trial.remove_all(rules, selection, size_max, now_us, with_pinned=with_pinned)
                trial.pruned.size_bytes_after = used_bytes(copy)
                return trial.pruned
        if dry_run:
            return pruner.estimate(rules, selection, size_max, now_us, with_pinned=with_pinned)
        if command is not None:
            pruner.note_in_audit(command, said)
        pruner.remove_all(rules, selection, size_max, now_us, with_pinned=with_pinned)
        return pruner.finish()


def _batches(due: Sequence[Due]) -> Iterator[list[Due]]:
    batch: list[Due] = []
    calls = 0
    for one in due:
        batch.append(one)
        calls += one.call_count + 1
        if calls >= _BATCH_CALLS or len(batch) >= _BATCH_TRACES:
            yield batch
            batch, calls = [], 0
    if batch:
        yield batch


def _file_size(path: Path) -> int:
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that conditions of selections use."""
    from replay.store.contents import ContentReader
    from replay.store.record_rows import RecordReader

    contents = ContentReader(connection)
    connection.create_function("content_text", 1, contents.shown, deterministic=True)
    RecordReader(connection, contents).answer_sql()
