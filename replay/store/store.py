"""The store: one SQLite file of traces, replay runs and everything between.

``append`` is durable against ``kill -9`` when it returns: the record is in the spool beside the
database (`replay.store.spool`). A background thread, `flush`, `close` and whoever opens the file
next move it into the tables (`replay.store.drain`). Reads see all that this process appended.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from replay.errors import StoreError
from replay.records.base import JsonObject
from replay.records.replays import CallVerdict
from replay.records.traces import pin_id
from replay.store import database
from replay.store.appending import Appending
from replay.store.cassettes import (
    ATTRIBUTE,
    NewCassette,
    interaction_records,
    replace_cassettes,
)
from replay.store.check import check
from replay.store.compacting import Compaction, compact
from replay.store.drain import Drainer, go_on, pending_bytes
from replay.store.encryption import spool_key
from replay.store.masking import Masker, Masking
from replay.store.pace import BREATH_S, LOOK_S, SLICE_SIZE, Pace
from replay.store.problems import Problem
from replay.store.reading import Reading
from replay.store.rows import delete_record, delete_run
from replay.store.selecting import run_key
from replay.store.spool import (
    SpoolWriter,
    remove_folder_if_empty,
    retire_orphan,
    spool_files,
    spool_folder,
)
from replay.store.times import now_text

if TYPE_CHECKING:
    from typing import Self

    from replay.store.keeping import Keeping
    from replay.store.redacting import Redacted

ROTATION_SIZE: Final = 64 * 2**20
"""Size of a spool after which the background thread starts another, once it is drained."""

_BUSY_AGAIN_MS: Final = 200
_REFUSED_S: Final = 5.0
"""Seconds until the background thread tries a database again that it could not write."""

_LOG: Final = logging.getLogger("replay.store")

_open_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_inherited: list[object] = []
"""What a forked child got from its parent and must neither use nor close."""


class Store(Appending, Reading):
    """An open database. Threads may share one; a forked child goes on with spools of its own."""

    _writer: SpoolWriter | None
    _drained: int
    """How far the own spool is in the tables."""
    _refused: bool
    """The last drain failed: the database is locked, removed, or its disk full."""
    _pace: Pace
    _due: threading.Event
    """Set: the background thread is to end."""
    _drainer: Drainer | None
    _drain_connection: sqlite3.Connection | None
    _reading: sqlite3.Connection | None
    _thread: threading.Thread | None
    keeping: Keeping | None = None
    """Removes old traces a little at a time, while nothing is appended; None: nothing does."""

    def __init__(self, path: Path, mode: database.Mode, masker: Masker | Masking | None) -> None:
        """Use `Store.open`."""
        self.path = path
        self.mode = mode
        self.masker = masker
        self._folder = spool_folder(path)
        self._spool_key = spool_key(path)
        """Of the spools of an encrypted database; None: it is not encrypted."""
        self._closed = False
        self._reset()
        _open_stores.add(self)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        mode: database.Mode = "r",
        *,
        masker: Masker | Masking | None = None,
    ) -> Self:
        """Open a database: ``"r"`` to read, ``"w"`` to write, ``"create"`` to make it if missing.

        What other processes left in their spools is taken in first, where the file can be
        written; `pending_bytes` says how much is not.

        Raises:
            StoreError: there is no such file, or it is no database of ours, truncated, of a newer
                format, or not writable where writing is wanted.
        """
        place = Path(path)
        if mode == "create" and not place.exists():
            from replay.store import migrations

            migrations.create(place)
        database.refuse_foreign(place)
        if mode != "r" and not database.is_writable(place):
            raise StoreError(
                f"The database '{place}' is read-only.",
                hint="Make the file and its folder writable, or copy it to a folder that is.",
            )
        store = cls(place, mode, masker)
        try:
            store._settle()
        except BaseException:
            store._let_go()
            raise
        return store

    # -- writing ----------------------------------------------------------------------------------

    def _spool(self) -> SpoolWriter:
        if self._writer is None:
            self._refuse_reading_mode("appended to")
            self._writer = SpoolWriter(self._folder, self._spool_key)
            self._start_thread()
        return self._writer

    def append_verdicts(self, verdicts: Sequence[CallVerdict]) -> None:
        """Store verdicts in one transaction, past the spool: all or nothing, durable.

        It takes a third of the time of `append_all`, but waits for the database's lock, which a
        recorder must not. A NaN is not looked for: verdicts are made of JSON. While the database
        is locked by somebody else, or cannot grow, they go to the spool after all.

        Raises:
            RecordError: their replay run is not stored.
            StoreError: the file is damaged, the disk full, or the folder cannot be written. Nothing
                was stored.
        """
        self._refuse_reading_mode("written to")
        fields = [self._present(verdict.kind, verdict.__dict__) for verdict in verdicts]
        fields = self._masked(fields)
        with self._translated():
            try:
                with self._drain_lock:
                    self._drain_all()
                    self._take_drainer().write_all(fields)
            except sqlite3.OperationalError:
                self.append_all(verdicts)

    # -- draining ---------------------------------------------------------------------------------

    def flush(self) -> None:
        """Move everything acknowledged, by any process, into the tables.

        Raises:
            StoreError: the database is locked for ten seconds, or its disk is full. What was
                appended stays safe in the spool.
        """
        if self.mode == "r" and not database.is_writable(self.path):
            return  # `pending_bytes` says what such a reader does not see
        with self._translated():
            self._drain_all()

    def pending_bytes(self) -> int:
        """Return how many bytes of spools are not in the tables yet, of all processes."""
        with self._read_lock:
            connection = self._read_connection()
            return sum(pending_bytes(connection, path) for path in spool_files(self._folder))

    def close(self) -> None:
        """Drain, and leave one file, unless other processes are still recording into it.

        Where the database is locked or its disk is full, the spool stays: whoever opens the
        database next takes it in.
        """
        if self._closed:
            return
        self._stop_thread()
        try:
            if self._writer is not None:
                # Who was refused before does not keep the process from its end once more.
                self._drain_all(busy_ms=_BUSY_AGAIN_MS if self._refused else None)
        except (StoreError, sqlite3.Error) as error:
            _LOG.warning("%s keeps a spool, taken in at the next opening: %s", self.path, error)
        with self._lock:
            self._closed = True
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        with contextlib.suppress(sqlite3.Error, StoreError):
            if self._drain_connection is not None:
                self._drain_connection.execute(f"PRAGMA busy_timeout={_BUSY_AGAIN_MS}")
                self._clear_orphans()
                remove_folder_if_empty(self._folder)
        self._let_go()

    # -- care -------------------------------------------------------------------------------------

    def check(self, tell: Callable[[int, int], None] = lambda done, total: None) -> list[Problem]:
        """Verify structure, hashes, every record, references, totals and spools.

        An empty list: all is well. ``tell`` is told how many of how many records are read.
        """
        self._catch_up()
        with self._read_lock:
            return check(self._read_connection(), self.path, tell)

    def compact(self) -> Compaction:
        """Compress everything anew with a dictionary learned from the file, and close its gaps.

        Raises:
            StoreError: the database is open for reading, locked, or its disk too full for a copy.
        """
        self._refuse_reading_mode("compacted")
        before = self.path.stat().st_size
        with self._translated(), self._drain_lock, self._read_lock:
            self._drain_all()
            assert self._drain_connection is not None
            removed = compact(self._drain_connection)
            if self._contents is not None:
                self._contents.forget()
        return Compaction(before, self.path.stat().st_size, removed)

    def redact(
        self, masking: Masking, tell: Callable[[int, int], None] = lambda done, total: None
    ) -> Redacted:
        """Replace secrets in what is stored already, and leave nothing of them in the file.

        ``tell`` is told how many of how many traces are done. A crash in between leaves some traces
        as they were; run it again. Needs room for a copy of the file.

        Raises:
            StoreError: the database is open for reading, locked, or its disk too full for a copy.
        """
        from replay.store.redacting import (
            Redacted,
            drop_unused,
            plain,
            redact_holds,
            redact_records,
            redact_rejected,
            redact_trace,
        )
        from replay.store.schema_counts import recount

        self._refuse_reading_mode("redacted")
        count = 0
        with self._translated(), self._drain_lock:
            self._drain_all()
            drainer, connection = self._take_drainer(), self._drain_connection
            assert connection is not None
            trace_ids, runs = self.trace_ids(), self.runs(what_ifs=True)
            for done, trace_id in enumerate(trace_ids):
                tell(done, len(trace_ids))
                verdicts = [v for run in runs for v in self.verdicts(run.id, trace_id=trace_id)]
                transcript = self.transcript(trace_id)
                count += redact_trace(drainer, connection, transcript, verdicts, masking)
            others: list[Any] = [*runs, *self.approvals(), *self.tool_schemas()]
            others += [one for run in runs for one in self.findings(run.id)]
            count += redact_records(drainer, [plain(one) for one in others], masking)
            count += redact_holds(connection, masking)
            redact_rejected(connection, masking)
            database.transaction(connection, lambda: drop_unused(connection))
            database.transaction(connection, lambda: recount(connection))
            drainer.forget()
        self.compact()
        return Redacted(len(trace_ids), count)

    def delete_run(self, run_id: str) -> None:
        """Delete a replay run with its verdicts and findings; approvals stay.

        The room of their contents is given back by `compact`.

        Raises:
            SelectionError: there is no such run.
        """
        self._refuse_reading_mode("changed")
        with self._translated(), self._drain_lock:
            self._drain_all()
            connection = self._drain_connection
            assert connection is not None
            key = run_key(connection, run_id)
            database.transaction(connection, lambda: delete_run(connection, key))

    def unpin(self, trace_id: str, step_number: int | None = None) -> bool:
        """Take away the pin of a trace, or of one step of it; return whether there was one.

        ``trace_id`` is whole.
        """
        return self._removed("pin", pin_id(trace_id, step_number))

    def remove_feedback(self, feedback_id: str) -> bool:
        """Take back what was said; return whether it was there."""
        return self._removed("feedback", feedback_id)

    def _removed(self, kind: str, identity: str) -> bool:
        self._refuse_reading_mode("changed")
        with self._translated(), self._drain_lock:
            self._drain_all()
            connection = self._drain_connection
            assert connection is not None
            found = False

            def work() -> None:
                nonlocal found
                found = delete_record(connection, kind, identity)

            database.transaction(connection, work)
        return found

    def replace_cassettes(self, cassettes: Mapping[str, NewCassette], *, by: str) -> None:
        """Put other cassettes, by the id of their tool call, in the place of the recorded ones.

        All of them, or none. ``by`` says where they come from, in the call's attributes. Results
        and responses stay as they were recorded.

        Raises:
            SelectionError: there is no such tool call.
            StoreError: the database is open for reading, locked, or its disk full.
        """
        self._refuse_reading_mode("changed")
        changed = {ATTRIBUTE: {"changed_at": now_text(), "by": by}}
        calls, interactions = [], []
        for call_id, cassette in cassettes.items():
            call = self.tool_call(call_id)
            update: JsonObject = {"attributes": {**call.attributes, **changed}}
            if cassette.draws is not None:
                update["draws"] = cassette.draws
            calls.append(self._plain("tool_call", call.model_copy(update=update).__dict__))
            records = interaction_records(call_id, cassette)
            interactions += [self._plain("interaction", record) for record in records]
        with self._translated(), self._drain_lock:
            self._drain_all()
            assert self._drain_connection is not None
            replace_cassettes(self._take_drainer(), self._drain_connection, calls, interactions)

    def _refuse_reading_mode(self, wanted: str) -> None:
        if self.mode == "r" or self._closed:
            raise StoreError(
                f"'{self.path}' is {'closed' if self._closed else 'open for reading'}: "
                f"it cannot be {wanted}.",
                hint='Open it with `Store.open(path, "w")`.',
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _settle(self) -> None:
        """Check the format, bring it up to date, take in what processes left in their spools."""
        with self._read_lock:
            found = database.refuse_newer(self._read_connection(), self.path)
        if not database.is_writable(self.path):
            return
        if found < database.FORMAT:
            from replay.store import migrations

            with self._translated(), self._drain_lock:
                self._take_drainer()
                assert self._drain_connection is not None
                migrations.upgrade(self._drain_connection)
            self._read_anew()
        if spool_files(self._folder):
            try:
                self._drain_all(busy_ms=2_000)
            except sqlite3.Error as error:
                told = database.store_error(error, self.path)
                if self.mode != "r":
                    raise told from error
                _LOG.warning(
                    "%s The newest %d bytes of recordings are not shown yet.",
                    told.wanted,
                    self.pending_bytes(),
                )

    def _read_anew(self) -> None:
        """Let the next read see the tables and views of the format that the file has now."""
        with self._read_lock:
            if self._reading is not None:
                self._reading.close()
            self._reading = None
            self._forget_reading()

    def _drain_all(self, *, busy_ms: int | None = None) -> None:
        with self._drain_lock:
            drainer = self._take_drainer()
            assert self._drain_connection is not None
            if busy_ms is not None:
                self._drain_connection.execute(f"PRAGMA busy_timeout={busy_ms}")
            try:
                for path in spool_files(self._folder):
                    drained = drainer.drain(path)
                    if self._writer is not None and path == self._writer.path:
                        self._drained = drained
                self._clear_orphans()
                self._refused = False
            finally:
                if busy_ms is not None:
                    self._drain_connection.execute("PRAGMA busy_timeout=10000")

    def _clear_orphans(self) -> None:
        """Remove drained spools whose process is gone, and their offsets."""
        with self._drain_lock:
            drainer = self._take_drainer()
            for path in spool_files(self._folder):
                if self._writer is not None and path == self._writer.path:
                    continue
                if retire_orphan(path, drainer.drain, self._spool_key):
                    drainer.forget_spool(path.stem)

    def _take_drainer(self) -> Drainer:
        if self._drainer is None:
            self._drain_connection = database.connect(self.path)
            self._drainer = Drainer(self._drain_connection, self._spool_key)
        return self._drainer

    @contextlib.contextmanager
    def _translated(self) -> Any:
        try:
            yield
        except sqlite3.Error as error:
            self._refused = True
            raise database.store_error(error, self.path) from error

    # -- the background thread --------------------------------------------------------------------

    def _start_thread(self) -> None:
        self._thread = threading.Thread(
            target=_drain_in_background,
            args=(weakref.ref(self), self._due),
            name="replay-store",
            daemon=True,
        )
        self._thread.start()

    def _stop_thread(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            self._stopping = True
            self._due.set()
            thread.join()

    def _drain_in_turn(self) -> float:
        """One look of the background thread: drain a slice, or wait; seconds until the next."""
        writer = self._writer
        if writer is None or not self._pace.may_drain(writer.size, self._drained):
            if self.keeping is not None and writer is not None and writer.size <= self._drained:
                self.keeping.step()
            return self._pace.wait_s
        try:
            with self._drain_lock:
                drainer = self._take_drainer()
                drainer.between_records = self._let_appends_through
                try:
                    self._drained = drainer.drain_slice(writer.path, SLICE_SIZE)
                finally:
                    drainer.between_records = go_on
                if writer.size - self._drained < SLICE_SIZE and writer.size > ROTATION_SIZE:
                    self._rotate()
                if self._writer is None or self._writer.size <= self._drained:
                    self._clear_orphans()
        except (sqlite3.Error, StoreError, OSError) as error:
            if not self._refused:  # tried every few seconds, told once
                _LOG.warning("%s could not be drained, trying again: %s", self.path, error)
            self._refused = True
            return _REFUSED_S
        self._refused = False
        return BREATH_S

    def _let_appends_through(self) -> None:
        writer = self._writer
        if writer is not None:
            self._pace.let_appends_through(writer.size)

    def _rotate(self) -> None:
        """Go on in a fresh spool; the old one is drained and removed like an orphan's."""
        fresh = SpoolWriter(self._folder, self._spool_key)
        with self._lock:
            old, self._writer = self._writer, fresh
            self._drained = 0
        if old is not None:
            old.close()

    # -- processes --------------------------------------------------------------------------------

    def _reset(self) -> None:
        """Start without file handles, locks and threads: at birth, and in a forked child."""
        self._lock = threading.Lock()
        self._drain_lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._writer = None
        self._drained = 0
        self._refused = False
        self._pace = Pace()
        self._drainer = None
        self._drain_connection = None
        self._reading = None
        self._due = threading.Event()
        self._stopping = False
        self._thread = None
        self._forget_reading()
        self.masker = self._masker  # with a lock of its own

    def _after_fork(self) -> None:
        if self._writer is not None:
            self._writer.close()  # else the lock would outlive the parent, in this child
        # Closing connections here would drop the parent's locks; using them would corrupt its file.
        _inherited.append(self._inherited_parts())
        self._reset()

    def _inherited_parts(self) -> tuple[object, ...]:
        return (self._drainer, self._drain_connection, self._reading, self._contents)

    def _let_go(self) -> None:
        """Close the connections; the last one to go folds the log into the file."""
        with self._read_lock, self._drain_lock:
            for connection in (self._reading, self._drain_connection):
                if connection is not None:
                    connection.close()
            self._reading = None
            self._drain_connection = None
            self._drainer = None
            self._forget_reading()
        self._closed = True
        _open_stores.discard(self)

    def _is_busy(self) -> bool:
        """Whether another thread is at work with the connections."""
        for lock in (self._read_lock, self._drain_lock):
            if not lock.acquire(blocking=False):
                return True
            lock.release()
        return False

    def _read_connection(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"'{self.path}' is closed.", hint="Open it again with `Store.open`.")
        if self._reading is None:
            self._reading = database.connect_reading(self.path)
            self._prepare_reading(self._reading)
        return self._reading

    def _count_schemas(self) -> None:
        """Count what a large file of an older format has left to count."""
        from replay.store.schema_counts import recount, uncounted

        with self._read_lock:
            left = uncounted(self._read_connection())
        if not left or not database.is_writable(self.path):
            return
        _LOG.warning("Counting what %s calls used, once.", f"{left:,}")
        with self._translated(), self._drain_lock:
            drainer = self._take_drainer()
            assert self._drain_connection is not None
            connection = self._drain_connection
            database.transaction(connection, lambda: recount(connection))
            drainer.forget()

    def group_calls(self) -> None:
        """Group the calls that an older version wrote, so that metrics count them by an index.

        Does nothing where the file cannot be written, or there are none.
        """
        from replay.store.call_groups import group_calls, ungrouped

        with self._read_lock:
            connection = self._read_connection()
            if database.format_of(connection) < 3 or not ungrouped(connection):
                return
        if not database.is_writable(self.path):
            return
        _LOG.warning("Counting the calls of older recordings, once.")
        with self._translated(), self._drain_lock:
            drainer = self._take_drainer()
            assert self._drain_connection is not None
            writing = self._drain_connection
            database.transaction(writing, lambda: group_calls(writing))
            drainer.forget()

    def _catch_up(self) -> None:
        """Let a read see all that this process appended."""
        writer = self._writer
        if writer is not None and writer.size > self._drained:
            self.flush()


def _drain_in_background(store_reference: weakref.ref[Store], due: threading.Event) -> None:
    wait_s = LOOK_S
    while not due.wait(wait_s):
        store = store_reference()
        if store is None or store._stopping:
            return
        wait_s = store._drain_in_turn()
        del store


def _close_open_stores() -> None:
    for store in list(_open_stores):
        if store._writer is None and store._is_busy():
            continue  # a thread waits for somebody's lock there, and nothing of ours can be lost
        store.close()


def _forget_parents_handles() -> None:
    for store in list(_open_stores):
        store._after_fork()


atexit.register(_close_open_stores)
os.register_at_fork(after_in_child=_forget_parents_handles)
