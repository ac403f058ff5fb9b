"""`replay prune`: traces whose time is over go, oldest first, and the file gets smaller.

Every step is a short transaction of its own. Killed or stopped anywhere, whole traces are gone or
whole traces are there, and all counts fit; what the gone ones referred to goes the next time.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from replay.records import Selection
from replay.store import database
from replay.store.audit import Noting
from replay.store.candidates import BY_SIZE, Candidates
from replay.store.freeing import free_contents
from replay.store.keep_rules import Due, KeepRules, last_step_us
from replay.store.pruned import Pruned, Tell
from replay.store.rehearsing import is_rehearsable, rehearsed
from replay.store.removing import remove_traces
from replay.store.shrinking import empty_log, shrink, used_bytes

_BATCH_CALLS: Final = 4_000
"""Calls that one transaction removes: a fifth of a second."""
_BATCH_TRACES: Final = 500
_PORTION: Final = 2_000
_ROUNDS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Fit:
    """How large a file may be in the end, and what is kept for ever whatever it weighs."""

    size_max: int
    rules: KeepRules


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
        self.candidates = Candidates(connection, pruned)
        pruned.size_bytes_before = _file_size(path)
        self._started_us = time.time_ns() // 1_000
        self._noting: Noting | None = None
        self._said = ""

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
        kept = self.candidates.may_go(batch, with_pinned=with_pinned)
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
        fits: Fit | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> None:
        """Remove what ``rules`` or ``selection`` name, then the oldest until it ``fits``."""
        going = self.candidates.named(rules, selection, now_us, with_pinned=with_pinned)
        self.remove(going, with_pinned=with_pinned)
        self.free()
        if fits is not None:
            self._make_fit(fits, now_us, with_pinned=with_pinned)

    def estimate(
        self,
        rules: KeepRules | None,
        selection: Selection | None,
        fits: Fit | None,
        now_us: int,
        *,
        with_pinned: bool,
    ) -> Pruned:
        """Return what `remove_all` would remove, as if all calls had as many bytes."""
        going = self.candidates.named(rules, selection, now_us, with_pinned=with_pinned)
        self.note(going)
        used = used_bytes(self.connection)
        if fits is not None and used > fits.size_max:
            due = self.candidates.oldest(
                used - fits.size_max, fits.rules, now_us, going, with_pinned=with_pinned
            )
            self.note(due)
            going += due
        gone = sum(one.call_count + (one.rule != BY_SIZE) for one in going)
        self.pruned.size_bytes_after = int(
            used - used * gone / max(1, self.candidates.call_total())
        )
        if fits is not None:
            self.pruned.size_bytes_over = max(0, self.pruned.size_bytes_after - fits.size_max)
        self.pruned.is_estimate = True
        return self.pruned

    def _make_fit(self, fits: Fit, now_us: int, *, with_pinned: bool) -> None:
        """Remove the oldest traces until no more than is wanted is in use."""
        for _ in range(_ROUNDS_MAX):
            over = self._note_over(fits)
            if not over:
                return
            due = self.candidates.oldest(over, fits.rules, now_us, with_pinned=with_pinned)
            if not due or not self.remove(due, with_pinned=with_pinned):
                return
            self.free()
        self.pruned.can_go_on = self._note_over(fits) > 0

    def _note_over(self, fits: Fit) -> int:
        self.pruned.size_bytes_over = max(0, used_bytes(self.connection) - fits.size_max)
        return self.pruned.size_bytes_over

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
    with database.connected(path) as connection:
        # What is removed is zeroed where its page is written anyway; other pages leave the file.
        connection.execute("PRAGMA secure_delete=FAST")
        yield Pruner(connection, path, Pruned() if into is None else into, tell=tell)


def prune(
    path: Path,
    rules: KeepRules | None = None,
    *,
    command: str | None = "prune",
    said: str = "",
    selection: Selection | None = None,
    size_max: int | None = None,
    keep: KeepRules | None = None,
    with_pinned: bool = False,
    dry_run: bool = False,
    tell: Tell = lambda what, done, total: None,
    into: Pruned | None = None,
) -> Pruned:
    """Remove the traces that ``rules`` or ``selection`` name, then the oldest beyond ``size_max``.

    ``keep`` says what is kept for ever whatever the size; None: ``rules`` do. Held traces stay; so
    do pinned ones, unless ``with_pinned``: what was spared is in the answer. A dry run does it to a
    copy in memory (`replay.store.rehearsing`): what it says is what goes. The audit names
    ``command``, as it was ``said``; None: it does not. ``into``: as `pruning_of`.

    Raises:
        StoreError: as `pruning_of`. What was removed until then is gone, and all counts fit.
    """
    now_us = time.time_ns() // 1_000
    fits = None if size_max is None else Fit(size_max, keep or rules or KeepRules())
    with pruning_of(path, tell, into=into) as pruner:
        if dry_run and is_rehearsable(pruner.connection, path):
            with rehearsed(pruner.connection) as copy:
                trial = Pruner(copy, path, Pruned(), tell=tell)
                trial.remove_all(rules, selection, fits, now_us, with_pinned=with_pinned)
                trial.pruned.size_bytes_after = used_bytes(copy)
                return trial.pruned
        if dry_run:
            return pruner.estimate(rules, selection, fits, now_us, with_pinned=with_pinned)
        if command is not None:
            pruner.note_in_audit(command, said)
        pruner.remove_all(rules, selection, fits, now_us, with_pinned=with_pinned)
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
