"""What tells one machine from another: names, numbers, loads, and the order of a folder's files.

Inside a scope these are constants, and a folder is always listed in the order of its names.
"""

from __future__ import annotations

import contextlib
import glob
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final

from cassettes.hooks.imports import when_imported
from cassettes.hooks.unbound import unbound
from cassettes.scope import current
from cassettes.world.file_times import held_stat

HOST_NAME: Final = "replay"
NODE: Final = 0x0242AC110002
PROCESS_ID: Final = 7_000_001
"""Above any real one, so that nobody is taken for us; `os.kill` knows whom it means."""
PARENT_ID: Final = 7_000_000
CPU_COUNT: Final = 4

_forks = 0


def install_machine() -> None:
    """Hook what names this machine and this process, and what lists a folder."""
    _pin_process()
    _pin_host()
    _sort_folders()


def _inside() -> bool:
    scope = current.get()
    return scope is not None and scope.clock is not None


def _pinned(module: Any, name: str, value: Callable[[], Any]) -> None:
    real = getattr(module, name, None)
    if real is None:
        return

    def read(*args: Any, **kwargs: Any) -> Any:
        return value() if _inside() else real(*args, **kwargs)

    setattr(module, name, unbound(read, real))


def _pin_process() -> None:
    real_pid, real_parent = os.getpid, os.getppid
    os.register_at_fork(after_in_child=_count_fork)
    _pinned(os, "getpid", lambda: PROCESS_ID + _forks)
    _pinned(os, "getppid", lambda: PARENT_ID)

    def meant(pid: int) -> int:
        if pid == PROCESS_ID + _forks:
            return real_pid()
        return real_parent() if pid == PARENT_ID else pid

    for name in ("kill", "killpg", "getpgid", "getsid", "sched_getaffinity", "waitpid"):
        if hasattr(os, name):
            setattr(os, name, _translated(getattr(os, name), meant))
    when_imported("psutil", lambda module: _hook_psutil(module, meant))


def _count_fork() -> None:
    global _forks
    if _inside():
        _forks += 1  # a child that a tool forks can tell itself from its parent


def _translated(real: Callable[..., Any], meant: Callable[[int], int]) -> Callable[..., Any]:
    def act(pid: int, *args: Any) -> Any:
        return real(meant(pid), *args)

    stand_in: Callable[..., Any] = unbound(act, real)
    return stand_in


def _hook_psutil(module: Any, meant: Callable[[int], int]) -> None:
    real = module.Process._init

    def _init(self: Any, pid: int | None, *args: Any, **kwargs: Any) -> None:
        real(self, meant(os.getpid() if pid is None else pid), *args, **kwargs)

    module.Process._init = _init


def _pin_host() -> None:
    _pinned(socket, "gethostname", lambda: HOST_NAME)
    _pinned(socket, "getfqdn", lambda: HOST_NAME)
    _pinned(uuid, "getnode", lambda: NODE)
    _pinned(os, "cpu_count", lambda: CPU_COUNT)
    _pinned(os, "process_cpu_count", lambda: CPU_COUNT)
    _pinned(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    if hasattr(os, "uname"):
        real = os.uname

        def uname() -> Any:
            found = real()
            if not _inside():
                return found
            return os.uname_result((found[0], HOST_NAME, *found[2:]))

        os.uname = unbound(uname, real)
    import platform

    platform.uname()  # kept by platform for good: read before anybody could see ours
    _pinned(platform, "node", lambda: HOST_NAME)


def _sort_folders() -> None:
    real_list, real_scan = os.listdir, os.scandir

    def listdir(path: Any = None) -> Any:
        found = real_list(path)
        return sorted(found) if _inside() else found

    def scandir(path: Any = None) -> Any:
        found = real_scan(path)
        return _Sorted(found) if _inside() else found

    os.listdir, os.scandir = unbound(listdir, real_list), unbound(scandir, real_scan)
    for name in ("_Globber", "_StringGlobber"):  # 3.13: pathlib's own way to a folder
        kind = getattr(glob, name, None)
        if kind is not None and hasattr(kind, "scandir"):
            kind.scandir = staticmethod(scandir)


class _Sorted:
    """A folder's entries by name, as ``os.scandir`` gives them."""

    def __init__(self, entries: Any) -> None:
        with contextlib.closing(entries):
            self._entries = map(_Entry, sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Sorted:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""
        self._entries = map(_Entry, ())


class _Entry:
    """As ``os.DirEntry``, with what ``os.stat`` says here of times and numbers."""

    __slots__ = ("_real", "name", "path")

    def __init__(self, real: Any) -> None:
        self._real = real
        self.name = real.name
        self.path = real.path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return its ``os.stat``."""
        found: os.stat_result = self._real.stat(follow_symlinks=follow_symlinks)
        scope = current.get()
        return found if scope is None or scope.clock is None else held_stat(found, scope.clock)

    def inode(self) -> int:
        """Return its number."""
        return self.stat(follow_symlinks=False).st_ino
