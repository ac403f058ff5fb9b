"""Who has a database locked, where the system tells: Linux lists the locks of all processes.

Nothing is opened for it: closing any descriptor of a database drops this process's own locks.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

_LOCKS: Final = Path("/proc/locks")
_PROCESSES: Final = Path("/proc")
_WRITING: Final = 120
"""The byte of the ``-shm`` file that a writer has locked (SQLite's format of the log)."""
_NAMED_WORDS: Final = 2


def lock_holders(path: Path) -> list[str]:
    """Return who keeps others from writing to a database: ``process 4242 (python agent.py)``.

    Empty where the system does not tell, or nobody does (any more).
    """
    held = {**_inode(path, None), **_inode(path.with_name(path.name + "-shm"), _WRITING)}
    found: dict[int, None] = {}
    with contextlib.suppress(OSError):
        for line in _LOCKS.read_text().splitlines():
            pid = _holder(line.split(), held)
            if pid is not None and pid != os.getpid():
                found[pid] = None
    return [f"process {pid}{_called(pid)}" for pid in found]


def _inode(path: Path, byte: int | None) -> dict[int, int | None]:
    """Return the file's number, with the byte that a writer locks; None: any is one."""
    try:
        return {path.stat().st_ino: byte}
    except OSError:
        return {}


def _holder(words: list[str], held: dict[int, int | None]) -> int | None:
    """Return the process of a line of the list, if it writes to one of these files.

    ``12: POSIX  ADVISORY  WRITE 4242 fe:00:2785681 120 120``
    """
    if len(words) < 8 or words[1] != "POSIX" or words[3] != "WRITE":
        return None
    pid, inode = int(words[4]), int(words[5].rpartition(":")[2])
    if inode not in held or pid <= 0:
        return None
    byte = held[inode]
    first, last = int(words[6]), float("inf") if words[7] == "EOF" else int(words[7])
    return pid if byte is None or first <= byte <= last else None


def _called(pid: int) -> str:
    """Return what a process was started as, without its arguments: they may hold secrets."""
    try:
        words = (_PROCESSES / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    named = [word for word in words.split("\0")[:_NAMED_WORDS] if word]
    said = [word.rpartition("/")[2] for word in named if not word.startswith("-")]
    return f" ({' '.join(said)})" if said else ""
