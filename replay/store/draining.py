"""The background half of the store: from its spool into the tables, a slice at a time.

Whatever goes wrong is told once and tried again; what was appended is safe in the spool meanwhile.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.errors import StoreError
from replay.store import database
from replay.store.appending import Appending
from replay.store.drain import Drainer, go_on, pending_bytes
from replay.store.pace import BREATH_S, LOOK_S, SLICE_SIZE, Pace
from replay.store.spool import SpoolWriter, retire_orphan, spool_files

if TYPE_CHECKING:
    from replay.store.keeping import Keeping

ROTATION_SIZE: Final = 64 * 2**20
"""Size of a spool after which the background thread starts another, once it is drained."""

_REFUSED_S: Final = 5.0
"""Seconds until the background thread tries a database again that it could not write."""

_LOG: Final = logging.getLogger("replay.store")


class Draining(Appending):
    """The part of `replay.store.Store` that owns the spool and the connection that writes."""

    path: Path
    mode: database.Mode
    keeping: Keeping | None = None
    """Removes old traces a little at a time, while nothing is appended; None: nothing does."""
    _folder: Path
    _spool_key: bytes | None
    _closed: bool
    _drained: int
    """How far the own spool is in the tables."""
    _refused: bool
    """The last drain failed: the database is locked, removed, or its disk full."""
    _pace: Pace
    _due: threading.Event
    """Set: the background thread is to end."""
    _stopping: bool
    _thread: threading.Thread | None
    _drain_lock: threading.RLock
    _drainer: Drainer | None
    _drain_connection: sqlite3.Connection | None
    _read_lock: threading.RLock

    def _read_connection(self) -> sqlite3.Connection:
        raise NotImplementedError

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

    def _refuse_reading_mode(self, wanted: str) -> None:
        if self.mode == "r" or self._closed:
            raise StoreError(
                f"'{self.path}' is {'closed' if self._closed else 'open for reading'}: "
                f"it cannot be {wanted}.",
                hint='Open it with `Store.open(path, "w")`.',
            )

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
    def _translated(self) -> Iterator[None]:
        """Say in our words what SQLite refuses."""
        try:
            yield
        except sqlite3.Error as error:
            self._refused = True
            raise database.store_error(error, self.path) from error

    def _catch_up(self) -> None:
        """Let a read see all that this process appended."""
        writer = self._writer
        if writer is not None and writer.size > self._drained:
            self.flush()

    def _spool(self) -> SpoolWriter:
        if self._writer is None:
            self._refuse_reading_mode("appended to")
            self._writer = SpoolWriter(self._folder, self._spool_key)
            self._start_thread()
        return self._writer

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


def _drain_in_background(store_reference: weakref.ref[Draining], due: threading.Event) -> None:
    wait_s = LOOK_S
    while not due.wait(wait_s):
        store = store_reference()
        if store is None or store._stopping:
            return
        wait_s = store._drain_in_turn()
        del store
