"""Files that a call writes are as old as the call, on its own clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from cassettes.scope import current

_IN_SEQUENCE: Final = frozenset(
    {"st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size"}
)
_TIMES: Final = ("atime", "mtime", "ctime")


def install_file_times() -> None:
    """Hook ``os.stat``, ``os.lstat`` and ``os.fstat``."""
    for name in ("stat", "lstat", "fstat"):
        setattr(os, name, _on_our_clock(getattr(os, name)))


def _on_our_clock(real: Callable[..., Any]) -> Callable[..., Any]:
    def stat(*args: Any, **kwargs: Any) -> Any:
        found = real(*args, **kwargs)
        scope = current.get()
        if scope is None or scope.clock is None:
            return found
        limit_ns = scope.clock.real_start_ns
        if max(found.st_mtime_ns, found.st_ctime_ns, found.st_atime_ns) < limit_ns:
            return found
        return _with_times(found, limit_ns, scope.clock.start_ns)

    stat.__name__ = stat.__qualname__ = real.__name__
    return stat


def _with_times(found: os.stat_result, limit_ns: int, start_ns: int) -> os.stat_result:
    """Return ``found`` with every time from ``limit_ns`` on replaced by the call's start."""
    plain = list(found)[:10]
    extra = {
        name: getattr(found, name)
        for name in dir(found)
        if name.startswith("st_") and name not in _IN_SEQUENCE
    }
    for index, name in enumerate(_TIMES):
        if extra[f"st_{name}_ns"] >= limit_ns:
            plain[7 + index] = start_ns // 10**9
            extra[f"st_{name}_ns"] = start_ns
            extra[f"st_{name}"] = start_ns / 1e9
    return os.stat_result(plain, extra)
