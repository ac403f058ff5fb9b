"""The two halves of a guarded process: the one that works, and the one that is asked.

The half that is asked was forked before any tool was imported, runs none, and ends as the working
half ends: same status, same signal. If it dies first, the working half dies with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
from collections.abc import Iterable, Iterator

from cassettes.interaction import Request
from cassettes.kernel.addresses import allowed_addresses
from cassettes.kernel.filter import Machine, install_filter, this_machine
from cassettes.kernel.handing_over import Message, received
from cassettes.kernel.processes import Processes
from cassettes.kernel.watch import CLOSED, OPENED, Watch

_PR_SET_PDEATHSIG = 1
_READ_BYTES = 1 << 16


class KernelGuard:
    """What the working half knows of the other one."""

    def __init__(self, refusals: int | None, orders: int | None, why_not: str = "") -> None:
        """``why_not``: why this kernel guards nothing; then both descriptors are None."""
        self._refusals = refusals
        self._orders = orders
        self.why_not = why_not
        self._rest = b""

    @property
    def is_on(self) -> bool:
        """Whether the kernel refuses."""
        return self._refusals is not None

    def close_programs(self, *, for_good: bool = True) -> None:
        """From now on no program starts that is not allowed; until now any did, offline.

        ``for_good``: nobody can open the guard again; else ``opened`` can.
        """
        self.close()
        if for_good and self._orders is not None:
            os.close(self._orders)
            self._orders = None

    def close(self) -> None:
        """Let nothing through but what is allowed, whatever was opened before."""
        self._order(CLOSED)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Let everything through while the block runs: whatever this process and its children do.

        A process that dies inside leaves it open, until somebody calls ``close``.
        """
        self._order(OPENED)
        try:
            yield
        finally:
            self._order(CLOSED)

    def _order(self, order: bytes) -> None:
        if self._orders is not None:
            with contextlib.suppress(OSError):  # a tool closed it: then it stays as it is
                os.write(self._orders, order)

    def refused(self) -> list[Request]:
        """Take what was refused since the last time, each once.

        Programs are looked for in many folders, and clients try again.
        """
        if self._refusals is None:
            return []
        try:
            chunk = os.read(self._refusals, _READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            return []  # the tool closed it, and all else with it: its process is about to end
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [Request(*json.loads(line)) for line in dict.fromkeys(lines)]


_active = KernelGuard(None, None, "it was not asked for")
_MESSAGE = Message()
"""Kept for good: the filter lets through what stands at its place in memory."""


def active() -> KernelGuard:
    """Return the guard of this process."""
    return _active


def enter(allow: Iterable[str] = (), *, process_count_max: int | None = None) -> KernelGuard:
    """Guard this process and everything it starts; comes back in the half that works.

    Call it once, early, with one thread. ``allow`` is what ``cassettes.outside`` takes. More
    processes than ``process_count_max`` at a time are refused; None: any number may be.
    """
    global _active
    allow = list(allow)
    machine = this_machine()
    if machine is None:
        _active = KernelGuard(None, None, "system calls are filtered on Linux, x86-64 and arm64")
        return _active
    addresses = allowed_addresses(allow)
    refusals, tell = os.pipe()
    obey, orders = os.pipe()
    for descriptor in (refusals, tell, obey):
        os.set_blocking(descriptor, False)
    link, far_end = socket.socketpair()
    pid = os.fork()
    if pid:
        far_end.close()
        listener, why_not = received(link)
        link.close()
        if listener is None:
            os.waitpid(pid, 0)
            for descriptor in (refusals, tell, obey, orders):
                os.close(descriptor)
            _active = KernelGuard(None, None, why_not)
            return _active
        processes = Processes(pid, process_count_max)
        _be_asked(Watch(machine, listener, tell, obey, addresses, allow, processes), pid)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _be_guarded(machine, far_end)
    for descriptor in (link.detach(), tell, obey):
        os.close(descriptor)
    _active = KernelGuard(refusals, orders)
    return _active


def _be_guarded(machine: Machine, link: socket.socket) -> None:
    """Put the filter on and hand over where it asks; ends this half where there is none."""
    try:
        listener = install_filter(machine, _MESSAGE.address)
    except OSError as error:
        os.write(link.fileno(), str(error).encode())
        os._exit(0)
    _MESSAGE.send(link, listener)
    os.close(listener)
    link.close()


def _be_asked(watch: Watch, pid: int) -> None:
    """Answer the kernel until the working half ends, then end as it did."""
    try:
        _let_go_of_all_but(watch.descriptors)
        status = watch.serve(pid)
        if status < 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            with contextlib.suppress(OSError):  # SIGKILL takes no handler, and needs none
                signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(max(status, 0))
    finally:
        os._exit(71)


def _let_go_of_all_but(kept: Iterable[int]) -> None:
    kept = set(kept)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in kept:
            with contextlib.suppress(OSError):  # the listing's own, closed by now
                os.close(descriptor)
