"""Files that a call writes are as old as the call, on its own clock; files are numbered as seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from cassettes.hooks.unbound import unbound
from cassettes.scope import current

if TYPE_CHECKING:
    from cassettes.world.clock import Clock

_IN_SEQUENCE: Final = frozenset(
    {"st_mode", "st_ino", "st_dev", "st_nlink", "st_uid", "st_gid", "st_size"}
)
_FIRST_FILE: Final = 7_000_001
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
        return held_stat(found, scope.clock)

    stand_in: Callable[..., Any] = unbound(stat, real)
    return stand_in


def file_number(device: int, number: int, clock: Clock) -> int:
    """Return the number of a file as this scope sees it: by the order in which it met them."""
    return clock.file_numbers.setdefault((device, number), _FIRST_FILE + len(clock.file_numbers))


def held_stat(found: os.stat_result, clock: Clock) -> os.stat_result:
    """Return ``found`` with every time since the scope began replaced by its start."""
    limit_ns, start_ns = clock.real_start_ns, clock.start_ns
    plain = list(found)[:10]
    plain[1] = file_number(found.st_dev, found.st_ino, clock)
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
