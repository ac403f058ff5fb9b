"""The system call filter: which calls the kernel lets pass, refuses, or asks about.

Written for the two machines that Linux servers are; without libseccomp, which few have.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from dataclasses import dataclass
from typing import Final

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ASK, _ERRNO = 0x7FFF0000, 0x7FC00000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGS_AT = 0, 4, 16
_X32_BIT = 0x40000000
_CLONE_THREAD = 0x00010000
_CLONE_3 = 435
_PR_SET_NO_NEW_PRIVS, _MODE_FILTER, _NEW_LISTENER = 38, 1, 8

_AF_ALG = 38
_FAMILIES: Final = (1, 2, 10, 16, _AF_ALG)
"""UNIX, IPv4, IPv6 (whose addresses are judged), netlink and the kernel's ciphers (which stay
inside the machine). Packet sockets and the rest are refused as they are made."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The numbers that one kind of machine gives to system calls."""

    arch: int
    seccomp: int
    socket: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    execve: int
    execveat: int
    clone: int
    forks: tuple[int, ...]
    """The older ways to a new process, where the machine has them."""
    refused: tuple[int, ...]
    """io_uring (it connects without a system call), and what reaches into other processes."""


_MACHINES: Final = {
    "x86_64": Machine(
        0xC000003E,
        317,
        41,
        42,
        44,
        46,
        307,
        59,
        322,
        56,
        (57, 58),
        (425, 426, 427, 101, 311, 321, 323, 438),
    ),
    "aarch64": Machine(
        0xC00000B7,
        277,
        198,
        203,
        206,
        211,
        269,
        221,
        281,
        220,
        (),
        (425, 426, 427, 117, 271, 280, 282, 438),
    ),
}


def this_machine() -> Machine | None:
    """Return the machine's numbers; None where there is no filter for it."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return None
    return _MACHINES.get(platform.machine())


def install_filter(machine: Machine, message_address: int) -> int:
    """Put the filter on this process for good; return the descriptor that the kernel asks at.

    The one message at ``message_address`` is sent unasked.

    Raises:
        OSError: this kernel, or what runs this process, has no such filter.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    steps = _program(machine, message_address)
    code = ctypes.create_string_buffer(b"".join(steps))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    listener = int(libc.syscall(machine.seccomp, _MODE_FILTER, _NEW_LISTENER, program))
    if listener < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return listener


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _when(number: int, *then: bytes) -> list[bytes]:
    """Steps for one system call; they end in a return."""
    return [_step(_EQUAL, number, no=len(then)), *then]


def _program(machine: Machine, message_address: int) -> list[bytes]:
    refuse = _step(_RETURN, _ERRNO | errno.EPERM)
    ask, allow = _step(_RETURN, _ASK), _step(_RETURN, _ALLOW)
    absent = _step(_RETURN, _ERRNO | errno.ENOSYS)
    steps = [
        _step(_LOAD, _ARCH_AT),
        _step(_EQUAL, machine.arch, yes=1),
        absent,
        _step(_LOAD, _NUMBER_AT),
        _step(_AT_LEAST, _X32_BIT, no=1),
        absent,
    ]
    for number in machine.refused:
        steps += _when(number, refuse)
    families = [_step(_LOAD, _ARGS_AT)]
    for index, family in enumerate(_FAMILIES):
        families.append(_step(_EQUAL, family, yes=len(_FAMILIES) - index))
    steps += _when(machine.socket, *families, refuse, allow)
    # `send` on a connected socket is a sendto without an address: event loops do it all the time.
    steps += _when(
        machine.sendto,
        _step(_LOAD, _ARGS_AT + 4 * 8),
        _step(_EQUAL, 0, no=3),
        _step(_LOAD, _ARGS_AT + 4 * 8 + 4),
        _step(_EQUAL, 0, no=1),
        allow,
        ask,
    )
    steps += _when(
        machine.sendmsg,
        _step(_LOAD, _ARGS_AT + 8),
        _step(_EQUAL, message_address & 0xFFFFFFFF, no=3),
        _step(_LOAD, _ARGS_AT + 8 + 4),
        _step(_EQUAL, message_address >> 32, no=1),
        allow,
        ask,
    )
    # What clone3 is asked for stands in memory, where no filter reads: without it the C library
    # takes clone, whose flags it can see. A new thread is nobody's business.
    steps += _when(_CLONE_3, absent)
    steps += _when(
        machine.clone,
        _step(_LOAD, _ARGS_AT),
        _step(_ANY_BIT, _CLONE_THREAD, no=1),
        allow,
        ask,
    )
    for number in (
        *machine.forks,
        machine.connect,
        machine.sendmmsg,
        machine.execve,
        machine.execveat,
    ):
        steps += _when(number, ask)
    return [*steps, allow]
