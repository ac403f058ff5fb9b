"""The first bytes of a database file, read without letting go of the locks that SQLite has on it.

POSIX locks belong to the process: closing any descriptor of a file, whoever opened it, drops all of
them. Another process then takes the database for unused, and removes the write-ahead log under a
connection here, which sees nothing new from then on. So what is opened here stays open.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

_held: Final[dict[tuple[int, int], int]] = {}
"""Descriptors by device and inode; those of files that are gone are closed."""
_lock: Final = threading.Lock()


def first_bytes(path: Path, count: int) -> tuple[bytes, int]:
    """Return the first ``count`` bytes of a file, and its size.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    status = path.stat()
    with _lock:
        file = _held.get((status.st_dev, status.st_ino))
        if file is None:
            _close_gone()
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            status = os.fstat(file)
            _held[status.st_dev, status.st_ino] = file
        return os.pread(file, count, 0), os.fstat(file).st_size


def _close_gone() -> None:
    for key, file in list(_held.items()):
        if os.fstat(file).st_nlink == 0:
            del _held[key]
            os.close(file)
