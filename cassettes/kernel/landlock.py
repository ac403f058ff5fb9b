"""Landlock: rules that a process lays on itself for good, without rights, by ctypes.

Files are read as before and written only beneath the places that are named; no TCP connection is
made or awaited; no signal reaches a process outside. Rules name inodes: a place must exist, and
what is mounted over it later is not covered.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every machine
_PR_SET_NO_NEW_PRIVS, _ASK_VERSION, _PATH_BENEATH = 38, 1, 1
_WRITE_FILE: Final = 1 << 1
_MAKE_AND_REMOVE: Final = 0b1_1111_1111 << 4  # remove dir, file; make char .. sym
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_TCP: Final = 0b11
_ABSTRACT_UNIX, _SIGNALS = 1, 2
_OF_A_FILE: Final = _WRITE_FILE | _TRUNCATE | _IOCTL_DEVICE

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def landlock_version() -> int:
    """Return the version of Landlock that this kernel has switched on; 0: none."""
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


def hold_signals() -> bool:
    """Keep the signals of this process, and of all it starts, to themselves; True: they are."""
    if landlock_version() < 6:
        return False
    _lay(0, 0, _SIGNALS, ())
    return True


def hold_writing(writable: Iterable[str], *, tcp: bool) -> None:
    """Let this process, and all it starts, write nowhere but beneath ``writable``.

    ``tcp``: let no TCP connection be made either, where this kernel's Landlock knows of it.

    Raises:
        OSError: this kernel has no Landlock, or a place does not exist.
    """
    version = landlock_version()
    files = _WRITE_FILE | _MAKE_AND_REMOVE
    files |= _REFER if version >= 2 else 0
    files |= _TRUNCATE if version >= 3 else 0
    network = _TCP if tcp and version >= 4 else 0
    scopes = _ABSTRACT_UNIX | _SIGNALS if tcp and version >= 6 else 0
    _lay(files, network, scopes, writable)


def _lay(files: int, network: int, scopes: int, writable: Iterable[str]) -> None:
    version = landlock_version()
    fields = (files, network, scopes)[: 1 if version < 4 else 2 if version < 6 else 3]
    rules = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = _wanted(_CREATE, "landlock_create_ruleset", rules, len(rules), 0)
    try:
        for place in writable:
            _allow(ruleset, place, files)
        assert _libc is not None
        if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
        _wanted(_RESTRICT, "landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, place: str, files: int) -> None:
    reach = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = files if os.path.isdir(place) else files & _OF_A_FILE
        rule = struct.pack("=Qi", rights, reach)
        _wanted(_ADD, f"landlock_add_rule for {place!r}", ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(reach)


def _wanted(number: int, what: str, *arguments: object) -> int:
    result = _call(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def _call(number: int, *arguments: object) -> int:
    if _libc is None:
        return -1
    return int(_libc.syscall(number, *arguments))
