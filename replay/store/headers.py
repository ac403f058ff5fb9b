"""The first bytes of a database file, read without letting go of the locks that SQLite has on it.

POSIX locks belong to the process: closing any descriptor of a file, whoever opened it, drops all of
them. Another process then takes the database for unused, and removes the write-ahead log under a
connection here, which sees nothing new from then on. So what is opened here, while a connection to
the file is open, stays open as long as that.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

_File: TypeAlias = tuple[int, int]
"""The device and the inode of a file."""

_held: Final[dict[_File, int]] = {}
"""Descriptors of files that connections are open to."""
_connection_counts: Final[dict[_File, int]] = {}
_lock: Final = threading.RLock()  # the collector may end a connection while it is held


def first_bytes(path: Path, count: int) -> tuple[bytes, int]:
    """Return the first ``count`` bytes of a file, and its size.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    with _lock:
        file = _held.get(_file_at(path))
        if file is not None:
            return os.pread(file, count, 0), os.fstat(file).st_size
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(opened)
        try:
            return os.pread(opened, count, 0), status.st_size
        finally:
            key = status.st_dev, status.st_ino
            if key in _connection_counts:
                _held[key] = opened
            else:
                os.close(opened)


def is_connected(connection: Any, path: Path) -> Callable[[], object] | None:
    """Note a connection that has no lock yet; what comes back is called when it is closed.

    None: its file is not there, and so was looked at by nobody.
    """
    with _lock:
        try:
            key = _file_at(path)
        except OSError:
            return None
        _connection_counts[key] = _connection_counts.get(key, 0) + 1
    ended = weakref.finalize(connection, _has_ended, key)
    ended.atexit = False
    return ended


def _has_ended(key: _File) -> None:
    with _lock:
        _connection_counts[key] -= 1
        if _connection_counts[key]:
            return
        del _connection_counts[key]
        if key in _held:
            os.close(_held.pop(key))


def _file_at(path: Path) -> _File:
    status = path.stat()
    return status.st_dev, status.st_ino
