"""The store: one SQLite file of traces, replay runs and everything between.

``append`` is durable against ``kill -9`` when it returns: the record is in the spool beside the
database (`replay.store.spool`). A background thread, `flush`, `close` and whoever opens the file
next move it into the tables (`replay.store.draining`). Reads see all that this process appended.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from replay.errors import StoreError
from replay.store import database
from replay.store.changing import Changing
from replay.store.check import check
from replay.store.encryption import spool_key
from replay.store.masking import Masker, Masking
from replay.store.pace import Pace
from replay.store.problems import Problem
from replay.store.spool import remove_folder_if_empty, spool_files, spool_folder

if TYPE_CHECKING:
    from typing import Self

_BUSY_AGAIN_MS: Final = 200

_LOG: Final = logging.getLogger("replay.store")

_open_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_inherited: list[object] = []
"""What a forked child got from its parent and must neither use nor close."""


class Store(Changing):
    """An open database. Threads may share one; a forked child goes on with spools of its own."""

    _reading: sqlite3.Connection | None

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

    def check(self, tell: Callable[[int, int], None] = lambda done, total: None) -> list[Problem]:
        """Verify structure, hashes, every record, references, totals and spools.

        An empty list: all is well. ``tell`` is told how many of how many records are read.
        """
        self._catch_up()
        with self._read_lock:
            return check(self._read_connection(), self.path, tell)

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
                # Who only reads has all but the newest without it.
                self._drain_all(busy_ms=2_000 if self.mode == "r" else None)
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
